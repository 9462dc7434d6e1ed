/* SPDX-License-Identifier: MIT */
#include "tools/benchmark/timeline.h"

#include <stdio.h>
#include <stdlib.h>

#define CELL_NS (TIMELINE_CELL_US * 1000u)

static const struct {
    const char *name;
    enum program_state first, last;
} phases[] = {
#define X(name, first, last) {#name, PROGRAM_##first, PROGRAM_##last},
    TIMELINE_PHASES(X)
#undef X
};

static const char *const activities[] = {
#define X(name, word) word,
    BOARD_ACTIVITIES(X)
#undef X
};

const char *timeline_phase_name(enum timeline_phase phase)
{
    return phases[phase].name;
}

const char *timeline_activity_name(enum board_activity activity)
{
    return activities[activity];
}

struct timeline *timeline_new(void)
{
    struct timeline *timeline = calloc(1, sizeof(*timeline));
    if (!timeline) {
        perror("timeline");
        exit(2);
    }
    return timeline;
}

static void on_busy(void *data, enum board_activity activity, uint64_t from, uint64_t to)
{
    struct timeline *timeline = data;
    timeline->busy_ns[activity] += to - from;
    for (uint64_t cell = from / CELL_NS; from < to && cell < TIMELINE_CELLS; cell++) {
        uint64_t end = (cell + 1) * CELL_NS < to ? (cell + 1) * CELL_NS : to;
        timeline->cells[activity][cell] += (uint32_t)(end - from);
        from = end;
    }
}

static void on_step_ended(void *data, const struct program_step *step)
{
    struct timeline *timeline = data;
    for (enum timeline_phase phase = 0; phase < TIMELINE_PHASE_COUNT; phase++)
        if (step->state >= phases[phase].first && step->state <= phases[phase].last)
            timeline->phase_us[phase] += step->us;
}

void timeline_record(struct timeline *timeline, struct board *board, struct program_job *job)
{
    board_observe(board, &(const struct observer){on_busy, timeline});
    job->step_ended = on_step_ended;
    job->step_data = timeline;
}

uint64_t timeline_end(const struct timeline *timeline)
{
    uint64_t us = 0;
    for (enum timeline_phase phase = 0; phase < TIMELINE_PHASE_COUNT; phase++)
        us += timeline->phase_us[phase];
    return us;
}

double timeline_share(const struct timeline *timeline, enum board_activity activity, uint64_t from, uint64_t to)
{
    uint64_t first = from / TIMELINE_CELL_US, last = to / TIMELINE_CELL_US, ns = 0;
    for (uint64_t cell = first; cell < last && cell < TIMELINE_CELLS; cell++)
        ns += timeline->cells[activity][cell];
    return last > first ? (double)ns / (double)((last - first) * CELL_NS) : 0;
}
