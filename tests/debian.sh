#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# debian.sh FILE [OPTION…] -- PACKAGE…: makes FILE (.tar, .ext2), a small Debian of this machine's release and sources,
# with these packages. Of a package that is a file (./gangd_….deb), it has what that depends on, and nothing of its own:
# it can be installed there without a network. OPTIONs are mmdebstrap's. Does nothing where such a one is there already.
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

# The first of alternatives, without versions.
needs=$(for package in "$@"; do
    case $package in
    *.deb) dpkg-deb --field "$package" Depends ;;
    *) echo "$package" ;;
    esac
done | tr ',' '\n' | sed 's/|.*//; s/(.*//; s/ //g' | sort -u | paste -sd,)
key=$(echo "$needs" "${options[@]}" | cat - "$0" | sha256sum)
[ ! -e "$file" ] || [ "$(cat "$file.key" 2>/dev/null)" != "$key" ] || exit 0

mkdir -p "$(dirname "$file")"
rm -f "$file.key"
mapfile -t sources < <(find /etc/apt -maxdepth 2 -path '*sources.list*' '(' -name 'debian.sources' -o -name 'sources.list' ')')
# shellcheck source=/dev/null
suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
mmdebstrap --quiet --variant=apt --include="$needs" --dpkgopt='path-exclude=/usr/share/locale/*' "${options[@]}" \
    "$suite" "$file" "${sources[@]}" >"$file.log" 2>&1 || { cat "$file.log" >&2; exit 1; }
echo "$key" >"$file.key"
