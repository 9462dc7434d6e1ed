/* SPDX-License-Identifier: MIT */
#include "proto/recipe/presence.h"

#include "proto/link/duration.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SYNC_TIMEOUT (100 * MS)
/* At waiting_baud. A busy PC hears an answer late, and not to wait for it is to reset a board that was held. */
#define ASKS         2
#define ASK_TIMEOUT  (300 * MS)
#define SYNCS_SILENT 4 /* without a byte in answer: nobody is there */
#define SYNCS        7 /* with one */
#define BANNER_WAIT  (300 * MS)

static const struct session_event start = {.kind = SESSION_STARTED};

static void step_ask(struct presence *presence, const struct session_event *event);
static void step_reset(struct presence *presence, const struct session_event *event);
static void step_sync(struct presence *presence, const struct session_event *event);
static void step_identify(struct presence *presence, const struct session_event *event);
static void step_banner(struct presence *presence, const struct session_event *event);

static void (*const handlers[])(struct presence *, const struct session_event *) = {
    [PRESENCE_ASK] = step_ask,           [PRESENCE_RESET] = step_reset,   [PRESENCE_SYNC] = step_sync,
    [PRESENCE_IDENTIFY] = step_identify, [PRESENCE_BANNER] = step_banner, [PRESENCE_ENDED] = NULL,
};

/* The only way to change state. After it the caller returns. */
static void enter(struct presence *presence, enum presence_state state)
{
    presence->state = state;
    presence->step = 0;
    if (handlers[state])
        handlers[state](presence, &start);
}

