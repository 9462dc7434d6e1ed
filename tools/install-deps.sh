#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Installs the missing Debian packages for building, testing and the demo. Does nothing if all are installed.
# install-deps.sh peers: the additional packages for the tests with third-party programs (tests/peers).
# install-deps.sh kernel: those for the tests in a virtual machine (tests/kernel).
# install-deps.sh package: those for building and testing the Debian packages (tests/package).
set -eu

packages="
gcc libc6-dev make git pkg-config
libuv1-dev libudev-dev libsqlite3-dev libjansson-dev zlib1g-dev
libmicrohttpd-dev libmd-dev libinih-dev libsystemd-dev libcurl4-openssl-dev
gcc-xtensa-lx106 binutils-xtensa-lx106
libumockdev-dev umockdev udev sqlite3 curl
check clang libclang-rt-14-dev clang-format clang-tidy cppcheck shellcheck
chromium python3 python3-venv
"
# The machine may have Node.js from another source; Debian's is installed only if there is none.
command -v node >/dev/null && command -v npm >/dev/null || packages="$packages nodejs npm"
case ${1-} in
peers) packages="qemu-system-misc" ;;
kernel) packages="qemu-system-x86 mmdebstrap uidmap genext2fs e2fsprogs cpio kmod" ;;
package) packages="dpkg-dev debhelper lintian mmdebstrap uidmap bash-completion zsh" ;;
esac

missing=
for package in $packages; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
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
