/* SPDX-License-Identifier: MIT */
/*
 * Step: get the data for a board that has some sectors already. It is made elsewhere, while the board waits; where that
 * takes too long the step ends without it, and all is written.
 */
#ifndef PROTO_STEP_PLAN_H
#define PROTO_STEP_PLAN_H

#include "proto/image/update.h"
#include "proto/step/step.h"

/* The update in which these sectors are kept. NULL: not yet; then it is being made, and is asked for again. It is valid
 * as long as the recipe runs. `kept` is so during the call. */
typedef const struct update *(*plan_find)(void *data, const struct sector_set *kept);

struct plan_parameters {
    struct sector_set kept;
    plan_find find;
    void *data;
};

struct plan {
    struct step base;
    struct plan_parameters parameters;
    const struct update *update; /* result; NULL: there is none in time */
    uint64_t deadline;
};

/* Always DONE in the end. */
MUST_CHECK enum step_status plan_start(struct plan *step, struct session *session,
                                       const struct plan_parameters *parameters);
MUST_CHECK enum step_status plan_step(struct plan *step, const struct session_event *event);

#endif
