/* SPDX-License-Identifier: MIT */
/* The operator who works by himself: for every slot, bring a board, wait, take it out, bring the next. */
#include "tools/boardsim/board/line/rng.h"
#include "tools/boardsim/operator.h"

#include <stdlib.h>

/* A board that no program of the host has opened is given up after this many seconds. */
#define IGNORED_SECONDS 120.0

enum place {
    EMPTY,   /* the next board comes at `at` */
    WORKING, /* the host works on the board, since `at` */
    FINISHED /* it is taken out at `at` */
};

struct hands {
    const struct hands_options *options;
    struct rng rng;
    unsigned brought;
    struct {
        enum place place;
        double at;
    } slots[BACKEND_SLOTS_MAX + 1];
};

static double swap_time(struct hands *hands)
{
    const struct hands_options *options = hands->options;
    return options->swap_min + rng_unit(&hands->rng) * (options->swap_max - options->swap_min);
}

struct hands *hands_new(const struct hands_options *options)
{
    struct hands *hands = calloc(1, sizeof *hands);
    if (!hands)
        return NULL;
    hands->options = options;
    hands->rng.state = options->seed;
    /* One pair of hands fills the slots one after the other. */
    double at = 0;
    for (unsigned i = 1; i <= options->slots; i++)
        hands->slots[i].at = at += swap_time(hands) / 4;
    return hands;
}

void hands_free(struct hands *hands)
{
    free(hands);
}

enum operator_result hands_tick(struct hands *hands, struct rack *rack, char answer[OPERATOR_ANSWER])
{
    const unsigned units = hands->options->units;
    double now = rack_time(rack);
    bool all_out = true;
    *answer = '\0';
    for (unsigned i = 1; i <= hands->options->slots; i++) {
        struct rack_view view;
        rack_view(rack, i, &view);
        if (hands->slots[i].place != EMPTY && view.bounces) {
            /* to be opened anew */
            hands->slots[i].place = WORKING;
            hands->slots[i].at = now;
            all_out = false;
            continue;
        }
        if (hands->slots[i].place != EMPTY && !view.plugged) {
            /* pulled by its fault */
            hands->slots[i].place = EMPTY;
            hands->slots[i].at = now + swap_time(hands);
        }
        bool due = now >= hands->slots[i].at;
        switch (hands->slots[i].place) {
        case EMPTY:
            if (!due || (units && hands->brought == units))
                break;
            if (rack_plug(rack, i, NULL, answer, OPERATOR_ANSWER) != 0)
                return OPERATOR_REFUSED;
            hands->brought++;
            hands->slots[i].place = WORKING;
            hands->slots[i].at = now;
            break;
        case WORKING:
            if (rack_finished(rack, i) || (!view.wire.touched && now - hands->slots[i].at > IGNORED_SECONDS)) {
                hands->slots[i].place = FINISHED;
                hands->slots[i].at = now + swap_time(hands);
            }
            break;
        case FINISHED:
            if (!due)
                break;
            if (rack_unplug(rack, i, false, answer, OPERATOR_ANSWER) != 0)
                return OPERATOR_REFUSED;
            hands->slots[i].place = EMPTY;
            hands->slots[i].at = now + swap_time(hands);
            break;
        }
        all_out = all_out && hands->slots[i].place == EMPTY;
    }
    return units && hands->brought == units && all_out ? OPERATOR_DONE : OPERATOR_WAITS;
}
