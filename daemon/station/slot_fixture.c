/* SPDX-License-Identifier: MIT */
#include "daemon/station/slot_fixture.h"

#include "daemon/base/clock.h"
#include "daemon/station/slot_lifecycle.h"
#include "daemon/station/slot_state.h"
#include "proto/link/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

/* Whatever fails right after the port was opened will fail again. Later it may be an adapter that has gone. */
static void observation_failed(struct slot *slot, const char *detail)
{
    if (slot_is_opening(slot) || slot->state == SLOT_STUCK)
        slot_have_trouble(slot, CAUSE_ADAPTER_ERROR, detail);
    else
        slot_port_gone(slot, detail);
}

static void probe(struct slot *slot)
{
    const struct presence_job job = slot_presence_next_probe(&slot->occupant, slot->reset == RESET_MANUAL);
    presence_start(&slot->probe, &slot->session, &job, steady_clock_us());
    pump_run(slot->pump, &slot->session);
}

static void flash_occupant(struct slot *slot)
{
    if (slot_shared_hindrance(slot->shared)) {
        slot_become_ready(slot);
        return;
    }
    slot_presence_flash_confirmed(&slot->occupant);
    slot_book(slot);
}

/* A closed lid is seen again at the next reading; a probe that found a board is not made again for nothing. */
static void board_arrived(struct slot *slot)
{
    if (slot->presence == BY_PROBE || !slot_shared_hindrance(slot->shared))
        slot_enter(slot, SLOT_ARRIVING);
}

static void board_left(struct slot *slot)
{
    slot->board_generation++; /* a verdict that comes now is of a board that has gone */
    if (slot->state == SLOT_ENDING)
        return;
    if (slot->state == SLOT_FLASHING) {
        slot_abort_attempt(slot, CAUSE_BOARD_REMOVED, "the fixture was opened");
        return;
    }
    if (slot->state == SLOT_BOOKING)
        book_cancel(slot->shared->book, slot->ticket, CAUSE_BOARD_REMOVED);
    slot_become_ready(slot);
}

static void act_on(struct slot *slot, enum slot_presence_change change)
{
    switch (change) {
    case SLOT_PRESENCE_NONE:
        if (slot->presence == BY_PROBE)
            slot_watch_later(slot);
        break;
    case SLOT_PRESENCE_ARRIVED: board_arrived(slot); break;
    case SLOT_PRESENCE_CONFIRMED: flash_occupant(slot); break;
    case SLOT_PRESENCE_LEFT: board_left(slot); break;
    case SLOT_PRESENCE_REPLACED: slot_enter(slot, SLOT_ARRIVING); break;
    }
}

/* The first observation of a port tells that it can be used. False if it is not: what the configuration has meanwhile
 * made of this slot is in force now. */
static bool port_is_usable(struct slot *slot)
{
    if (slot_is_opening(slot) || slot->state == SLOT_STUCK)
        slot_become_ready(slot);
    return slot_port_is_open(slot);
}

void slot_fixture_probed(struct slot *slot)
{
    if (slot->probe.result == PRESENCE_ERROR) {
        char detail[192];
        text_print(detail, sizeof(detail), "%s: %s", slot->adapter.devnode, slot->probe.detail);
        observation_failed(slot, detail);
        return;
    }
    if (port_is_usable(slot))
        act_on(slot, slot_presence_probed(&slot->occupant, slot_phase(slot), &slot->probe));
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
        text_print(detail, sizeof(detail), "%s has no modem lines (presence = %s)", devnode,
                   presence_mode_word(slot->presence));
    else
        text_print(detail, sizeof(detail), "%s: reading the modem lines: %s", devnode, strerror(-error));
    if (slot->state != SLOT_FLASHING)
        observation_failed(slot, detail);
    else if (error == -EIO || error == -ENODEV || error == -ENXIO)
        slot_abort_attempt(slot, CAUSE_UNPLUGGED, detail);
    else
        slot_abort_attempt(slot, CAUSE_ADAPTER_ERROR, detail);
}

void slot_fixture_lid_read(struct slot *slot, int error, unsigned lines)
{
    if (error) {
        lid_failed(slot, error);
        return;
    }
    if (port_is_usable(slot))
        act_on(slot, slot_presence_lid_read(&slot->occupant, slot_phase(slot), lines & lid_line(slot)));
}

static void read_lid(struct slot *slot)
{
    pump_read_lines(slot->pump);
    slot_watch_later(slot);
}

void slot_fixture_observe(struct slot *slot)
{
    if (slot->presence != BY_PROBE)
        read_lid(slot);
    else if (slot->state == SLOT_READY && slot_shared_hindrance(slot->shared))
        slot_watch_later(slot); /* nothing could be done about a board */
    else
        probe(slot);
}

/* Nothing is known of who is in the fixture. */
void slot_fixture_opened(struct slot *slot)
{
    slot_presence_reset(&slot->occupant);
    switch (slot->presence) {
    case BY_PLUG: break;
    case BY_START: slot_become_ready(slot); break;
    case BY_PROBE: probe(slot); break;
    case BY_CTS:
    case BY_DSR:
    case BY_DCD: read_lid(slot); break;
    }
}

void slot_fixture_settled(struct slot *slot)
{
    if (slot->presence == BY_PROBE)
        probe(slot);
    else
        flash_occupant(slot);
}
