/* SPDX-License-Identifier: MIT */
/* From an unknown state into the ROM loader, and at the end into the firmware: modem lines, SYNC, and what the boot
 * banner tells when nothing answers. */
#include "proto/flash_internal.h"

#include <stdio.h>
#include <string.h>

#define RESET_ROUNDS 4 /* resets before a board is given up */
#define SYNCS_FIRST  2 /* a round's; while they are sent, a banner that comes late goes by */
#define SYNCS_MORE   5
#define SYNC_TIMEOUT (100 * MS)
#define WAIT_TIMEOUT (300 * MS) /* between two looks whether the person has pressed the buttons */
#define BANNER_BAUD  74880      /* of a 26 MHz crystal; a 40 MHz one speaks at 115200, where SYNC has listened */
#define BANNER_WAIT  (300 * MS)

/* RTS asserted pulls EN low, DTR asserted pulls GPIO0 low, both asserted pull nothing (esp8266.md section 2). */
struct line_step {
    bool dtr, rts;
    unsigned pause_ms;
};

static const struct line_step classic_reset[] = {{false, true, 100}, {true, false, 50}, {false, false, 0}};
/* For circuits with a large capacitor at EN, and for adapters that change the two lines one after the other. */
static const struct line_step tight_reset[] = {
    {false, false, 0}, {true, true, 0}, {false, true, 100}, {true, false, 50}, {false, false, 0}};
static const struct line_step run_reset[] = {{false, true, 100}, {false, false, 0}};
static const struct line_step release[] = {{false, false, 0}};

#define SEQUENCE(steps) (steps), sizeof(steps) / sizeof((steps)[0])

/* Walks through a sequence of line changes, one event a call. True when it is through. `slow` holds GPIO0 for 500 ms
 * more, for boards whose reset rises slowly. */
static bool walk_lines(struct flash *flash, const struct line_step *steps, size_t n, bool slow,
                       const struct session_event *event)
{
    size_t *at = &flash->at.line;
    if (event->kind == SESSION_STARTED) {
        *at = 0;
    } else if (event->kind == SESSION_DONE) {
        if (!flash_good(flash, event, "modem lines", CAUSE_ADAPTER_ERROR, CAUSE_ADAPTER_ERROR))
            return false;
        const struct line_step *done = &steps[*at];
        if (done->pause_ms > 0) {
            session_pause(flash->session, (done->pause_ms + (slow && done->dtr ? 500 : 0)) * MS);
            return false;
        }
        ++*at;
    } else {
        ++*at;
    }
    if (*at == n)
        return true;
    /* What the board said before this reset counts no more. */
    if (steps[*at].dtr && !steps[*at].rts) {
        flash->at.heard += flash->session->heard_total;
        session_forget(flash->session);
    }
    session_lines(flash->session, steps[*at].dtr, steps[*at].rts);
    return false;
}

static bool walk_download_reset(struct flash *flash, const struct session_event *event)
{
    unsigned round = flash->at.round;
    bool slow = round >= 2;
    return round % 2 == 0 ? walk_lines(flash, SEQUENCE(classic_reset), slow, event)
                          : walk_lines(flash, SEQUENCE(tight_reset), slow, event);
}

void flash_step_reset(struct flash *flash, const struct session_event *event)
{
    static const struct session_event start = {.kind = SESSION_STARTED};
    if (event->kind == SESSION_STARTED) {
        session_baud(flash->session, FLASH_ROM_BAUD);
        return;
    }
    if (flash->step == 0) {
        if (!flash_good(flash, event, "setting 115200 baud", CAUSE_ADAPTER_ERROR, CAUSE_ADAPTER_ERROR))
            return;
        flash->step = 1;
        event = &start;
    }
    if (flash->job->manual_reset) {
        if (walk_lines(flash, SEQUENCE(release), false, event))
            flash_enter(flash, FLASH_WAIT);
    } else if (walk_download_reset(flash, event)) {
        flash_enter(flash, FLASH_SYNC);
    }
}

static void request_sync(struct flash *flash, uint64_t timeout, unsigned tries)
{
    uint8_t pattern[36] = {0x07, 0x07, 0x12, 0x20};
    memset(pattern + 4, 0x55, sizeof(pattern) - 4);
    session_request(flash->session, WIRE_SYNC, pattern, sizeof(pattern), timeout, tries);
}

