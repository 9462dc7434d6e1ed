/* SPDX-License-Identifier: MIT */
#include "proto/step/baud.h"

#include "proto/chip/identity.h"
#include "proto/link/duration.h"

#define BAUD_TIMEOUT (500 * MS)
#define SETTLE_TIME  (50 * MS) /* a stub switches about 10 ms after its answer */
#define CHECKS       3

enum step_status baud_start(struct baud *step, struct session *session, const struct baud_parameters *parameters)
{
    const uint32_t words[] = {parameters->baud, parameters->old_baud};
    *step = (struct baud){.parameters = *parameters};
    step_init(&step->base, session);
    step_begin_operation(&step->base, OPERATION_CHANGE_BAUD, 0);
    step->base.evidence.values[0] = parameters->baud;
    step_request_words(&step->base, WIRE_CHANGE_BAUDRATE, words, 2, BAUD_TIMEOUT, 1);
    return STEP_RUNNING;
}

static enum step_status read_register(struct baud *step)
{
    const uint32_t address = CHIP_MAGIC_ADDRESS;
    step->phase = BAUD_CHECK;
    step_request_words(&step->base, WIRE_READ_REG, &address, 1, BAUD_TIMEOUT, 2);
    return STEP_RUNNING;
}

static enum step_status take_register(struct baud *step, uint32_t value)
{
    if (value != CHIP_MAGIC)
        return step_fail(&step->base, EVIDENCE_WRONG_VALUE);
    return ++step->checks == CHECKS ? STEP_DONE : read_register(step);
}

enum step_status baud_step(struct baud *step, const struct session_event *event)
{
    struct session *session = step->base.session;
    if (step->phase == BAUD_SETTLE) {
        session_forget(session);
        return read_register(step);
    }
    if (!step_check(&step->base, event))
        return STEP_FAILED;
    switch (step->phase) {
    case BAUD_REQUEST:
        step->phase = BAUD_SET;
        session_baud(session, step->parameters.baud);
        return STEP_RUNNING;
    case BAUD_SET:
        step->phase = BAUD_SETTLE;
        session_pause(session, SETTLE_TIME);
        return STEP_RUNNING;
    case BAUD_SETTLE:
    case BAUD_CHECK: break;
    }
    return take_register(step, event->value);
}
