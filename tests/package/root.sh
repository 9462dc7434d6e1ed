#!/bin/sh
# SPDX-License-Identifier: MIT
#
# root.sh DIRECTORY PACKAGE…: makes DIRECTORY/root.tar, a small Debian of this machine's release and sources in which all is
# that the package files need, and nothing of theirs: they can be installed there without a network. Does nothing where
# it is there already.
set -eu
out=$1
shift

# The first of alternatives, without versions.
needs=$(for package in "$@"; do dpkg-deb --field "$package" Depends; done |
    tr ',' '\n' | sed 's/|.*//; s/(.*//; s/ //g' | sort -u | paste -sd,)
key=$(echo "$needs" | cat - "$0" | sha256sum)
[ "$(cat "$out/root.key" 2>/dev/null)" != "$key" ] || exit 0

mkdir -p "$out"
rm -f "$out/root.key"
sources=$(find /etc/apt -maxdepth 2 -path '*sources.list*' '(' -name 'debian.sources' -o -name 'sources.list' ')')
# shellcheck source=/dev/null
suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
# shellcheck disable=SC2086  # a list of files
mmdebstrap --quiet --variant=apt --include="$needs,init-system-helpers,passwd" \
    --dpkgopt='path-exclude=/usr/share/locale/*' "$suite" "$out/root.tar" $sources >"$out/root.log" 2>&1 ||
    { cat "$out/root.log" >&2; exit 1; }
echo "$key" >"$out/root.key"
