/* SPDX-License-Identifier: MIT */
/*
 * What the parts of a board did while a unit was programmed: a recording, of which timeline_svg.h makes a picture. Its
 * times are the board's virtual ones, so it is the same in every run.
 */
#ifndef TOOLS_BENCHMARK_TIMELINE_H
#define TOOLS_BENCHMARK_TIMELINE_H

#include "proto/recipe/program.h"
#include "tools/boardsim/board/board.h"
#include "tools/boardsim/board/observer/observer.h"

#include <stdint.h>

/* The recording has one figure for so many microseconds. */
#define TIMELINE_CELL_US 100u
#define TIMELINE_CELLS   (60u * 1000000 / TIMELINE_CELL_US) /* a minute; what comes later is not recorded */

/* X(name, first, last): what a try is made of, each from the first to the last of these states of the recipe. */
#define TIMELINE_PHASES(X)                                                                                             \
    X(connect, RESET, IDENTIFY)                                                                                        \
    X(stub, STUB, COMPARE)                                                                                             \
    X(stream, WRITE, VERIFY)                                                                                           \
    X(capacity, CAPACITY, CAPACITY)                                                                                    \
    X(run, RUN, RUN)

enum timeline_phase {
#define X(name, first, last) TIMELINE_PHASE_##name,
    TIMELINE_PHASES(X)
#undef X
        TIMELINE_PHASE_COUNT
};

struct timeline {
    uint64_t phase_us[TIMELINE_PHASE_COUNT];
    uint64_t busy_ns[BOARD_ACTIVITY_COUNT];               /* in all */
    uint32_t cells[BOARD_ACTIVITY_COUNT][TIMELINE_CELLS]; /* ns of each cell in which that activity was on */
};

/* A timeline with nothing in it; ends the program with 2 when out of memory. Released with free(). */
struct timeline *timeline_new(void);

/* Records what the board does from now on, and the steps of the job. The board's time must be 0, and the timeline must
 * outlive both. */
void timeline_record(struct timeline *timeline, struct board *board, struct program_job *job);

/* The end of the last step, µs. */
uint64_t timeline_end(const struct timeline *timeline);

/* The share, 0 to 1, of the time from `from` to `to` (µs) in which the activity was on. */
double timeline_share(const struct timeline *timeline, enum board_activity activity, uint64_t from, uint64_t to);

/* Static strings. */
const char *timeline_phase_name(enum timeline_phase phase);
const char *timeline_activity_name(enum board_activity activity);

#endif
