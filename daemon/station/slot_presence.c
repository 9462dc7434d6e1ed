/* SPDX-License-Identifier: MIT */
/*
 * A fixture, whose adapter stays while boards are swapped, and who sits in it: told by looks (presence = probe), by the
 * modem line of its lid (cts, dsr, dcd), or by nobody but a person's start.
 *
 * A board that passed under looks is held in its stub, which answers without being disturbed. To reset it, only to see
 * whether it is still there, could cut into the first writes of its firmware.
 */
#include "daemon/base/clock.h"
#include "daemon/station/slot_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

/* Pauses between two looks for a board, and between two at the one that was judged. A look itself takes 0.2 to 1.5 s.
 */
#define LOOK_MS      700
#define HELD_LOOK_MS 500
/* Looks in a row before something that does not answer as a board should is believed to be one; and before one that
 * does not answer any more is believed to have gone. */
#define ODD_LOOKS   3
#define EMPTY_LOOKS 2

#define LID_MS    200
#define LID_OPENS 2 /* readings in a row; a person needs longer for taking a board out */

enum who {
    WHO_NOBODY,
    WHO_ODD,  /* something that has no name */
    WHO_SAME, /* as before */
    WHO_OTHER,
};

static void look(struct slot *slot)
{
    const struct presence_job job = {
        .manual_reset = slot->reset == RESET_MANUAL,
        .tight = slot->seat.tight = !slot->seat.tight,
        .waiting_baud = slot->seat.waiting_baud,
    };
    slot->seat.looking = true;
    presence_start(&slot->seat.look, &slot->session, &job, steady_clock_us());
    slot_talk_start(slot);
}

static void read_lid(struct slot *slot)
{
    if (slot->order != PORT_IDLE)
        return; /* the conversation goes first */
    slot->order = PORT_READING;
    tty_modem(slot->tty);
}

static void look_later(struct slot *slot, unsigned ms);

static void on_watch(uv_timer_t *timer)
{
    struct slot *slot = timer->data;
    if (slot->presence != BY_PROBE)
        read_lid(slot);
    else if (slot->stage == STAGE_READY && slot_hindrance(slot))
        look_later(slot, LOOK_MS); /* what for? */
    else
        look(slot);
}

static void look_later(struct slot *slot, unsigned ms)
{
    if (slot->port && slot->presence == BY_PROBE)
        uv_timer_start(&slot->watch, on_watch, ms, 0);
}

void slot_presence_stop(struct slot *slot)
{
    uv_timer_stop(&slot->watch);
}

void slot_presence_forget(struct slot *slot)
{
    slot_talk_drop(slot);
    slot->seat.known = false;
    if (slot->presence == BY_PROBE)
        uv_timer_stop(&slot->watch);
}

void slot_presence_ready(struct slot *slot)
{
    slot->seat.known = false;
    slot->seat.waiting_baud = 0;
    slot->seat.empty = 0;
    look_later(slot, LOOK_MS);
}

void slot_presence_opened(struct slot *slot)
{
    memset(&slot->seat, 0, sizeof(slot->seat));
    switch (slot->presence) {
    case BY_PLUG: break;
    case BY_START: slot_ready(slot); break;
    case BY_PROBE: look(slot); break;
    case BY_CTS:
    case BY_DSR:
    case BY_DCD:
        uv_timer_start(&slot->watch, on_watch, LID_MS, LID_MS);
        read_lid(slot);
        break;
    }
}

static void begin_attempt(struct slot *slot)
{
    if (slot_hindrance(slot)) {
        slot_ready(slot);
        return;
    }
    slot->seat.odd = 0;
    slot_book(slot);
}

void slot_presence_settled(struct slot *slot)
{
    if (slot->presence == BY_PROBE)
        look(slot);
    else
        begin_attempt(slot);
}

void slot_presence_shown(struct slot *slot)
{
    const struct program *program = &slot->program;
    slot->seat.odd = slot->seat.empty = 0;
    if (program->identified) {
        slot->seat.known = true;
        memcpy(slot->seat.mac, program->chip.mac, sizeof(slot->seat.mac));
    }
    if (program->stub_running)
        slot->seat.waiting_baud = slot->session.baud;
    else
        slot->seat.waiting_baud = program->identified ? LOADER_BAUD : 0;
    look_later(slot, HELD_LOOK_MS);
}

static enum who who(struct slot *slot)
{
    const struct presence *seen = &slot->seat.look;
    switch (seen->result) {
    case PRESENCE_SAME: return WHO_SAME;
    case PRESENCE_UNIDENTIFIED: return WHO_ODD;
    case PRESENCE_BOARD: break;
    default: return WHO_NOBODY;
    }
    if (!seen->identified)
        return WHO_ODD;
    if (slot->seat.known && memcmp(slot->seat.mac, seen->chip.mac, sizeof(slot->seat.mac)) == 0)
        return WHO_SAME;
    slot->seat.known = true;
    memcpy(slot->seat.mac, seen->chip.mac, sizeof(slot->seat.mac));
    return WHO_OTHER;
}

