#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Installs what building, testing and the demo need, by Debian package name. Does nothing where all is there.
# install-deps.sh peers: what only the tests with other people's programs need (tests/peers).
# install-deps.sh kernel: what only the tests in a machine with a kernel of its own need (tests/kernel).
# install-deps.sh package: what the Debian packages and their test need (tests/package).
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
# A machine may have Node.js from elsewhere; Debian's is taken only where there is none.
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
