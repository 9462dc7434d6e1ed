#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Installs the referees that come from PyPI, each in a virtual environment of its own: install.sh DIRECTORY makes there
# esptool-4, esptool-5 and openapi. Does nothing where all is there; leaves nothing half-made.
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
