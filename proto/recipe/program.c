/* SPDX-License-Identifier: MIT */
#include "proto/recipe/program_internal.h"

#include "proto/link/bytes.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name, *sentence;
    enum program_phase phase;
} states[] = {
#define X(name, phase, sentence) [PROGRAM_##name] = {#name, sentence, PROGRAM_PHASE_##phase},
    PROGRAM_STATES(X)
#undef X
};

static const char *const phase_labels[PROGRAM_PHASE_COUNT] = {
#define X(phase, label, word) [PROGRAM_PHASE_##phase] = #phase,
    PROGRAM_PHASES(X)
#undef X
};

static void (*const handlers[])(struct program *, const struct session_event *) = {
    [PROGRAM_RESET] = program_step_reset,
    [PROGRAM_SYNC] = program_step_sync,
    [PROGRAM_WAIT] = program_step_wait,
    [PROGRAM_DIAGNOSE] = program_step_diagnose,
    [PROGRAM_IDENTIFY] = program_step_identify,
    [PROGRAM_STUB] = program_step_stub,
    [PROGRAM_FLASH_ID] = program_step_flash_id,
    [PROGRAM_BAUD] = program_step_baud,
    [PROGRAM_COMPARE] = program_step_compare,
    [PROGRAM_WRITE] = program_step_write,
    [PROGRAM_VERIFY] = program_step_verify,
    [PROGRAM_CAPACITY] = program_step_capacity,
    [PROGRAM_RUN] = program_step_run,
    [PROGRAM_PASSED] = NULL,
    [PROGRAM_FAILED] = NULL,
};

static void change_state(struct program *program, enum program_state state, uint64_t now)
{
    program->phase_us[states[program->state].phase] += now - program->entered;
    program->entered = now;
    program->state = state;
    program->step = 0;
}

void program_enter(struct program *program, enum program_state state)
{
    change_state(program, state, program->session->now);
    if (state == PROGRAM_PASSED)
        program->cause = CAUSE_NONE;
    else if (handlers[state])
        handlers[state](program, &(struct session_event){.kind = SESSION_STARTED});
}

static void step(struct recipe *recipe, const struct session_event *event)
{
    struct program *program = (struct program *)recipe;
    if (event->kind == SESSION_STARTED)
        program_enter(program, PROGRAM_RESET);
    else if (handlers[program->state])
        handlers[program->state](program, event);
}

static void begin_try(struct program *program)
{
    program->tries++;
    program->session->stray_limit = 0;
    program->stub_running = false;
    program->stub_capabilities = 0;
    memset(&program->at, 0, sizeof(program->at));
}

void program_start(struct program *program, struct session *session, const struct program_job *job, uint64_t now)
{
    assert(job->n_bauds > 0 && job->n_bauds <= PROGRAM_BAUDS_MAX && job->tries > 0);
    memset(program, 0, sizeof(*program));
    program->recipe.step = step;
    program->session = session;
    program->job = job;
    program->baud_index = job->first_baud < job->n_bauds ? job->first_baud : 0;
    program->entered = now;
    begin_try(program);
    session_start(session, &program->recipe, LOADER_BAUD, now);
}

/* Would a fresh reset and a lower baud rate help? Not against what the chip is, nor where the resets of one try have
 * already asked several times. */
static bool worth_another_try(enum cause cause)
{
    switch (cause) {
    case CAUSE_LINE_NOISE:
    case CAUSE_ROM_REFUSED:
    case CAUSE_STUB_SILENT:
    case CAUSE_BAUD_FAILED:
    case CAUSE_LINK_LOST:
    case CAUSE_BOARD_RESET:
    case CAUSE_FLASH_SLOW:
    case CAUSE_WRITE_FAILED:
    case CAUSE_MD5_MISMATCH:
    case CAUSE_REPLY_MALFORMED:
    case CAUSE_FLASH_ID_UNREADABLE: return true;
    default: return false;
    }
}

void program_fail(struct program *program, enum cause cause, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(program->detail, sizeof(program->detail), format, arguments);
    va_end(arguments);
    program->cause = cause;

    if (program->tries >= program->job->tries || !worth_another_try(cause)) {
        program_enter(program, PROGRAM_FAILED);
        return;
    }
    bool fast = program->state >= PROGRAM_BAUD;
    if (fast && program->baud_index + 1 < program->job->n_bauds)
        program->baud_index++;
    begin_try(program);
    program_enter(program, PROGRAM_RESET);
}

void program_abort(struct program *program, enum cause cause, const char *detail, uint64_t now)
{
    if (program_ended(program))
        return;
    program->cause = cause;
    snprintf(program->detail, sizeof(program->detail), "%s", detail);
    change_state(program, PROGRAM_FAILED, now);
}

enum cause port_error_cause(int error)
{
    switch (error) {
    case -EIO:
    case -ENODEV:
    case -ENXIO: return CAUSE_UNPLUGGED;
    case -ETIMEDOUT: return CAUSE_ADAPTER_STUCK;
    default: return CAUSE_ADAPTER_ERROR;
    }
}

bool check_reply_or_fail(struct program *program, const struct session_event *event, const char *what,
                         enum cause refused, enum cause silent)
{
    switch (event->kind) {
    case SESSION_EXPIRED: program_fail(program, silent, "%s: no answer", what); return false;
    case SESSION_REPLY:
        if (event->wire_error == WIRE_OK)
            return true;
        program_fail(program, refused, "%s: error 0x%02x", what, event->wire_error);
        return false;
    case SESSION_STRAY:
        program_fail(program, CAUSE_BOARD_RESET, "%s: %u bytes came that are no answer", what, program->session->stray);
        return false;
    case SESSION_DONE:
        if (event->error == 0)
            return true;
        program_fail(program, port_error_cause(event->error), "%s: %s", what, strerror(-event->error));
        return false;
    case SESSION_STARTED:
    case SESSION_FRAME: break;
    }
    return true;
}

void program_request_words(struct program *program, enum wire_op op, const uint32_t *words, size_t n, uint64_t timeout,
                           unsigned tries)
{
    uint8_t data[128];
    assert(n * 4 <= sizeof(data));
    for (size_t i = 0; i < n; i++)
        put_le32(data + 4 * i, words[i]);
    session_request(program->session, op, data, 4 * n, timeout, tries);
}

bool program_ended(const struct program *program)
{
    return program->state == PROGRAM_PASSED || program->state == PROGRAM_FAILED;
}

const char *program_sentence(const struct program *program)
{
    return states[program->state].sentence;
}

const char *program_phase_name(const struct program *program)
{
    return phase_labels[states[program->state].phase];
}

const char *program_phase_label(enum program_phase phase)
{
    return phase_labels[phase];
}

bool program_waits_for_person(const struct program *program)
{
    return program->state == PROGRAM_WAIT;
}

uint32_t program_baud(const struct program *program)
{
    return program->job->bauds[program->baud_index];
}
