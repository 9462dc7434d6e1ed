/* SPDX-License-Identifier: MIT */
#include "proto/step/verify.h"

#include "proto/step/digest.h"

static enum step_status request_part(struct verify *step)
{
    const struct golden_part *part = &step->parameters.golden->parts[step->part];
    step_begin_operation(&step->base, OPERATION_VERIFY, part->offset);
    step->base.evidence.name = part->name;
    digest_request(step->base.session, part->offset, part->padded_size, step->parameters.capabilities, false);
    return STEP_RUNNING;
}

enum step_status verify_start(struct verify *step, struct session *session, const struct verify_parameters *parameters)
{
    *step = (struct verify){.parameters = *parameters};
    step_init(&step->base, session);
    return request_part(step);
}

enum step_status verify_step(struct verify *step, const struct session_event *event)
{
    const struct golden *golden = step->parameters.golden;
    if (!digest_check(&step->base, event))
        return STEP_FAILED;
    if (!digest_is(event, golden->parts[step->part].md5))
        return step_fail(&step->base, EVIDENCE_MISMATCH);
    return ++step->part < golden->n_parts ? request_part(step) : STEP_DONE;
}
