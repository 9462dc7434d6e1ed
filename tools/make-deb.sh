#!/bin/sh
# SPDX-License-Identifier: MIT
#
# make-deb.sh VERSION DIRECTORY: builds the Debian packages in DIRECTORY, from a copy of the work tree's files without
# those that git ignores. The work tree is not changed.
set -eu
version=$1 out=$2
cd "$(dirname "$0")/.."

rm -rf "$out"
tree=$out/gangd-$version
mkdir -p "$tree"
git ls-files -z --cached --others --exclude-standard | tar -c --null --files-from=- | tar -x -C "$tree"
maintainer=$(sed -n 's/^Maintainer: //p' debian/control)
cat >"$tree/debian/changelog" <<CHANGELOG
gangd ($version) unstable; urgency=medium

  * Release $version.

 -- $maintainer  $(git log -1 --format=%cD)
CHANGELOG
cd "$tree"
dpkg-buildpackage --build=binary --no-sign --jobs=auto >../build.log 2>&1 || { tail -n 40 ../build.log >&2; exit 1; }
cd ..
rm -r "gangd-$version"
ls ./*.deb
