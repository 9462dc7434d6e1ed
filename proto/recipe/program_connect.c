/* SPDX-License-Identifier: MIT */
/* From an unknown state into the ROM loader, and at the end into the firmware: modem lines, SYNC, and what the boot
 * banner tells when nothing answers. */
#include "proto/recipe/program_internal.h"

#include <stdio.h>
#include <string.h>

#define RESET_ROUNDS 4 /* resets before a board is given up */
#define SYNCS_FIRST  2 /* a round's; while they are sent, a banner that comes late goes by */
#define SYNCS_MORE   5
#define SYNC_TIMEOUT (100 * MS)
#define WAIT_TIMEOUT (300 * MS) /* between two looks whether the person has pressed the buttons */
#define BANNER_WAIT  (300 * MS)

/* Walks through a sequence of line changes, one event a call. True when it is through. */
static bool walk_lines(struct flash *flash, enum loader_lines lines, bool slow, const struct session_event *event)
{
    struct loader_walk *walk = &flash->at.walk;
    if (event->kind == SESSION_STARTED) {
        loader_walk_start(walk, flash->session, lines, slow);
        return false;
    }
    if (event->kind == SESSION_DONE &&
        !flash_good(flash, event, "modem lines", CAUSE_ADAPTER_ERROR, CAUSE_ADAPTER_ERROR))
        return false;
    return loader_walk_step(walk, flash->session, event);
}

static bool walk_download_reset(struct flash *flash, const struct session_event *event)
{
    unsigned round = flash->at.round;
    return walk_lines(flash, round % 2 == 0 ? LOADER_RESET_CLASSIC : LOADER_RESET_TIGHT, round >= 2, event);
}

void flash_step_reset(struct flash *flash, const struct session_event *event)
{
    static const struct session_event start = {.kind = SESSION_STARTED};
    if (event->kind == SESSION_STARTED) {
        session_baud(flash->session, LOADER_BAUD);
        return;
    }
    if (flash->step == 0) {
        if (!flash_good(flash, event, "setting 115200 baud", CAUSE_ADAPTER_ERROR, CAUSE_ADAPTER_ERROR))
            return;
        flash->step = 1;
        event = &start;
    }
    if (flash->job->manual_reset) {
        if (walk_lines(flash, LOADER_RELEASE, false, event))
            flash_enter(flash, FLASH_WAIT);
    } else if (walk_download_reset(flash, event)) {
        flash_enter(flash, FLASH_SYNC);
    }
}

void flash_step_sync(struct flash *flash, const struct session_event *event)
{
    enum { FIRST, MORE };
    const struct session *session = flash->session;
    if (event->kind == SESSION_STARTED) {
        loader_sync(flash->session, SYNC_TIMEOUT, SYNCS_FIRST);
    } else if (loader_is_rom_sync(event)) {
        flash_enter(flash, FLASH_IDENTIFY);
    } else if (flash->step == FIRST) {
        flash->step = MORE;
        flash->at.settled = session->heard_total;
        loader_sync(flash->session, SYNC_TIMEOUT, SYNCS_MORE);
    } else {
        flash->at.garbled += session->heard_total - flash->at.settled;
        flash_enter(flash, ++flash->at.round < RESET_ROUNDS ? FLASH_RESET : FLASH_DIAGNOSE);
    }
}

void flash_step_wait(struct flash *flash, const struct session_event *event)
{
    if (loader_is_rom_sync(event))
        flash_enter(flash, FLASH_IDENTIFY);
    else
        loader_sync(flash->session, WAIT_TIMEOUT, 1);
}

/* True if the banner settles the matter. */
static bool judge_banner(struct flash *flash)
{
    int mode = loader_boot_mode(flash->session);
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
        session_baud(flash->session, LOADER_BANNER_BAUD);
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
    uint64_t heard = flash->at.walk.heard + flash->session->heard_total;
    if (heard == 0)
        flash_fail(flash, CAUSE_BOARD_SILENT, "%u resets, no byte", RESET_ROUNDS + 1);
    else
        flash_fail(flash, CAUSE_LINE_NOISE, "%llu bytes that make no sense", (unsigned long long)heard);
}

void flash_step_run(struct flash *flash, const struct session_event *event)
{
    if (!flash->job->run || flash->job->manual_reset || walk_lines(flash, LOADER_RUN, false, event))
        flash_enter(flash, FLASH_PASSED);
}
