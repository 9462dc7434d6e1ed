/* SPDX-License-Identifier: MIT */
#include "daemon/station/slot_presence.h"

#include <string.h>

enum occupant {
    OCCUPANT_NONE,
    OCCUPANT_UNIDENTIFIED, /* something that has no MAC */
    OCCUPANT_SAME,         /* as before */
    OCCUPANT_OTHER,
};

void slot_presence_reset(struct slot_presence *presence)
{
    memset(presence, 0, sizeof(*presence));
}

void slot_presence_vacate(struct slot_presence *presence)
{
    presence->mac_valid = false;
    presence->board_probed = false;
    presence->waiting_baud = 0;
    presence->absent_count = 0;
}

void slot_presence_flash_confirmed(struct slot_presence *presence)
{
    presence->unidentified_count = 0;
}

void slot_presence_flash_asked(struct slot_presence *presence)
{
    presence->mac_valid = false;
}

static void take_mac(struct slot_presence *presence, const uint8_t *mac)
{
    presence->mac_valid = true;
    memcpy(presence->mac, mac, sizeof(presence->mac));
}

void slot_presence_take_verdict(struct slot_presence *presence, const struct slot_presence_verdict *verdict)
{
    presence->unidentified_count = presence->absent_count = 0;
    presence->verdict_is_pass = verdict->passed;
    presence->waiting_baud = verdict->waiting_baud;
    presence->waiting_in_loader = verdict->waiting_in_loader;
    if (verdict->mac)
        take_mac(presence, verdict->mac);
}

struct presence_job slot_presence_next_probe(struct slot_presence *presence, bool manual_reset)
{
    presence->tight = !presence->tight;
    return (struct presence_job){.manual_reset = manual_reset,
                                 .tight = presence->tight,
                                 .waiting_baud = presence->waiting_baud,
                                 .waiting_in_loader = presence->waiting_in_loader};
}

/* A MAC that was not known is remembered. */
static enum occupant identify(struct slot_presence *presence, const struct presence *probe)
{
    switch (probe->result) {
    case PRESENCE_SAME: return OCCUPANT_SAME;
    case PRESENCE_UNIDENTIFIED: return OCCUPANT_UNIDENTIFIED;
    case PRESENCE_BOARD: break;
    default: return OCCUPANT_NONE;
    }
    if (!probe->identified)
        return OCCUPANT_UNIDENTIFIED;
    if (presence->mac_valid && memcmp(presence->mac, probe->chip.mac, sizeof(presence->mac)) == 0)
        return OCCUPANT_SAME;
    take_mac(presence, probe->chip.mac);
    return OCCUPANT_OTHER;
}

/* Two probes that agree on a MAC are a board; so are three that find something without one: the attempt then tells what
 * is wrong with it. */
static enum slot_presence_change probed_for_board(struct slot_presence *presence, enum fixture_phase phase,
                                                  enum occupant occupant)
{
    switch (occupant) {
    case OCCUPANT_SAME: return SLOT_PRESENCE_CONFIRMED;
    case OCCUPANT_OTHER: return SLOT_PRESENCE_ARRIVED;
    case OCCUPANT_NONE: presence->unidentified_count = 0; break;
    case OCCUPANT_UNIDENTIFIED:
        if (++presence->unidentified_count < SLOT_PRESENCE_UNIDENTIFIED)
            break;
        presence->mac_valid = false;
        return SLOT_PRESENCE_CONFIRMED;
    }
    return phase == FIXTURE_CONTACT ? SLOT_PRESENCE_LEFT : SLOT_PRESENCE_NONE;
}

/* Is the verdict still about the board that is here? One that passed would answer: something that three times does not
 * say its MAC is another. */
static enum slot_presence_change probed_after_verdict(struct slot_presence *presence, enum occupant occupant)
{
    switch (occupant) {
    case OCCUPANT_SAME: break;
    case OCCUPANT_OTHER: return SLOT_PRESENCE_REPLACED;
    case OCCUPANT_NONE:
        if (++presence->absent_count >= SLOT_PRESENCE_ABSENT)
            return SLOT_PRESENCE_LEFT;
        break;
    case OCCUPANT_UNIDENTIFIED:
        if (++presence->unidentified_count < SLOT_PRESENCE_UNIDENTIFIED || !presence->verdict_is_pass)
            break;
        presence->mac_valid = false;
        return SLOT_PRESENCE_CONFIRMED;
    }
    return SLOT_PRESENCE_NONE;
}

static enum slot_presence_change probed_shown(struct slot_presence *presence, enum occupant occupant,
                                              const struct presence *probe)
{
    if (occupant != OCCUPANT_NONE)
        presence->absent_count = 0;
    if (occupant != OCCUPANT_UNIDENTIFIED)
        presence->unidentified_count = 0;
    if (probe->result != PRESENCE_SAME) { /* it answers where a reset has left it, or does not answer */
        presence->waiting_baud = occupant == OCCUPANT_SAME ? LOADER_BAUD : 0;
        presence->waiting_in_loader = true;
    }
    return probed_after_verdict(presence, occupant);
}

enum slot_presence_change slot_presence_probed(struct slot_presence *presence, enum fixture_phase phase,
                                               const struct presence *probe)
{
    enum occupant occupant = identify(presence, probe);
    enum slot_presence_change change =
        phase == FIXTURE_SHOWN ? probed_shown(presence, occupant, probe) : probed_for_board(presence, phase, occupant);
    if (change == SLOT_PRESENCE_CONFIRMED)
        presence->board_probed = true;
    return change;
}

/* Sets `lid`. Closed contacts are believed at once, open ones at the second reading; while they settle at the first. */
static void take_reading(struct slot_presence *presence, enum fixture_phase phase, bool closed)
{
    if (closed) {
        presence->lid = LID_CLOSED;
        presence->lid_open_count = 0;
    } else if (++presence->lid_open_count >= SLOT_PRESENCE_LID_OPEN || phase == FIXTURE_CONTACT) {
        presence->lid = LID_OPEN;
    }
}

enum slot_presence_change slot_presence_lid_read(struct slot_presence *presence, enum fixture_phase phase, bool closed)
{
    bool was_closed = presence->lid == LID_CLOSED;
    take_reading(presence, phase, closed);
    bool is_closed = presence->lid == LID_CLOSED, opens = was_closed && !is_closed;
    switch (phase) {
    case FIXTURE_VACANT: return is_closed ? SLOT_PRESENCE_ARRIVED : SLOT_PRESENCE_NONE;
    case FIXTURE_CONTACT: return is_closed ? SLOT_PRESENCE_NONE : SLOT_PRESENCE_LEFT;
    case FIXTURE_WORKING: return opens ? SLOT_PRESENCE_LEFT : SLOT_PRESENCE_NONE;
    case FIXTURE_SHOWN: break;
    }
    if (opens)
        return SLOT_PRESENCE_LEFT;
    /* A person had started the attempt with an open lid. */
    return is_closed && !was_closed ? SLOT_PRESENCE_REPLACED : SLOT_PRESENCE_NONE;
}
