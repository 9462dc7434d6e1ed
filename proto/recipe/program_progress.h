/* SPDX-License-Identifier: MIT */
/* How far an attempt is, and how long it will take: a model of each state's time, corrected in WRITE by the pace seen.
 */
#ifndef PROTO_RECIPE_PROGRAM_PROGRESS_H
#define PROTO_RECIPE_PROGRAM_PROGRESS_H

#include "proto/recipe/program.h"

/* Of the whole attempt, 0 to 100; 0 in states that are not on the way of a good try. `now`: µs of the session's clock.
 */
unsigned program_percent(const struct program *program, uint64_t now);

/* Seconds; negative: unknown. */
double program_seconds_left(const struct program *program, uint64_t now);

#endif
