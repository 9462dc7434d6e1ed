/* SPDX-License-Identifier: MIT */
/*
 * The picture of a timeline: a lane for each activity of the board over virtual time, once for the whole unit and once
 * for each of its ends. Plain SVG without scripts, fonts or anything from elsewhere, for light and dark pages.
 */
#ifndef TOOLS_BENCHMARK_TIMELINE_SVG_H
#define TOOLS_BENCHMARK_TIMELINE_SVG_H

#include "tools/benchmark/timeline.h"

#include <stdio.h>

/* `title`: of the picture, plain ASCII without '<' and '&'. The timeline's last step has ended. */
void timeline_svg(FILE *out, const struct timeline *timeline, const char *title);

#endif
