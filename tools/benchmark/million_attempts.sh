#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Measures a book of a million attempts (million_attempts.c), in a directory on a disk: BOOK_DIR, or the build directory.
# Takes some minutes and 1 GB. To compare runs look at the ratios, on a machine that does nothing else.
set -eu
cd "$(dirname "$0")/../.."

work=$(mktemp -d "${BOOK_DIR:-$PWD/build}/book-XXXXXX")
trap 'rm -rf "$work"' EXIT
build/release/million_attempts "$work/gangd.db"
