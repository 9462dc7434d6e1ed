/* SPDX-License-Identifier: MIT */
#include "proto/step/compare.h"

#include "proto/step/digest.h"

static enum step_status request_range(struct compare *step)
{
    const struct golden_range *range = &step->parameters.golden->ranges[step->range];
    step_begin_operation(&step->base, OPERATION_COMPARE, range->offset);
    digest_request(step->base.session, range->offset, range->size, step->parameters.capabilities, false);
    return STEP_RUNNING;
}

enum step_status compare_start(struct compare *step, struct session *session,
                               const struct compare_parameters *parameters)
{
    *step = (struct compare){.parameters = *parameters};
    step_init(&step->base, session);
    return request_range(step);
}

static bool enough_passes(const struct compare *step)
{
    return step->pass == 2 || (step->parameters.capabilities & WIRE_TELLS_ADDRESS);
}

enum step_status compare_step(struct compare *step, const struct session_event *event)
{
    const struct golden *golden = step->parameters.golden;
    if (event->kind != SESSION_REPLY && !step_check(&step->base, event))
        return STEP_FAILED;
    if (!digest_is(event, golden->ranges[step->range].md5))
        return STEP_DONE;
    if (++step->range == golden->n_ranges) {
        step->range = 0;
        step->pass++;
        step->equal = enough_passes(step);
    }
    return step->equal ? STEP_DONE : request_range(step);
}
