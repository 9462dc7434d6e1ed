#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Measures gangd's load on the bench PC: CPU seconds per unit and peak memory, in real time, with 1, 8 and 32 boards at
# the same time and the demo image. Takes about three minutes.
set -eu
cd "$(dirname "$0")/../.."

build=$PWD/build/release
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

printf '%8s %8s %10s %14s %10s\n' boards passed 'CPU s' 'CPU s a unit' 'RSS MB'
for boards in 1 8 32; do
    cat >"$work/gangd.conf" <<CONF
[station]
book = $work/$boards.db
[product]
file = $PWD/build/common/demo.bin
recompress = no
[http]
socket = $work/gangd.sock
group =
listen = none
web = $PWD/web
CONF
    "$build/boardsim" --boards "$boards" --operator auto --units "$boards" --seed 1 \
        -- "$build/gangd" --config "$work/gangd.conf" >"$work/log" 2>&1 ||
        { cat "$work/log"; exit 1; }
    passed=$("$build/gangctl" --book "$work/$boards.db" attempts --verdict pass --json | grep -o '"id":' | wc -l)
    # gangd's last line: "ended; used S s of CPU and N KB of memory"
    sed -n 's/.*ended; used \([0-9.]*\) s of CPU and \([0-9]*\) KB.*/\1 \2/p' "$work/log" |
        awk -v boards="$boards" -v passed="$passed" \
            '{ printf "%8d %8d %10.2f %14.3f %10.1f\n", boards, passed, $1, $1 / boards, $2 / 1024 }'
    grep -i 'behind' "$work/log" || true
done
