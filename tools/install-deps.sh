#!/bin/sh
# SPDX-License-Identifier: MIT
#
# install-deps.sh [SET…]: installs, by Debian package name, what these sets need; without one, build, test and lint. Does
# nothing where all is installed. For Debian 12 and 13.
#
#   build    make, make demo: gangd, gangctl, boardsim, the stub and the demo's image
#   test     make test, make fuzz, make bench: in addition to build
#   lint     make lint: in addition to build and test
#   peers    only the tests with other people's programs (tests/peers)
#   deb      only make deb: in addition to build
#   package  only the test of the packages (tests/package), in addition to deb and test
#   kernel   only the tests in a machine with a kernel of its own (tests/kernel)
set -eu

# $(packages_of SET): the names, one set a line.
packages_of() {
    case $1 in
    build) echo "build-essential git pkg-config libuv1-dev libudev-dev libsqlite3-dev libjansson-dev zlib1g-dev
        libdeflate-dev libzopfli-dev libmicrohttpd-dev libmd-dev libinih-dev libsystemd-dev libcurl4-openssl-dev libglib2.0-dev
        gcc-xtensa-lx106 binutils-xtensa-lx106 libumockdev-dev umockdev" ;;
    test)
        echo "udev sqlite3 curl check clang libclang-rt-dev chromium python3 python3-venv python3-jsonschema
        python3-yaml"
        # A machine may have Node.js from elsewhere; Debian's is taken only where there is none.
        command -v node >/dev/null && command -v npm >/dev/null || echo "nodejs npm"
        ;;
    lint) echo "clang-format-19 clang-tidy-19 cppcheck shellcheck" ;;
    peers) echo "qemu-system-misc" ;;
    deb) echo "dpkg-dev debhelper" ;;
    package) echo "lintian mmdebstrap uidmap bash-completion zsh" ;;
    kernel) echo "qemu-system-x86 mmdebstrap uidmap genext2fs e2fsprogs cpio kmod xz-utils" ;;
    *)
        echo "install-deps: no such set: $1" >&2
        return 2
        ;;
    esac
}

[ $# -gt 0 ] || set -- build test lint

missing=
for name; do
    packages=$(packages_of "$name")
    for package in $packages; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
    done
done
[ -n "$missing" ] || exit 0

sudo=
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || { echo "install-deps: run as root, or install by hand:$missing" >&2; exit 1; }
    sudo=sudo
fi
echo "installing:$missing"
$sudo apt-get update -q
# shellcheck disable=SC2086  # a list of names
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
