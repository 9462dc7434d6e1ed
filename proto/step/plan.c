/* SPDX-License-Identifier: MIT */
#include "proto/step/plan.h"

#include "proto/link/duration.h"

/* 4 MB of firmware deflate in 0.4 s of CPU time, and several slots may wait for one processor. To write all of it takes
 * longer than this. */
#define PATIENCE (3 * S)
#define INTERVAL (10 * MS)

static enum step_status look(struct plan *step)
{
    step->update = step->parameters.find(step->parameters.data, &step->parameters.kept);
    if (step->update || step->base.session->now >= step->deadline)
        return STEP_DONE;
    session_pause(step->base.session, INTERVAL);
    return STEP_RUNNING;
}

enum step_status plan_start(struct plan *step, struct session *session, const struct plan_parameters *parameters)
{
    *step = (struct plan){.parameters = *parameters, .deadline = session->now + PATIENCE};
    step_init(&step->base, session);
    return look(step);
}

enum step_status plan_step(struct plan *step, const struct session_event *event)
{
    (void)event;
    return look(step);
}
