/* SPDX-License-Identifier: MIT */
#include "proto/step/step.h"

#include "proto/link/bytes.h"

#include <assert.h>

void step_init(struct step *step, struct session *session)
{
    *step = (struct step){.session = session};
}

void step_begin_operation(struct step *step, enum operation operation, uint32_t address)
{
    step->evidence = (struct evidence){.operation = operation, .address = address};
}

enum step_status step_fail(struct step *step, enum evidence_kind kind)
{
    step->evidence.kind = kind;
    return STEP_FAILED;
}

enum step_status step_fail_values(struct step *step, enum evidence_kind kind, uint32_t first, uint32_t second)
{
    step->evidence.values[0] = first;
    step->evidence.values[1] = second;
    return step_fail(step, kind);
}

static enum evidence_kind failure_of(const struct session_event *event)
{
    switch (event->kind) {
    case SESSION_EXPIRED: return EVIDENCE_NO_ANSWER;
    case SESSION_STRAY: return EVIDENCE_STRAY;
    case SESSION_REPLY: return event->wire_error == WIRE_OK ? EVIDENCE_NONE : EVIDENCE_REFUSED;
    case SESSION_DONE: return event->error == 0 ? EVIDENCE_NONE : EVIDENCE_PORT_ERROR;
    case SESSION_STARTED:
    case SESSION_FRAME:
    case SESSION_SENT: break;
    }
    return EVIDENCE_NONE;
}

bool step_check(struct step *step, const struct session_event *event)
{
    struct evidence *evidence = &step->evidence;
    evidence->kind = failure_of(event);
    if (evidence->kind == EVIDENCE_REFUSED)
        evidence->wire_error = event->wire_error;
    else if (evidence->kind == EVIDENCE_STRAY)
        evidence->count = step->session->stray;
    else if (evidence->kind == EVIDENCE_PORT_ERROR)
        evidence->port_error = event->error;
    return evidence->kind == EVIDENCE_NONE;
}

void step_request_words(struct step *step, enum wire_op op, const uint32_t *words, size_t n, uint64_t timeout,
                        unsigned tries)
{
    uint8_t data[128];
    assert(n * 4 <= sizeof(data));
    for (size_t i = 0; i < n; i++)
        put_le32(data + 4 * i, words[i]);
    session_request(step->session, op, data, 4 * n, timeout, tries);
}

void step_read_register(struct step *step, uint32_t address)
{
    step_begin_operation(step, OPERATION_READ_REGISTER, address);
    step_request_words(step, WIRE_READ_REG, &address, 1, STEP_REGISTER_TIMEOUT, STEP_REGISTER_TRIES);
}
