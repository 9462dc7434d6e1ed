/* SPDX-License-Identifier: MIT */
/* From the recipe to the book's row: fills the members of a struct attempt from a struct program. Plain data, nothing
 * is kept; times are microseconds since 1970 (wall_clock_us()). */
#ifndef DAEMON_STATION_ATTEMPT_RECORD_H
#define DAEMON_STATION_ATTEMPT_RECORD_H

#include "daemon/book/attempt.h"
#include "proto/recipe/program.h"

/* Sets what the book must know of image and time before the first byte is sent; `attempt` is all zero before. `golden`
 * is sealed. */
void attempt_record_prepare(struct attempt *attempt, const struct golden *golden, int64_t started);

/* Copies what is known of the unit so far: for the tile while it runs, and for the end. */
void attempt_record_observe(struct attempt *attempt, const struct program *program);

/* Closes `attempt` by an ended recipe: observes it, sets verdict, cause, detail and `ended`. Pass only if the recipe
 * passed; interrupted if it says nothing about a board (none was there, unplugged, stopped, the adapter's fault). */
void attempt_record_close(struct attempt *attempt, const struct program *program, int64_t ended);

#endif
