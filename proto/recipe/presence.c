/* SPDX-License-Identifier: MIT */
#include "proto/recipe/presence.h"

#include "proto/link/duration.h"
#include "proto/link/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SYNC_TIMEOUT (100 * MS)
/* At waiting_baud. A busy PC reads an answer late, and a waiting board whose answer is missed gets reset. */
#define ASKS         2
#define ASK_TIMEOUT  (300 * MS)
#define SYNCS_SILENT 4 /* without a byte in answer: no board is there */
#define SYNCS        7 /* with one */

/* Results. Each returns the state that follows. */

static enum presence_state end(struct presence *presence, enum presence_result result, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static enum presence_state end(struct presence *presence, enum presence_result result, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    text_vprint(presence->detail, sizeof(presence->detail), format, arguments);
    va_end(arguments);
    presence->result = result;
    return PRESENCE_ENDED;
}

static enum presence_state end_by_port_error(struct presence *presence)
{
    const struct evidence *evidence = &presence->step.base.evidence;
    const char *what = evidence->operation == OPERATION_SET_BAUD ? "baud rate" : "modem lines";
    return end(presence, PRESENCE_ERROR, "%s: %s", what, strerror(-evidence->port_error));
}

/* Has what answers here waited since before this probe? Only we start stubs. A loader is another board's if the board
 * waited in its stub. If it waited in the loader, another board might start in download mode by itself, but such a one
 * does not answer the first SYNC. */
static bool was_waiting(const struct presence *presence)
{
    const struct presence_job *job = &presence->job;
    const struct connect *answered = &presence->step.connect;
    bool reset = presence->state == PRESENCE_SYNC && !job->manual_reset;
    if (reset || presence->session->baud != job->waiting_baud)
        return false;
    return !answered->rom || (answered->asked == 1 && job->waiting_in_loader);
}

static enum presence_state after_answer(struct presence *presence)
{
    if (!was_waiting(presence))
        return PRESENCE_IDENTIFY;
    return end(presence, PRESENCE_SAME, "answers SYNC at %u baud with 0x%08x", presence->session->baud,
               presence->step.connect.value);
}

/* SYNC at waiting_baud, without a reset. */

static enum step_status ask(struct presence *presence)
{
    return connect_start(&presence->step.connect, presence->session,
                         &(struct connect_parameters){.baud = presence->job.waiting_baud,
                                                      .timeout = ASK_TIMEOUT,
                                                      .requests = ASKS,
                                                      .requests_silent = ASKS,
                                                      .first_tries = 1,
                                                      .later_tries = 1});
}

static enum step_status step_connect(struct presence *presence, const struct session_event *event)
{
    return connect_step(&presence->step.connect, event);
}

static enum presence_state after_ask_unanswered(struct presence *presence)
{
    return presence->job.manual_reset ? end(presence, PRESENCE_NOTHING, "no answer") : PRESENCE_RESET;
}

/* Reset, or without a circuit for it the release of the lines. */

static enum line_sequence chosen_reset(const struct presence *presence)
{
    return presence->job.tight ? RESET_TIGHT : RESET_CLASSIC;
}

static enum step_status reset(struct presence *presence)
{
    enum line_sequence lines = presence->job.manual_reset ? RELEASE_LINES : chosen_reset(presence);
    return reset_sequence_start(&presence->step.reset, presence->session,
                                &(struct reset_sequence_parameters){.baud = LOADER_BAUD, .lines = lines});
}

static enum step_status step_reset(struct presence *presence, const struct session_event *event)
{
    return reset_sequence_step(&presence->step.reset, event);
}

static enum presence_state after_reset(struct presence *presence)
{
    presence->heard = presence->step.reset.heard;
    return PRESENCE_SYNC;
}

/* SYNC at LOADER_BAUD. */

static enum step_status synchronize(struct presence *presence)
{
    return connect_start(&presence->step.connect, presence->session,
                         &(struct connect_parameters){.timeout = SYNC_TIMEOUT,
                                                      .requests = SYNCS,
                                                      .requests_silent = SYNCS_SILENT,
                                                      .first_tries = 1,
                                                      .later_tries = 1});
}

static enum presence_state after_sync_unanswered(struct presence *presence)
{
    const struct presence_job *job = &presence->job;
    if (job->manual_reset && job->waiting_baud != 0 && job->waiting_baud != LOADER_BAUD)
        return PRESENCE_ASK;
    if (presence->session->heard_total == 0 || job->manual_reset)
        return end(presence, PRESENCE_NOTHING, "no answer");
    return PRESENCE_BANNER;
}

/* Which board it is. */

static enum step_status identify(struct presence *presence)
{
    return chip_id_start(&presence->step.chip_id, presence->session);
}

static enum step_status step_identify(struct presence *presence, const struct session_event *event)
{
    return chip_id_step(&presence->step.chip_id, event);
}

static enum presence_state end_with_registers(struct presence *presence)
{
    const uint32_t *words = presence->step.chip_id.words;
    return end(presence, PRESENCE_BOARD, "magic word %08x, efuses %08x %08x %08x %08x", words[0], words[1], words[2],
               words[3], words[4]);
}

static enum presence_state after_identified(struct presence *presence)
{
    presence->identified = true;
    presence->chip = presence->step.chip_id.identity;
    return end_with_registers(presence);
}

static enum presence_state after_unidentified(struct presence *presence)
{
    const struct evidence *evidence = &presence->step.base.evidence;
    switch (evidence->kind) {
    case EVIDENCE_WRONG_VALUE:
    case EVIDENCE_UNKNOWN_OUI: return end_with_registers(presence);
    case EVIDENCE_DIFFERS:
        return end(presence, PRESENCE_BOARD, "register 0x%08x reads as 0x%08x and as 0x%08x", evidence->address,
                   evidence->values[0], evidence->values[1]);
    default: return end(presence, PRESENCE_BOARD, "answers SYNC, but does not tell its registers");
    }
}

/* Bytes come, but no answer. */

static enum step_status read_banner(struct presence *presence)
{
    return boot_log_start(&presence->step.boot_log, presence->session,
                          &(struct boot_log_parameters){.reset = chosen_reset(presence), .heard = presence->heard});
}

static enum step_status step_banner(struct presence *presence, const struct session_event *event)
{
    return boot_log_step(&presence->step.boot_log, event);
}

static enum presence_state after_banner(struct presence *presence)
{
    const struct evidence *evidence = &presence->step.base.evidence;
    if (evidence->kind == EVIDENCE_BOOT_MODE)
        return end(presence, PRESENCE_UNIDENTIFIED, "no answer to SYNC, boot mode %u", evidence->values[0]);
    /* Bytes have come: the evidence is NOISE. */
    return end(presence, PRESENCE_NOTHING, "%llu bytes that make no sense", (unsigned long long)evidence->count);
}

/* The recipe: what each state starts, what it does with an event, and which state follows. */
static const struct {
    enum step_status (*start)(struct presence *);
    enum step_status (*step)(struct presence *, const struct session_event *);
    enum presence_state (*done)(struct presence *);
    enum presence_state (*failed)(struct presence *); /* by anything but the port */
} states[] = {
    [PRESENCE_ASK] = {ask, step_connect, after_answer, after_ask_unanswered},
    [PRESENCE_RESET] = {reset, step_reset, after_reset, NULL},
    [PRESENCE_SYNC] = {synchronize, step_connect, after_answer, after_sync_unanswered},
    [PRESENCE_IDENTIFY] = {identify, step_identify, after_identified, after_unidentified},
    [PRESENCE_BANNER] = {read_banner, step_banner, NULL, after_banner},
    [PRESENCE_ENDED] = {NULL, NULL, NULL, NULL},
};

/* The only way to change state. */
static enum step_status presence_enter(struct presence *presence, enum presence_state state)
{
    presence->state = state;
    return states[state].start ? states[state].start(presence) : STEP_RUNNING;
}

static enum presence_state next_state(struct presence *presence, enum step_status status)
{
    if (status == STEP_DONE)
        return states[presence->state].done(presence);
    if (presence->step.base.evidence.kind == EVIDENCE_PORT_ERROR)
        return end_by_port_error(presence);
    return states[presence->state].failed(presence);
}

static void advance(struct presence *presence, enum step_status status)
{
    while (status != STEP_RUNNING)
        status = presence_enter(presence, next_state(presence, status));
}

/* A board that waits for a person's hands would take the rate of the first SYNC for good: it gets one at LOADER_BAUD
 * before. */
static enum presence_state first_state(const struct presence_job *job)
{
    return job->waiting_baud != 0 && !job->manual_reset ? PRESENCE_ASK : PRESENCE_RESET;
}

static void step(struct recipe *recipe, const struct session_event *event)
{
    struct presence *presence = (struct presence *)recipe;
    if (event->kind == SESSION_STARTED)
        advance(presence, presence_enter(presence, first_state(&presence->job)));
    else if (states[presence->state].step)
        advance(presence, states[presence->state].step(presence, event));
}

void presence_start(struct presence *presence, struct session *session, const struct presence_job *job, uint64_t now)
{
    memset(presence, 0, sizeof(*presence));
    presence->recipe.step = step;
    presence->session = session;
    presence->job = *job;
    session_start(session, &presence->recipe, LOADER_BAUD, now);
}

bool presence_ended(const struct presence *presence)
{
    return presence->state == PRESENCE_ENDED;
}

const char *presence_result_word(enum presence_result result)
{
    static const char *const words[] = {
#define X(name, word) [PRESENCE_##name] = (word),
        PRESENCE_RESULTS(X)
#undef X
    };
    return words[result];
}