static void end(struct presence *presence, enum presence_result result, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void end(struct presence *presence, enum presence_result result, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(presence->detail, sizeof(presence->detail), format, arguments);
    va_end(arguments);
    presence->result = result;
    enter(presence, PRESENCE_ENDED);
}

static void step(struct recipe *recipe, const struct session_event *event)
{
    struct presence *presence = (struct presence *)recipe;
    const struct presence_job *job = &presence->job;
    if (event->kind == SESSION_STARTED) {
        /* A board that waits for a person's hands would take the rate of what asked first for good: it is asked at
         * LOADER_BAUD before. */
        enter(presence, job->waiting_baud != 0 && !job->manual_reset ? PRESENCE_ASK : PRESENCE_RESET);
    } else if (event->kind == SESSION_DONE && event->error != 0) {
        /* The rate is the first step of each state that sets anything, and of ASK the only one. */
        const char *what = presence->step == 0 ? "baud rate" : "modem lines";
        end(presence, PRESENCE_ERROR, "%s: %s", what, strerror(-event->error));
    } else if (handlers[presence->state]) {
        handlers[presence->state](presence, event);
    }
}

void presence_start(struct presence *presence, struct session *session, const struct presence_job *job, uint64_t now)
{
    memset(presence, 0, sizeof(*presence));
    presence->recipe.step = step;
    presence->session = session;
    presence->job = *job;
    session_start(session, &presence->recipe, LOADER_BAUD, now);
}

static bool is_good(const struct session_event *event)
{
    return event->kind == SESSION_REPLY && event->wire_error == WIRE_OK;
}

/* Was what answers here before this look? Only we start stubs. The loader might be that of another board which starts
 * in download mode by itself; but such a one does not answer the first SYNC, and not at another rate. */
static bool is_waiting(const struct presence *presence, const struct session_event *event, bool first)
{
    const struct presence_job *job = &presence->job;
    bool reset = presence->state == PRESENCE_SYNC && !job->manual_reset;
    if (reset || presence->session->baud != job->waiting_baud)
        return false;
    return !loader_is_rom_sync(event) || (first && job->waiting_baud == LOADER_BAUD);
}

/* False: the event is no answer to SYNC. */
static bool take_answer(struct presence *presence, const struct session_event *event, bool first)
{
    if (!is_good(event))
        return false;
    if (is_waiting(presence, event, first))
        end(presence, PRESENCE_SAME, "answers SYNC at %u baud with 0x%08x", presence->session->baud, event->value);
    else
        enter(presence, PRESENCE_IDENTIFY);
    return true;
}

static void step_ask(struct presence *presence, const struct session_event *event)
{
    unsigned asked = presence->step;
    if (take_answer(presence, event, asked == 1))
        return;
    if (event->kind == SESSION_STARTED) {
        session_baud(presence->session, presence->job.waiting_baud);
    } else if (asked < ASKS) {
        presence->step++;
        loader_sync(presence->session, ASK_TIMEOUT, 1);
    } else if (presence->job.manual_reset) {
        end(presence, PRESENCE_NOTHING, "no answer");
    } else {
        enter(presence, PRESENCE_RESET);
    }
}

/* True when the reset, or without a circuit for it the release, is through. */
static bool walk_reset(struct presence *presence, const struct session_event *event)
{
    if (event->kind != SESSION_STARTED)
        return loader_walk_step(&presence->walk, presence->session, event);
    enum loader_lines reset = presence->job.tight ? LOADER_RESET_TIGHT : LOADER_RESET_CLASSIC;
    loader_walk_start(&presence->walk, presence->session, presence->job.manual_reset ? LOADER_RELEASE : reset, false);
    return false;
}

static void step_reset(struct presence *presence, const struct session_event *event)
{
    enum { SET_BAUD, WALK };
    if (event->kind == SESSION_STARTED) {
        session_baud(presence->session, LOADER_BAUD);
        return;
    }
    if (presence->step == SET_BAUD) {
        presence->step = WALK;
        event = &start;
    }
    if (walk_reset(presence, event))
        enter(presence, PRESENCE_SYNC);
}

static void give_up(struct presence *presence)
{
    const struct presence_job *job = &presence->job;
    if (job->manual_reset && job->waiting_baud != 0 && job->waiting_baud != LOADER_BAUD)
        enter(presence, PRESENCE_ASK);
    else if (presence->session->heard_total == 0 || job->manual_reset)
        end(presence, PRESENCE_NOTHING, "no answer");
    else
        enter(presence, PRESENCE_BANNER);
}

static void step_sync(struct presence *presence, const struct session_event *event)
{
    unsigned asked = presence->step;
    unsigned enough = presence->session->heard_total == 0 ? SYNCS_SILENT : SYNCS;
    if (take_answer(presence, event, asked == 1))
        return;
    if (asked < enough) {
        presence->step++;
        loader_sync(presence->session, SYNC_TIMEOUT, 1);
    } else {
        give_up(presence);
    }
}

static void decide_chip(struct presence *presence)
{
    const uint32_t *words = presence->reading.words;
    presence->identified = chip_identify(words + 1, &presence->chip) && words[0] == CHIP_MAGIC;
    end(presence, PRESENCE_BOARD, "magic word %08x, efuses %08x %08x %08x %08x", words[0], words[1], words[2], words[3],
        words[4]);
}

static void step_identify(struct presence *presence, const struct session_event *event)
{
    struct loader_chip *reading = &presence->reading;
    if (event->kind == SESSION_STARTED) {
        loader_chip_start(reading, presence->session);
        return;
    }
    if (!is_good(event)) {
        end(presence, PRESENCE_BOARD, "answers SYNC, but does not tell its registers");
        return;
    }
    switch (loader_chip_take(reading, presence->session, event->value)) {
    case LOADER_CHIP_READING: return;
    case LOADER_CHIP_READ: decide_chip(presence); return;
    case LOADER_CHIP_DIFFERS:
        end(presence, PRESENCE_BOARD, "register 0x%08x reads as 0x%08x and as 0x%08x", loader_chip_address(reading),
            reading->words[reading->at], event->value);
        return;
    }
}

static bool end_by_banner(struct presence *presence)
{
    int mode = loader_boot_mode(presence->session);
    if (mode >= 0)
        end(presence, PRESENCE_UNIDENTIFIED, "no answer to SYNC, boot mode %d", mode);
    return mode >= 0;
}

static void step_banner(struct presence *presence, const struct session_event *event)
{
    enum { SET_BAUD, RESET, LISTEN };
    if (event->kind == SESSION_STARTED) {
        if (!end_by_banner(presence))
            session_baud(presence->session, LOADER_BANNER_BAUD);
        return;
    }
    if (presence->step == SET_BAUD) {
        presence->step = RESET;
        event = &start;
    }
    if (presence->step == RESET) {
        if (!walk_reset(presence, event))
            return;
        presence->step = LISTEN;
        session_pause(presence->session, BANNER_WAIT);
        return;
    }
    uint64_t heard = presence->walk.heard + presence->session->heard_total;
    if (!end_by_banner(presence))
        end(presence, PRESENCE_NOTHING, "%llu bytes that make no sense", (unsigned long long)heard);
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
