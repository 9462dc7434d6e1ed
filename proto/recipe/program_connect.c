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
static bool walk_lines(struct program *program, enum loader_lines lines, bool slow, const struct session_event *event)
{
    struct loader_walk *walk = &program->at.walk;
    if (event->kind == SESSION_STARTED) {
        loader_walk_start(walk, program->session, lines, slow);
        return false;
    }
    if (event->kind == SESSION_DONE &&
        !check_reply_or_fail(program, event, "modem lines", CAUSE_ADAPTER_ERROR, CAUSE_ADAPTER_ERROR))
        return false;
    return loader_walk_step(walk, program->session, event);
}

static bool walk_download_reset(struct program *program, const struct session_event *event)
{
    unsigned round = program->at.round;
    return walk_lines(program, round % 2 == 0 ? LOADER_RESET_CLASSIC : LOADER_RESET_TIGHT, round >= 2, event);
}

void program_step_reset(struct program *program, const struct session_event *event)
{
    static const struct session_event start = {.kind = SESSION_STARTED};
    if (event->kind == SESSION_STARTED) {
        session_baud(program->session, LOADER_BAUD);
        return;
    }
    if (program->step == 0) {
        if (!check_reply_or_fail(program, event, "setting 115200 baud", CAUSE_ADAPTER_ERROR, CAUSE_ADAPTER_ERROR))
            return;
        program->step = 1;
        event = &start;
    }
    if (program->job->manual_reset) {
        if (walk_lines(program, LOADER_RELEASE, false, event))
            program_enter(program, PROGRAM_WAIT);
    } else if (walk_download_reset(program, event)) {
        program_enter(program, PROGRAM_SYNC);
    }
}

void program_step_sync(struct program *program, const struct session_event *event)
{
    enum { FIRST, MORE };
    const struct session *session = program->session;
    if (event->kind == SESSION_STARTED) {
        loader_sync(program->session, SYNC_TIMEOUT, SYNCS_FIRST);
    } else if (loader_is_rom_sync(event)) {
        program_enter(program, PROGRAM_IDENTIFY);
    } else if (program->step == FIRST) {
        program->step = MORE;
        program->at.settled = session->heard_total;
        loader_sync(program->session, SYNC_TIMEOUT, SYNCS_MORE);
    } else {
        program->at.garbled += session->heard_total - program->at.settled;
        program_enter(program, ++program->at.round < RESET_ROUNDS ? PROGRAM_RESET : PROGRAM_DIAGNOSE);
    }
}

void program_step_wait(struct program *program, const struct session_event *event)
{
    if (loader_is_rom_sync(event))
        program_enter(program, PROGRAM_IDENTIFY);
    else
        loader_sync(program->session, WAIT_TIMEOUT, 1);
}

/* True if the banner settles the matter. */
static bool classify_banner(struct program *program)
{
    int mode = loader_boot_mode(program->session);
    if (mode < 0)
        return false;
    if (mode == 1 && program->at.garbled > 0)
        program_fail(program, CAUSE_LINE_NOISE, "boot mode 1, and %llu bytes that make no sense in answer to SYNC",
                     (unsigned long long)program->at.garbled);
    else if (mode == 1)
        program_fail(program, CAUSE_TX_OPEN, "boot mode 1, but no answer to SYNC");
    else
        program_fail(program, CAUSE_NOT_DOWNLOAD_MODE, "boot mode %d instead of 1", mode);
    return true;
}

void program_step_diagnose(struct program *program, const struct session_event *event)
{
    static const struct session_event start = {.kind = SESSION_STARTED};
    enum { SET_BAUD, RESET, LISTEN };

    if (event->kind == SESSION_STARTED) {
        if (classify_banner(program))
            return;
        program->at.round = 0;
        session_baud(program->session, LOADER_BANNER_BAUD);
        return;
    }
    if (program->step == SET_BAUD) {
        if (!check_reply_or_fail(program, event, "setting 74880 baud", CAUSE_ADAPTER_ERROR, CAUSE_ADAPTER_ERROR))
            return;
        program->step = RESET;
        event = &start;
    }
    if (program->step == RESET) {
        if (!walk_download_reset(program, event))
            return;
        program->step = LISTEN;
        session_pause(program->session, BANNER_WAIT);
        return;
    }
    if (classify_banner(program))
        return;
    uint64_t heard = program->at.walk.heard + program->session->heard_total;
    if (heard == 0)
        program_fail(program, CAUSE_BOARD_SILENT, "%u resets, no byte", RESET_ROUNDS + 1);
    else
        program_fail(program, CAUSE_LINE_NOISE, "%llu bytes that make no sense", (unsigned long long)heard);
}

void program_step_run(struct program *program, const struct session_event *event)
{
    if (!program->job->run || program->job->manual_reset || walk_lines(program, LOADER_RUN, false, event))
        program_enter(program, PROGRAM_PASSED);
}
