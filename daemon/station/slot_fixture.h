/* SPDX-License-Identifier: MIT */
/* A fixture, whose adapter stays while boards are swapped: observes it by probes or by the modem line of its lid, and
 * acts on what slot_presence.h makes of that. */
#ifndef DAEMON_STATION_SLOT_FIXTURE_H
#define DAEMON_STATION_SLOT_FIXTURE_H

#include "daemon/station/slot_internal.h"

/* The port has been opened: the first observation begins. Nothing is known of who is in the fixture. */
void slot_fixture_opened(struct slot *slot);

/* It is time for the next observation. */
void slot_fixture_observe(struct slot *slot);

/* `slot->probe` has ended. */
void slot_fixture_probed(struct slot *slot);

/* The modem lines have been read: 0 and the lines, or a negative errno. */
void slot_fixture_lid_read(struct slot *slot, int error, unsigned lines);

/* In ARRIVING: the board's contacts have had their time. */
void slot_fixture_settled(struct slot *slot);

#endif
