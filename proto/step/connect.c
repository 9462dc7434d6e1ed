/* SPDX-License-Identifier: MIT */
#include "proto/step/connect.h"

#include <string.h>

static void send_sync(struct connect *step)
{
    const struct connect_parameters *parameters = &step->parameters;
    uint8_t pattern[36] = {0x07, 0x07, 0x12, 0x20};
    memset(pattern + 4, 0x55, sizeof(pattern) - 4);
    step_begin_operation(&step->base, OPERATION_SYNC, 0);
    session_request(step->base.session, WIRE_SYNC, pattern, sizeof(pattern), parameters->timeout,
                    step->asked == 0 ? parameters->first_tries : parameters->later_tries);
    step->asked++;
}

enum step_status connect_start(struct connect *step, struct session *session,
                               const struct connect_parameters *parameters)
{
    *step = (struct connect){.parameters = *parameters};
    step_init(&step->base, session);
    if (parameters->baud == 0) {
        send_sync(step);
        return STEP_RUNNING;
    }
    step_begin_operation(&step->base, OPERATION_SET_BAUD, 0);
    step->base.evidence.values[0] = parameters->baud;
    session_baud(session, parameters->baud);
    return STEP_RUNNING;
}

static bool accept(struct connect *step, const struct session_event *event)
{
    if (event->kind != SESSION_REPLY || event->wire_error != WIRE_OK)
        return false;
    step->value = event->value;
    step->rom = event->value == WIRE_SYNC_VALUE;
    return step->rom || !step->parameters.rom_only;
}

static enum step_status ask_again(struct connect *step)
{
    uint64_t heard = step->base.session->heard_total;
    if (step->asked == 1)
        step->heard_first = heard;
    if (step->asked < (heard == 0 ? step->parameters.requests_silent : step->parameters.requests)) {
        send_sync(step);
        return STEP_RUNNING;
    }
    step->unexpected = heard - step->heard_first;
    return step_fail(&step->base, EVIDENCE_NO_ANSWER);
}

enum step_status connect_step(struct connect *step, const struct session_event *event)
{
    if (event->kind == SESSION_DONE && !step_check(&step->base, event))
        return STEP_FAILED;
    return accept(step, event) ? STEP_DONE : ask_again(step);
}
