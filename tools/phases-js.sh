#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Writes web/phases.js, the page's list of phases, from proto/recipe/phase.h to standard output. The file is checked in,
# so that the page needs no build step; `make web/phases.js` brings it up to date, `make lint` compares it.
set -eu
cd "$(dirname "$0")/.."

cat <<'HEAD'
/* SPDX-License-Identifier: MIT */
/*
 * Made from proto/recipe/phase.h by tools/phases-js.sh: change it there, then run "make web/phases.js".
 */

/* The phases of an attempt, in order: [name in the API, label for the engineer, word on the tile]. */
export const PHASES = [
HEAD
# @ stands for the end of a line, which the preprocessor does not keep.
printf '%s\n' '#include "proto/recipe/phase.h"' '#define X(phase, label, word) @[#phase, label, word],' \
    'PROGRAM_PHASES(X)' | ${CC:-cc} -E -P -I. -x c - | tr '@' '\n' | sed -n "s/\"/'/g; s/^\[\(.*\)\], *\$/    [\1],/p"
echo '];'
