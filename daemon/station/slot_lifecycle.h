/* SPDX-License-Identifier: MIT */
/* A slot's way from an adapter that has come to a verdict that is shown, and what it does about a port in trouble. */
#ifndef DAEMON_STATION_SLOT_LIFECYCLE_H
#define DAEMON_STATION_SLOT_LIFECYCLE_H

#include "daemon/station/slot_internal.h"

/* An adapter has come; or a fixture's port has to be opened anew. -> SETTLING or SETTLING_DEFERRED. */
void slot_settle(struct slot *slot);

/* A fixture, its port open, waits for a board. -> READY, or as slot_adopt_presence() says. */
void slot_become_ready(struct slot *slot);

/* What the configuration says of how boards come is in force from now on. Not while an attempt is at work. */
void slot_adopt_presence(struct slot *slot);

/* False, and -> BLOCKED or DEFERRED, if a board that came with its adapter may not be flashed. */
bool slot_may_begin(struct slot *slot) __attribute__((warn_unused_result));

/* -> `next`, a state that opens the port, if slot_may_begin(). */
void slot_begin(struct slot *slot, enum slot_state next);

/* The port has been opened: tells the log which of the configured rates its adapter cannot do. */
void slot_log_bauds(const struct slot *slot);

/* The port is open and boards may be flashed: -> BOOKING, -> FLASHING when the attempt's row is committed. */
void slot_book(struct slot *slot);

/* In FLASHING. The recipe has ended, or was aborted: -> `next`, ENDING or ENDING_ABSENT, and on when the verdict is
 * committed. */
void slot_finish(struct slot *slot, enum slot_state next);
void slot_abort_attempt(struct slot *slot, enum cause cause, const char *detail); /* -> ENDING */

/* What the book has been asked of this board's flash does not concern what comes next. */
void slot_forget_trust(struct slot *slot);

/* The port in trouble, in any state but FLASHING; it is hung up. In ENDING no more comes of it than that the verdict is
 * not shown. */
void slot_have_trouble(struct slot *slot, enum cause cause, const char *detail); /* -> TROUBLED, or stays STUCK */
void slot_port_gone(struct slot *slot, const char *detail); /* -> TROUBLED; a fixture -> SETTLING */
void slot_port_stuck(struct slot *slot);                    /* -> STUCK; what the port does may still end */

#endif
