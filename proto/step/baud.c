/* SPDX-License-Identifier: MIT */
#include "proto/step/baud.h"

#include "proto/chip/identity.h"
#include "proto/link/duration.h"

#define BAUD_TIMEOUT (200 * MS) /* an answer takes some ms, and on a busy PC rarely 0.1 s */
#define SETTLE_TIME  (50 * MS)  /* a stub switches about 10 ms after its answer */
#define REQUESTS     3          /* of the change, where one gets lost or damaged */
#define CHECK_TRIES  3          /* of each reading */
#define CHECKS       3          /* right readings that are needed */
#define WRONG_CHECKS 4          /* as many fail the step */

static enum step_status request_change(struct baud *step)
{
    const uint32_t words[] = {step->parameters.baud, step->parameters.old_baud};
    step->phase = BAUD_REQUEST;
    step->requests++;
    step_begin_operation(&step->base, OPERATION_CHANGE_BAUD, 0);
    step->base.evidence.values[0] = step->parameters.baud;
    step_request_words(&step->base, WIRE_CHANGE_BAUDRATE, words, 2, BAUD_TIMEOUT, 1);
    return STEP_RUNNING;
}

enum step_status baud_start(struct baud *step, struct session *session, const struct baud_parameters *parameters)
{
    *step = (struct baud){.parameters = *parameters};
    step_init(&step->base, session);
    return request_change(step);
}

static enum step_status set_baud(struct baud *step, enum baud_phase phase, uint32_t baud)
{
    step->phase = phase;
    session_baud(step->base.session, baud);
    return STEP_RUNNING;
}

/* Without an answer either the request is lost, or the answer and the stub has changed its rate. */
static enum step_status take_answer(struct baud *step, const struct session_event *event)
{
    bool refused = event->kind == SESSION_REPLY && event->wire_error != WIRE_OK;
    step->answered = event->kind == SESSION_REPLY && !refused;
    if (refused && step->requests < REQUESTS)
        return request_change(step);
    if (event->kind != SESSION_EXPIRED && !step_check(&step->base, event))
        return STEP_FAILED;
    return set_baud(step, BAUD_SET, step->parameters.baud);
}

static enum step_status read_register(struct baud *step)
{
    const uint32_t address = CHIP_MAGIC_ADDRESS;
    step->phase = BAUD_CHECK;
    step_request_words(&step->base, WIRE_READ_REG, &address, 1, BAUD_TIMEOUT, CHECK_TRIES);
    return STEP_RUNNING;
}

static enum step_status take_register(struct baud *step, const struct session_event *event)
{
    bool unanswered = event->kind == SESSION_EXPIRED && step->checks == 0;
    if (unanswered && !step->answered && step->requests < REQUESTS)
        return set_baud(step, BAUD_RETURN, step->parameters.old_baud);
    if (!step_check(&step->base, event))
        return STEP_FAILED;
    bool right = event->value == CHIP_MAGIC;
    step->checks += right;
    step->wrong_checks += !right;
    if (step->wrong_checks == WRONG_CHECKS)
        return step_fail(&step->base, EVIDENCE_WRONG_VALUE);
    return step->checks == CHECKS ? STEP_DONE : read_register(step);
}

static enum step_status settle(struct baud *step)
{
    step->phase = BAUD_SETTLE;
    session_pause(step->base.session, SETTLE_TIME);
    return STEP_RUNNING;
}

enum step_status baud_step(struct baud *step, const struct session_event *event)
{
    switch (step->phase) {
    case BAUD_REQUEST: return take_answer(step, event);
    case BAUD_SET: return step_check(&step->base, event) ? settle(step) : STEP_FAILED;
    case BAUD_SETTLE: session_forget(step->base.session); return read_register(step);
    case BAUD_RETURN: return step_check(&step->base, event) ? request_change(step) : STEP_FAILED;
    case BAUD_CHECK: break;
    }
    return take_register(step, event);
}
