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
    enum flash_phase phase;
} states[] = {
#define X(name, phase, sentence) [FLASH_##name] = {#name, sentence, FLASH_PHASE_##phase},
    FLASH_STATES(X)
#undef X
};

static const char *const phase_labels[FLASH_PHASE_COUNT] = {
#define X(phase) [FLASH_PHASE_##phase] = #phase,
    FLASH_PHASES(X)
#undef X
};

static void (*const handlers[])(struct flash *, const struct session_event *) = {
    [FLASH_RESET] = flash_step_reset,
    [FLASH_SYNC] = flash_step_sync,
    [FLASH_WAIT] = flash_step_wait,
    [FLASH_DIAGNOSE] = flash_step_diagnose,
    [FLASH_IDENTIFY] = flash_step_identify,
    [FLASH_STUB] = flash_step_stub,
    [FLASH_FLASH_ID] = flash_step_flash_id,
    [FLASH_BAUD] = flash_step_baud,
    [FLASH_COMPARE] = flash_step_compare,
    [FLASH_WRITE] = flash_step_write,
    [FLASH_VERIFY] = flash_step_verify,
    [FLASH_SIZE] = flash_step_size,
    [FLASH_RUN] = flash_step_run,
    [FLASH_PASSED] = NULL,
    [FLASH_FAILED] = NULL,
};

static void change_state(struct flash *flash, enum flash_state state, uint64_t now)
{
    flash->phase_us[states[flash->state].phase] += now - flash->entered;
    flash->entered = now;
    flash->state = state;
    flash->step = 0;
}

void flash_enter(struct flash *flash, enum flash_state state)
{
    change_state(flash, state, flash->session->now);
    if (state == FLASH_PASSED)
        flash->cause = CAUSE_NONE;
    else if (handlers[state])
        handlers[state](flash, &(struct session_event){.kind = SESSION_STARTED});
}

static void step(struct recipe *recipe, const struct session_event *event)
{
    struct flash *flash = (struct flash *)recipe;
    if (event->kind == SESSION_STARTED)
        flash_enter(flash, FLASH_RESET);
    else if (handlers[flash->state])
        handlers[flash->state](flash, event);
}

static void begin_try(struct flash *flash)
{
    flash->tries++;
    flash->session->stray_limit = 0;
    flash->stub_running = false;
    flash->stub_capabilities = 0;
    memset(&flash->at, 0, sizeof(flash->at));
}

void flash_start(struct flash *flash, struct session *session, const struct flash_job *job, uint64_t now)
{
    assert(job->n_bauds > 0 && job->n_bauds <= FLASH_BAUDS_MAX && job->tries > 0);
    memset(flash, 0, sizeof(*flash));
    flash->recipe.step = step;
    flash->session = session;
    flash->job = job;
    flash->baud_index = job->first_baud < job->n_bauds ? job->first_baud : 0;
    flash->entered = now;
    begin_try(flash);
    session_start(session, &flash->recipe, LOADER_BAUD, now);
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

void flash_fail(struct flash *flash, enum cause cause, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(flash->detail, sizeof(flash->detail), format, arguments);
    va_end(arguments);
    flash->cause = cause;

    if (flash->tries >= flash->job->tries || !worth_another_try(cause)) {
        flash_enter(flash, FLASH_FAILED);
        return;
    }
    bool fast = flash->state >= FLASH_BAUD;
    if (fast && flash->baud_index + 1 < flash->job->n_bauds)
        flash->baud_index++;
    begin_try(flash);
    flash_enter(flash, FLASH_RESET);
}

void flash_abort(struct flash *flash, enum cause cause, const char *detail, uint64_t now)
{
    if (flash_ended(flash))
        return;
    flash->cause = cause;
    snprintf(flash->detail, sizeof(flash->detail), "%s", detail);
    change_state(flash, FLASH_FAILED, now);
}

enum cause flash_adapter_cause(int error)
{
    switch (error) {
    case -EIO:
    case -ENODEV:
    case -ENXIO: return CAUSE_UNPLUGGED;
    case -ETIMEDOUT: return CAUSE_ADAPTER_STUCK;
    default: return CAUSE_ADAPTER_ERROR;
    }
}

bool flash_good(struct flash *flash, const struct session_event *event, const char *what, enum cause refused,
                enum cause silent)
{
    switch (event->kind) {
    case SESSION_EXPIRED: flash_fail(flash, silent, "%s: no answer", what); return false;
    case SESSION_REPLY:
        if (event->wire_error == WIRE_OK)
            return true;
        flash_fail(flash, refused, "%s: error 0x%02x", what, event->wire_error);
        return false;
    case SESSION_STRAY:
        flash_fail(flash, CAUSE_BOARD_RESET, "%s: %u bytes came that are no answer", what, flash->session->stray);
        return false;
    case SESSION_DONE:
        if (event->error == 0)
            return true;
        flash_fail(flash, flash_adapter_cause(event->error), "%s: %s", what, strerror(-event->error));
        return false;
    case SESSION_STARTED:
    case SESSION_FRAME: break;
    }
    return true;
}

void flash_request_words(struct flash *flash, enum wire_op op, const uint32_t *words, size_t n, uint64_t timeout,
                         unsigned tries)
{
    uint8_t data[128];
    assert(n * 4 <= sizeof(data));
    for (size_t i = 0; i < n; i++)
        put_le32(data + 4 * i, words[i]);
    session_request(flash->session, op, data, 4 * n, timeout, tries);
}

bool flash_ended(const struct flash *flash)
{
    return flash->state == FLASH_PASSED || flash->state == FLASH_FAILED;
}

const char *flash_sentence(const struct flash *flash)
{
    return states[flash->state].sentence;
}

const char *flash_phase_name(const struct flash *flash)
{
    return phase_labels[states[flash->state].phase];
}

const char *flash_phase_label(enum flash_phase phase)
{
    return phase_labels[phase];
}

bool flash_waits_for_person(const struct flash *flash)
{
    return flash->state == FLASH_WAIT;
}

uint32_t flash_baud(const struct flash *flash)
{
    return flash->job->bauds[flash->baud_index];
}
