/* SPDX-License-Identifier: MIT */
/* The inside of a slot, for slot.c (its life), slot_attempt.c (an attempt), slot_presence.c (a fixture and who sits in
 * it), slot_talk.c (port and session) and slot_json.c (its face). */
#ifndef DAEMON_STATION_SLOT_INTERNAL_H
#define DAEMON_STATION_SLOT_INTERNAL_H

#include "daemon/port/tty.h"
#include "daemon/station/slot.h"
#include "proto/recipe/presence.h"
#include "proto/recipe/program.h"
#include "proto/recipe/program_progress.h"

enum slot_stage {
    STAGE_IDLE,     /* nothing to do: no adapter, or one that is left alone */
    STAGE_SETTLING, /* plugged in, or a board has come into the fixture; contacts may bounce */
    STAGE_BLOCKED,  /* cannot begin: `trouble` of this slot's port, or world->blocked */
    STAGE_OPENING,  /* the port is being opened, as soon as the kernel has let go of it; a fixture has its first look */
    STAGE_STUCK,    /* the same, and the adapter has not answered for seconds; it is given all the time it takes */
    STAGE_READY,    /* a fixture waits for a board */
    STAGE_BOOKING,  /* the attempt's row is being committed */
    STAGE_FLASHING, /* the recipe runs */
    STAGE_ENDING,   /* the verdict is being committed */
    STAGE_SHOWN,    /* the verdict is shown; waits for removal */
};

struct slot {
    struct slot_world *world;
    char name[64];
    char path[160];
    enum reset_mode reset;
    enum presence_mode presence, next_presence; /* in force; taken over when no attempt is at work */
    bool muted;

    enum slot_stage stage;
    int64_t since;
    char trouble[320]; /* BLOCKED: why the port cannot be used; "": not the port's fault */

    unsigned sticks; /* attempts in a row, of this plug, in which the adapter stopped answering */

    bool present;
    bool held; /* came, or would have begun, during a hold: left alone. Not in a fixture */
    struct adapter adapter;
    unsigned plug; /* counts adapters that came, and boards of which a fixture knows that they went */

    struct tty *tty; /* hung up after ENDING, until the kernel has let go of the port; NULL: none */
    bool open_next;  /* when `tty` is closed */
    bool port;       /* `tty` is open, not hung up. A fixture's is so in all stages from READY on */
    bool overdue;    /* the adapter's answer, when it was last looked at */
    bool asked;      /* a person has pressed start: for an attempt as soon as the port is open */
    /* What the worker has been told: lines or baud, for the session, or for one that has been dropped; to read lines.
     */
    enum { PORT_IDLE, PORT_SETTING, PORT_STALE, PORT_READING } order;
    uint64_t ticket; /* BOOKING */

    struct attempt attempt;  /* id 0: none yet */
    unsigned attempt_plug;   /* the plug it belongs to */
    struct product *product; /* of the attempt at work */
    struct program_job job;
    struct session session;
    struct program program;

    struct {          /* of a fixture, see slot_presence.c */
        bool looking; /* `look` is the session's recipe */
        struct presence look;
        bool tight;            /* of the latest look */
        uint32_t waiting_baud; /* at which the judged board waits; 0: it does not */
        bool known;            /* `mac` is the board's that sits here, or is being judged */
        uint8_t mac[6];
        unsigned odd, empty; /* looks in a row that found something unknown; nothing */
        bool lid_closed;
        unsigned lid_opens; /* readings in a row that say so */
    } seat;

    uint32_t good_baud;    /* at which a board passed here last; 0: none yet */
    unsigned passes_there; /* in a row */

    enum program_state told_state; /* what `changed` told last */
    unsigned told_percent, told_seconds;

    uv_timer_t timer;    /* settling; another look at a port in trouble */
    uv_timer_t deadline; /* the session's */
    uv_timer_t tick;     /* while there is a port: an eye on a stuck adapter; progress */
    uv_timer_t watch;    /* the next look, or reading of the lid */
    unsigned open_timers;
};

/* slot.c. The three of the port are for all stages but FLASHING. */
void slot_set_stage(struct slot *slot, enum slot_stage stage);
const char *slot_hindrance(const struct slot *slot); /* why no attempt may begin on this station; NULL: it may */
void slot_opened(struct slot *slot);
void slot_port_trouble(struct slot *slot, enum cause cause, const char *detail);
void slot_port_stuck(struct slot *slot); /* what it does takes too long; it may still end */
void slot_port_gone(struct slot *slot, const char *detail);
void slot_settle(struct slot *slot); /* a board, or an adapter, has come */
void slot_ready(struct slot *slot);  /* a fixture, its port open, waits for a board */
void slot_judged(struct slot *slot); /* the verdict is in the book */

/* slot_attempt.c */
void slot_book(struct slot *slot);         /* the port is open: commit the attempt's row, then flash */
void slot_note(struct slot *slot);         /* the recipe has come further: what it knows of the unit is noted */
void slot_finish(struct slot *slot);       /* the recipe has ended: book it */
void slot_stop_attempt(struct slot *slot); /* the same at gangd's end: the recipe was aborted, nobody waits */

/* slot_presence.c: with a port that is open. */
void slot_presence_opened(struct slot *slot);
void slot_presence_ready(struct slot *slot);
void slot_presence_settled(struct slot *slot); /* settle_ms have passed */
void slot_presence_shown(struct slot *slot);   /* an attempt's verdict is shown from now on */
void slot_presence_forget(struct slot *slot);  /* an attempt begins with whoever sits here now */
void slot_presence_looked(struct slot *slot);
void slot_presence_read(struct slot *slot, int error, unsigned lines);
void slot_presence_stop(struct slot *slot); /* the port is given up; fine if there is none */

/* slot_talk.c */
void slot_talk_open(struct slot *slot);
void slot_talk_hang_up(struct slot *slot); /* closes the port; slot_talk_open() waits until that is through */
void slot_talk_start(struct slot *slot);   /* a recipe has begun: do what it wants */
void slot_talk_drop(struct slot *slot);    /* the recipe is over; the port stays open */
void slot_talk_abort(struct slot *slot, enum cause cause, const char *detail); /* in FLASHING */
void slot_talk_close(struct slot *slot); /* gives the port up, nobody waits; fine if there is none */

#endif
