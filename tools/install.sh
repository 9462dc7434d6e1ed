#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# install.sh put|remove MODE:FILE:PLACE…: installs each FILE as PLACE below DESTDIR, or removes what put installed. In
# files that are no programs, the paths of the Debian packages become those in bindir, sbindir and datadir. A configuration (below
# sysconfdir) that exists is kept by put, and by remove if it was edited.
set -euo pipefail
action=$1
root=${DESTDIR-}
shift
: "${bindir:?}" "${sbindir:?}" "${datadir:?}" "${sysconfdir:?}"

is_config() { [ "${1#"$root$sysconfdir"/}" != "$1" ]; }

paths="s:/usr/sbin/gangd:$sbindir/gangd:g; s:/usr/bin/gangctl:$bindir/gangctl:g; s:/usr/share/gangd:$datadir:g"

# FILE MODE PLACE
put() {
    if is_config "$3" && [ -e "$3" ]; then
        echo "$3 exists and is kept"
    else
        echo "$3"
        install -D -m "$2" "$1" "$3"
        [ "$2" = 755 ] || sed -i "$paths" "$3"
    fi
}

remove() {
    if [ ! -e "$3" ]; then
        return
    elif is_config "$3" && ! sed "$paths" "$1" | cmp -s - "$3"; then
        echo "$3 was edited and is kept"
    else
        rm "$3"
    fi
}

for each; do
    mode=${each%%:*} file=${each#*:}
    "$action" "${file%%:*}" "$mode" "$root${file#*:}"
done
if [ "$action" = remove ]; then
    for directory in "$root$datadir/web" "$root$datadir" "$root$sysconfdir/gangd"; do
        [ ! -d "$directory" ] || rmdir --ignore-fail-on-non-empty "$directory"
    done
fi