/* A stub that still runs answers with another value: then the board was not reset. */
static bool is_rom_sync(const struct session_event *event)
{
    return event->kind == SESSION_REPLY && event->wire_error == WIRE_OK && event->value == WIRE_SYNC_VALUE;
}

void flash_step_sync(struct flash *flash, const struct session_event *event)
{
    enum { FIRST, MORE };
    const struct session *session = flash->session;
    if (event->kind == SESSION_STARTED) {
        request_sync(flash, SYNC_TIMEOUT, SYNCS_FIRST);
    } else if (is_rom_sync(event)) {
        flash_enter(flash, FLASH_IDENTIFY);
    } else if (flash->step == FIRST) {
        flash->step = MORE;
        flash->at.settled = session->heard_total;
        request_sync(flash, SYNC_TIMEOUT, SYNCS_MORE);
    } else {
        flash->at.garbled += session->heard_total - flash->at.settled;
        flash_enter(flash, ++flash->at.round < RESET_ROUNDS ? FLASH_RESET : FLASH_DIAGNOSE);
    }
}

void flash_step_wait(struct flash *flash, const struct session_event *event)
{
    if (is_rom_sync(event))
        flash_enter(flash, FLASH_IDENTIFY);
    else
        request_sync(flash, WAIT_TIMEOUT, 1);
}

/* Finds "boot mode:(M," in what was heard. -1: no banner. */
static int banner_boot_mode(const struct session *session)
{
    static const char key[] = "boot mode:(";
    size_t n = session->heard_total < SESSION_HEARD ? (size_t)session->heard_total : SESSION_HEARD;
    const uint8_t *at = memmem(session->heard, n, key, sizeof(key) - 1);
    if (!at || at + sizeof(key) - 1 >= session->heard + n)
        return -1;
    uint8_t digit = at[sizeof(key) - 1];
    return digit >= '0' && digit <= '7' ? digit - '0' : -1;
}

/* True if the banner settles the matter. */
static bool judge_banner(struct flash *flash)
{
    int mode = banner_boot_mode(flash->session);
    if (mode < 0)
        return false;
    if (mode == 1 && flash->at.garbled > 0)
        flash_fail(flash, CAUSE_LINE_NOISE, "boot mode 1, and %llu bytes that make no sense in answer to SYNC",
                   (unsigned long long)flash->at.garbled);
    else if (mode == 1)
        flash_fail(flash, CAUSE_TX_OPEN, "boot mode 1, but no answer to SYNC");
    else
        flash_fail(flash, CAUSE_NOT_DOWNLOAD_MODE, "boot mode %d instead of 1", mode);
    return true;
}

void flash_step_diagnose(struct flash *flash, const struct session_event *event)
{
    static const struct session_event start = {.kind = SESSION_STARTED};
    enum { SET_BAUD, RESET, LISTEN };

    if (event->kind == SESSION_STARTED) {
        if (judge_banner(flash))
            return;
        flash->at.round = 0;
        session_baud(flash->session, BANNER_BAUD);
        return;
    }
    if (flash->step == SET_BAUD) {
        if (!flash_good(flash, event, "setting 74880 baud", CAUSE_ADAPTER_ERROR, CAUSE_ADAPTER_ERROR))
            return;
        flash->step = RESET;
        event = &start;
    }
    if (flash->step == RESET) {
        if (!walk_download_reset(flash, event))
            return;
        flash->step = LISTEN;
        session_pause(flash->session, BANNER_WAIT);
        return;
    }
    if (judge_banner(flash))
        return;
    uint64_t heard = flash->at.heard + flash->session->heard_total;
    if (heard == 0)
        flash_fail(flash, CAUSE_BOARD_SILENT, "%u resets, no byte", RESET_ROUNDS + 1);
    else
        flash_fail(flash, CAUSE_LINE_NOISE, "%llu bytes that make no sense", (unsigned long long)heard);
}

void flash_step_run(struct flash *flash, const struct session_event *event)
{
    if (!flash->job->run || flash->job->manual_reset || walk_lines(flash, SEQUENCE(run_reset), false, event))
        flash_enter(flash, FLASH_PASSED);
}
