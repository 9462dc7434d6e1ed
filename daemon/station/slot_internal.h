/* SPDX-License-Identifier: MIT */
/* The inside of a slot, for the files slot*.c alone. */
#ifndef DAEMON_STATION_SLOT_INTERNAL_H
#define DAEMON_STATION_SLOT_INTERNAL_H

#include "daemon/base/timer.h"
#include "daemon/port/pump.h"
#include "daemon/station/slot_attempt.h"
#include "daemon/station/slot_presence.h"
#include "daemon/station/slot_shared.h"
#include "proto/recipe/presence.h"

/* Deadlines of states. SETTLE is the configuration's settle_ms. */
#define SLOT_RETRY_MS       2000           /* ModemManager lets go of a port after some seconds of probing */
#define SLOT_SHORT_VISIT_MS UINT64_C(2000) /* of an adapter: it was taken rather than pulled out */
#define SLOT_RIGHTS_MS      UINT64_C(1000) /* udev may give a new node its group a moment after it tells of it */
#define SLOT_PROGRESS_MS    250            /* between two readings of a running recipe's percent and seconds */

/*
 * A slot's states: X(NAME, tile, news, phase, deadline, comment). `tile` is what the tile shows, where nothing else
 * decides (slot_tile()). `news`: the tile shows something new since then, and the observer is told; QUIET: it shows the
 * same as in the state before. `phase` is what a fixture is observed for while its port is open (slot_presence.h).
 * `deadline`: after how long on_deadline() of slot.c comes.
 */
#define SLOT_STATES(X)                                                                                                 \
    X(ABSENT, EMPTY, NEWS, VACANT, NEVER, "no adapter")                                                                \
    X(MUTED, MUTED, NEWS, VACANT, NEVER, "an adapter at a path that is left alone")                                    \
    X(MUTED_DEFERRED, MUTED, NEWS, VACANT, NEVER, "the same, and it came during a station pause")                      \
    X(SETTLING, SETTLING, NEWS, VACANT, SETTLE, "an adapter has come; its contacts may bounce")                        \
    X(SETTLING_DEFERRED, SETTLING, NEWS, VACANT, SETTLE, "the same, and it came during a station pause")               \
    X(DEFERRED, BLOCKED, NEWS, VACANT, NEVER,                                                                          \
      "a station pause came first: put off until it is plugged again or started")                                      \
    X(BLOCKED, BLOCKED, NEWS, VACANT, NEVER, "the station may flash no board now (slot_shared_hindrance())")           \
    X(OPENING, SETTLING, NEWS, VACANT, NEVER, "the port is being opened; a fixture has its first observation")         \
    X(STARTING, SETTLING, NEWS, VACANT, NEVER, "the same, and a person has asked for an attempt")                      \
    X(TROUBLED, BLOCKED, NEWS, VACANT, RETRY, "the port cannot be used: `trouble`; tried again soon")                  \
    X(TROUBLED_AGAIN, BLOCKED, QUIET, VACANT, RETRY, "tried again, with the same trouble")                             \
    X(RETRYING, BLOCKED, QUIET, VACANT, NEVER, "as OPENING, a port in trouble")                                        \
    X(RESTARTING, BLOCKED, QUIET, VACANT, NEVER, "as STARTING, a port in trouble")                                     \
    X(STUCK, STUCK, NEWS, VACANT, NEVER,                                                                               \
      "as OPENING; the adapter has not answered and is given all the time it takes")                                   \
    X(READY, READY, NEWS, VACANT, NEVER, "a fixture, its port open, waits for a board")                                \
    X(ARRIVING, SETTLING, NEWS, CONTACT, SETTLE, "a board has come into the fixture; its contacts may bounce")         \
    X(BOOKING, SETTLING, NEWS, WORKING, NEVER, "the attempt's row is being committed")                                 \
    X(FLASHING, FLASHING, NEWS, WORKING, PROGRESS, "the recipe runs; if it lost the link, an intruder is looked for")  \
    X(ENDING, FLASHING, NEWS, WORKING, NEVER, "the verdict is being committed")                                        \
    X(ENDING_ABSENT, EMPTY, NEWS, WORKING, NEVER, "the same, and the adapter has gone")                                \
    X(ENDING_DEFERRED, FLASHING, NEWS, WORKING, NEVER, "the same, and another has come during a station pause")        \
    X(SHOWN, INTERRUPTED, NEWS, SHOWN, NEVER, "the verdict is shown; waits for removal")

enum slot_state {
#define X(name, tile, news, phase, deadline, comment) SLOT_##name,
    SLOT_STATES(X)
#undef X
        SLOT_STATE_COUNT
};

struct slot {
    struct slot_shared *shared;
    char name[64];
    char path[160];
    enum reset_mode reset;
    enum presence_mode presence, next_presence; /* in force; taken over when no attempt is at work */
    bool muted;                                 /* by the configuration; in force when no attempt is at work */

    enum slot_state state; /* only slot_enter() changes it */
    int64_t since;         /* the tile shows what it shows */
    char trouble[320];     /* of TROUBLED…, RETRYING, RESTARTING: why the port cannot be used; else "" */

    char shadowed[160]; /* the sentence of another slot that has this place's adapter; "": none is known */

    struct adapter adapter;    /* the latest one */
    uint64_t plugged;          /* when it came, steady_clock_us() */
    unsigned board_generation; /* counts adapters that came, and boards of which a fixture knows that they went */
    unsigned stuck_in_a_row;   /* attempts, of this plug, in which the adapter stopped answering */

    struct pump *pump; /* a fixture's port is open in all states from READY on, unless it failed */
    struct session session;
    struct presence probe;         /* runs while the pump has a session and the state is not FLASHING */
    struct slot_presence occupant; /* of a fixture */

    struct slot_attempt attempt;
    unsigned attempt_generation; /* the board_generation it belongs to */
    uint64_t ticket;             /* BOOKING */
    uint64_t trust;              /* FLASHING: the ticket of the latest question of book_trust(); 0: none */

    struct timer deadline; /* the state's */
    struct timer watch;    /* a fixture's next observation */
    unsigned open_timers;
};

#endif
