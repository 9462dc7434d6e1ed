#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# debian.sh FILE [OPTION…] -- PACKAGE…: makes FILE (.tar, .ext2), a small Debian with these packages, from this machine's
# sources and of its release, or of the release SUITE (bookworm, trixie). Of a package that is a file (./gangd_….deb,
# debian/control), it has what that depends on, or what its build depends on, and nothing of its own: it can be installed
# or built there without a network. With ARCH (arm64, armhf) packages of that architecture can be named too (zlib1g-dev:arm64);
# all are then as the release has them, without its updates: these come for one architecture before the other, and until
# then a library cannot be installed for both. OPTIONs are mmdebstrap's. Does nothing where such a one is there already. Exits with
# 77 if this machine is no Debian whose sources name its release.
#
# Needs no root where user namespaces may be made and /etc/subuid has a range for the user.
set -euo pipefail
file=$1
shift
options=()
while [ "$1" != -- ]; do
    options+=("$1")
    shift
done
shift

# The first of alternatives, without versions and architectures.
needs=$(for package in "$@"; do
    case $package in
    *.deb) dpkg-deb --field "$package" Depends ;;
    */control) awk '/^[^ ]/ { on = /^Build-Depends:/; sub(/^Build-Depends:/, "") } on' "$package" ;;
    *) echo "$package" ;;
    esac
done | tr ',' '\n' | sed 's/|.*//; s/(.*//; s/:native//; s/ //g' | sort -u | paste -sd,)
# shellcheck source=/dev/null
host=$(. /etc/os-release && echo "${VERSION_CODENAME-}")
suite=${SUITE:-$host}
[ -z "${ARCH-}" ] || options+=(--architectures="$(dpkg --print-architecture),$ARCH")
key=$(echo "$suite" "$needs" "${options[@]}" | cat - "$0" | sha256sum)
[ ! -e "$file" ] || [ "$(cat "$file.key" 2>/dev/null)" != "$key" ] || exit 0

mkdir -p "$(dirname "$file")"
rm -f "$file.key"
mapfile -t sources < <(find /etc/apt -maxdepth 2 -path '*sources.list*' '(' -name 'debian.sources' -o -name 'sources.list' ')')
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ "$suite" != "$host" ]; then
    for each in "${!sources[@]}"; do
        sed "s/\b$host\b/$suite/g" "${sources[each]}" >"$work/${sources[each]##*/}"
        sources[each]=$work/${sources[each]##*/}
    done
    grep -qs "\b$suite\b" "${sources[@]}" || { echo "skipped: apt's sources do not name ${host:-a release of Debian}"; exit 77; }
fi
if [ -n "${ARCH-}" ]; then
    for each in "${!sources[@]}"; do
        case ${sources[each]} in
        *.list) grep -E "^deb .* $suite( |\$)" "${sources[each]}" ;;
        *) awk -v suite="$suite" 'BEGIN { RS = ""; ORS = "\n\n" }
               $0 ~ "Suites:([^\n]* )?" suite "( |\n)" { sub(/Suites:[^\n]*/, "Suites: " suite); print }' "${sources[each]}" ;;
        esac >"$work/release-${sources[each]##*/}"
        sources[each]=$work/release-${sources[each]##*/}
    done
fi
mmdebstrap --quiet --variant=apt --include="$needs" --dpkgopt='path-exclude=/usr/share/locale/*' "${options[@]}" \
    "$suite" "$file" "${sources[@]}" >"$file.log" 2>&1 || { cat "$file.log" >&2; exit 1; }
echo "$key" >"$file.key"
