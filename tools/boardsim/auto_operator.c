/* SPDX-License-Identifier: MIT */
#include "tools/boardsim/auto_operator.h"

#include "tools/boardsim/board/line/rng.h"

#include <stdlib.h>

/* A board that no program of the host has opened is given up after this many seconds. */
#define IGNORED_SECONDS 120.0

enum place_state {
    PLACE_EMPTY,    /* the next board comes at `at` */
    PLACE_WORKING,  /* the host works on the board, since `at` */
    PLACE_FINISHED, /* it is taken out at `at` */
};

struct auto_operator {
    const struct auto_operator_options *options;
    struct rng rng;
    unsigned brought;
    struct place {
        enum place_state state;
        double at; /* rack_time() */
    } places[BACKEND_SLOTS_MAX + 1];
};

static double swap_time(struct auto_operator *worker)
{
    const struct auto_operator_options *options = worker->options;
    return options->swap_min + rng_unit(&worker->rng) * (options->swap_max - options->swap_min);
}

struct auto_operator *auto_operator_new(const struct auto_operator_options *options)
{
    struct auto_operator *worker = calloc(1, sizeof *worker);
    if (!worker)
        return NULL;
    worker->options = options;
    worker->rng.state = options->seed;
    /* One person fills the slots one after the other. */
    double at = 0;
    for (unsigned i = 1; i <= options->slots; i++)
        worker->places[i].at = at += swap_time(worker) / 4;
    return worker;
}

void auto_operator_free(struct auto_operator *worker)
{
    free(worker);
}

static bool all_brought(const struct auto_operator *worker)
{
    return worker->options->units && worker->brought == worker->options->units;
}

static void set_place(struct place *place, enum place_state state, double at)
{
    *place = (struct place){state, at};
}

/* A board whose fault has pulled its adapter: it comes back by itself, or the place is empty. True if it will be back.
 */
static bool follow_fault(struct auto_operator *worker, struct place *place, const struct rack_view *view, double now)
{
    if (place->state == PLACE_EMPTY)
        return false;
    if (view->bounces)
        set_place(place, PLACE_WORKING, now); /* to be opened anew */
    else if (!view->plugged)
        set_place(place, PLACE_EMPTY, now + swap_time(worker));
    return view->bounces;
}

static int bring(struct auto_operator *worker, struct rack *rack, unsigned slot, double now,
                 char answer[OPERATOR_ANSWER])
{
    if (rack_plug(rack, slot, NULL, answer, OPERATOR_ANSWER) != 0)
        return -1;
    worker->brought++;
    set_place(&worker->places[slot], PLACE_WORKING, now);
    return 0;
}

static int take_out(struct auto_operator *worker, struct rack *rack, unsigned slot, double now,
                    char answer[OPERATOR_ANSWER])
{
    if (rack_unplug(rack, slot, false, answer, OPERATOR_ANSWER) != 0)
        return -1;
    set_place(&worker->places[slot], PLACE_EMPTY, now + swap_time(worker));
    return 0;
}

/* 0, or -1 with a sentence. */
static int tend(struct auto_operator *worker, struct rack *rack, unsigned slot, char answer[OPERATOR_ANSWER])
{
    struct place *place = &worker->places[slot];
    double now = rack_time(rack);
    struct rack_view view;
    rack_view(rack, slot, &view);
    if (follow_fault(worker, place, &view, now))
        return 0;
    switch (place->state) {
    case PLACE_EMPTY: return now >= place->at && !all_brought(worker) ? bring(worker, rack, slot, now, answer) : 0;
    case PLACE_FINISHED: return now >= place->at ? take_out(worker, rack, slot, now, answer) : 0;
    case PLACE_WORKING: break;
    }
    if (rack_finished(rack, slot) || (!view.wire.touched && now - place->at > IGNORED_SECONDS))
        set_place(place, PLACE_FINISHED, now + swap_time(worker));
    return 0;
}

enum operator_result auto_operator_tick(struct auto_operator *worker, struct rack *rack, char answer[OPERATOR_ANSWER])
{
    bool all_out = true;
    *answer = '\0';
    for (unsigned i = 1; i <= worker->options->slots; i++) {
        if (tend(worker, rack, i, answer) != 0)
            return OPERATOR_REFUSED;
        all_out = all_out && worker->places[i].state == PLACE_EMPTY;
    }
    return all_brought(worker) && all_out ? OPERATOR_DONE : OPERATOR_WAITS;
}
