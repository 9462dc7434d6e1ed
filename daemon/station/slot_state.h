/* SPDX-License-Identifier: MIT */
/* A slot's states: how one is entered, what it begins with, its deadline; and questions about them. What comes next is
 * decided above (slot_lifecycle.h, slot_fixture.h, slot.c); nothing here calls those. */
#ifndef DAEMON_STATION_SLOT_STATE_H
#define DAEMON_STATION_SLOT_STATE_H

#include "daemon/station/slot_internal.h"

/* The only way to change state: traces, sets `since` and tells the observer, starts the state's deadline, and does what
 * the state begins with. */
void slot_enter(struct slot *slot, enum slot_state state);

/* Opens the port, unless that is under way. */
void slot_open_port(struct slot *slot);

/* Closes it, and its observation; slot_open_port() waits until that is through. Or gives it up at once. */
void slot_hang_up(struct slot *slot);
void slot_close_port(struct slot *slot);

/* Observes the fixture again after a pause, if it is observed at all. The port is open. */
void slot_watch_later(struct slot *slot);

bool slot_port_is_open(const struct slot *slot);
enum fixture_phase slot_phase(const struct slot *slot);

/* The port is being opened, or has its first observation; STUCK is not in it. */
bool slot_is_opening(const struct slot *slot);

/* An attempt runs, or its verdict is being committed. */
bool slot_is_at_work(const struct slot *slot);

/* Nothing is at work and nothing is to be booked: ABSENT, MUTED, MUTED_DEFERRED. */
bool slot_is_at_rest(const struct slot *slot);

/* An adapter is there. */
bool slot_has_adapter(const struct slot *slot);

#endif
