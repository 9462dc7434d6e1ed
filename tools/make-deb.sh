#!/bin/sh
# SPDX-License-Identifier: MIT
#
# make-deb.sh DIRECTORY: builds the Debian packages from the work tree's files, without those that git ignores, into
# DIRECTORY. The work tree stays as it is.
set -eu
out=$1
cd "$(dirname "$0")/.."

rm -rf "$out"
tree=$out/gangd
mkdir -p "$tree"
git ls-files -z --cached --others --exclude-standard | tar -c --null --files-from=- | tar -x -C "$tree"
cd "$tree"
dpkg-buildpackage --build=binary --no-sign --jobs=auto >../build.log 2>&1 || { tail -n 40 ../build.log >&2; exit 1; }
cd ..
rm -r gangd
ls ./*.deb
