#!/bin/sh
# SPDX-License-Identifier: MIT
# pack.sh ELF: prints the stub as JSON in the form that esptool uses. TOOLS is the prefix of objcopy and nm.
set -eu

elf=${1:?usage: pack.sh ELF}
tools=${TOOLS:-xtensa-lx106-elf-}
part=$(mktemp)
trap 'rm -f "$part"' EXIT

segment() {
    "${tools}objcopy" -O binary -j "$1" "$elf" "$part"
    base64 -w 0 "$part"
}

address() {
    "${tools}nm" "$elf" | awk -v symbol="$1" '$3 == symbol { print $1; found = 1 } END { exit !found }'
}

text=$(segment .text)
data=$(segment .constants)
printf '{"text": "%s", "text_start": %d,\n' "$text" "0x$(address text_start)"
printf ' "data": "%s", "data_start": %d,\n' "$data" "0x$(address data_start)"
printf ' "bss_start": %d, "entry": %d}\n' "0x$(address bss_start)" "0x$(address start)"
