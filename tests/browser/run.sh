#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Tests the dashboard in Chromium, served by a real gangd that flashes boardsim's boards.
#   BUILD=build/san tests/browser/run.sh
# CHROMIUM names another browser; SHOTS a directory for screenshots.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
BUILD=${BUILD:-build/release}
case $BUILD in /*) ;; *) BUILD=$root/$BUILD ;; esac
export BUILD

cd "$root/tests/browser"
# Only if the lock file has changed, so that a second run needs no network.
if ! cmp -s package-lock.json node_modules/.installed; then
    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
    cp package-lock.json node_modules/.installed
fi
exec node test_page.mjs