/* In READY and SETTLING. A board is flashed when two looks agree on its name. */
static void looked_for_board(struct slot *slot)
{
    uv_timer_stop(&slot->watch);
    switch (who(slot)) {
    case WHO_NOBODY: slot->seat.odd = 0; break;
    case WHO_ODD:
        if (++slot->seat.odd < ODD_LOOKS)
            break;
        slot->seat.known = false;
        begin_attempt(slot);
        return;
    case WHO_SAME: begin_attempt(slot); return;
    case WHO_OTHER: slot_settle(slot); return;
    }
    if (slot->stage == STAGE_SETTLING)
        slot_ready(slot);
    else
        look_later(slot, LOOK_MS);
}

/* In SHOWN: does whoever sits here bear this verdict? */
static void looked_at_judged(struct slot *slot)
{
    bool held = slot->seat.look.result == PRESENCE_SAME;
    enum who is = who(slot);
    if (is != WHO_NOBODY)
        slot->seat.empty = 0;
    if (is != WHO_ODD)
        slot->seat.odd = 0;
    if (!held) /* it answers where a reset has left it, or does not answer */
        slot->seat.waiting_baud = is == WHO_SAME ? LOADER_BAUD : 0;

    if (is == WHO_OTHER) {
        slot_settle(slot);
    } else if (is == WHO_NOBODY && ++slot->seat.empty >= EMPTY_LOOKS) {
        slot_ready(slot);
    } else if (is == WHO_ODD && ++slot->seat.odd >= ODD_LOOKS && slot->attempt.verdict == VERDICT_PASS) {
        slot->seat.known = false; /* one that passed would answer */
        begin_attempt(slot);
    } else {
        look_later(slot, HELD_LOOK_MS);
    }
}

/* Whatever fails right after the port was opened will fail again. Later it may be an adapter that has gone. */
static void port_failed(struct slot *slot, const char *detail)
{
    if (slot->stage == STAGE_OPENING || slot->stage == STAGE_STUCK)
        slot_port_trouble(slot, CAUSE_ADAPTER_ERROR, detail);
    else
        slot_port_gone(slot, detail);
}

void slot_presence_looked(struct slot *slot)
{
    slot_talk_drop(slot);
    if (slot->seat.look.result == PRESENCE_ERROR) {
        char detail[192];
        snprintf(detail, sizeof(detail), "%s: %s", slot->adapter.devnode, slot->seat.look.detail);
        port_failed(slot, detail);
        return;
    }
    if (slot->stage == STAGE_OPENING || slot->stage == STAGE_STUCK)
        slot_ready(slot);
    if (slot->stage == STAGE_SHOWN)
        looked_at_judged(slot);
    else
        looked_for_board(slot);
}

static unsigned lid_line(const struct slot *slot)
{
    switch (slot->presence) {
    case BY_CTS: return TIOCM_CTS;
    case BY_DSR: return TIOCM_DSR;
    case BY_DCD: return TIOCM_CAR;
    default: return 0;
    }
}

static void lid_failed(struct slot *slot, int error)
{
    const char *devnode = slot->adapter.devnode;
    char detail[192];
    if (error == -ENOTTY || error == -EINVAL)
        snprintf(detail, sizeof(detail), "%s has no modem lines (presence = %s)", devnode,
                 presence_word(slot->presence));
    else
        snprintf(detail, sizeof(detail), "%s: reading the modem lines: %s", devnode, strerror(-error));
    if (slot->stage != STAGE_FLASHING)
        port_failed(slot, detail);
    else if (error == -EIO || error == -ENODEV || error == -ENXIO)
        slot_talk_abort(slot, CAUSE_UNPLUGGED, detail);
    else
        slot_talk_abort(slot, CAUSE_ADAPTER_ERROR, detail);
}

void slot_presence_read(struct slot *slot, int error, unsigned lines)
{
    if (error) {
        lid_failed(slot, error);
        return;
    }
    bool was_closed = slot->seat.lid_closed;
    if (lines & lid_line(slot)) {
        slot->seat.lid_closed = true;
        slot->seat.lid_opens = 0;
    } else if (++slot->seat.lid_opens >= LID_OPENS || slot->stage == STAGE_SETTLING) {
        slot->seat.lid_closed = false;
    }
    bool closed = slot->seat.lid_closed, opens = was_closed && !closed;
    slot->plug += opens; /* a verdict that comes now is of a board that has gone */

    if (slot->stage == STAGE_OPENING || slot->stage == STAGE_STUCK)
        slot_ready(slot);
    switch (slot->stage) {
    case STAGE_READY:
        if (closed && !slot_hindrance(slot))
            slot_settle(slot);
        break;
    case STAGE_SETTLING:
        if (!closed)
            slot_ready(slot);
        break;
    case STAGE_BOOKING:
        if (opens) {
            book_cancel(slot->world->book, slot->ticket, CAUSE_BOARD_REMOVED);
            slot_ready(slot);
        }
        break;
    case STAGE_FLASHING:
        if (opens)
            slot_talk_abort(slot, CAUSE_BOARD_REMOVED, "the fixture was opened");
        break;
    case STAGE_SHOWN:
        if (opens)
            slot_ready(slot);
        else if (closed && !was_closed) /* a person had started it with an open lid */
            slot_settle(slot);
        break;
    default: break;
    }
}
