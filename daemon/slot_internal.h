/* SPDX-License-Identifier: MIT */
/* The inside of a slot, for slot.c (its life), slot_talk.c (port and session) and slot_json.c (its face). */
#ifndef DAEMON_SLOT_INTERNAL_H
#define DAEMON_SLOT_INTERNAL_H

#include "daemon/slot.h"
#include "daemon/tty.h"
#include "proto/flash.h"

enum slot_stage {
    STAGE_IDLE,     /* nothing to do: no adapter, or one that is left alone */
    STAGE_SETTLING, /* plugged in; contacts may bounce */
    STAGE_BLOCKED,  /* cannot begin: `trouble` of this slot's port, or world->blocked */
    STAGE_OPENING,  /* the port is being opened, as soon as the kernel has let go of it */
    STAGE_STUCK,    /* the same, and the adapter has not answered for seconds; it is given all the time it takes */
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
    bool muted;

    enum slot_stage stage;
    int64_t since;
    char trouble[320]; /* BLOCKED: why the port cannot be used; "": not the port's fault */

    unsigned sticks; /* attempts in a row, of this plug, in which the adapter stopped answering */

    bool present;
    bool held; /* came, or would have begun, during a hold: left alone */
    struct adapter adapter;
    unsigned plug; /* counts adapters that came */

    struct tty *tty; /* hung up after ENDING, until the kernel has let go of the port; NULL: none */
    bool open_next;  /* when `tty` is closed */
    bool setting;    /* a tty_lines() or tty_baud() is under way */
    uint64_t ticket; /* BOOKING */

    struct attempt attempt;  /* id 0: none yet */
    unsigned attempt_plug;   /* the plug it belongs to */
    struct product *product; /* of the attempt at work */
    struct flash_job job;
    struct session session;
    struct flash flash;

    uint32_t good_baud;    /* at which a board passed here last; 0: none yet */
    unsigned passes_there; /* in a row */

    enum flash_state told_state; /* what `changed` told last */
    unsigned told_percent, told_seconds;

    uv_timer_t timer;    /* settling; another look at a port in trouble */
    uv_timer_t deadline; /* the session's */
    uv_timer_t tick;     /* while opening and flashing: an eye on a stuck adapter; progress */
    unsigned open_timers;
};

/* slot.c */
void slot_note(struct slot *slot);   /* the recipe has come further: what it knows of the unit is noted */
void slot_finish(struct slot *slot); /* the recipe has ended: book it */
void slot_port_trouble(struct slot *slot, enum cause cause, const char *detail);
void slot_port_stuck(struct slot *slot); /* close or open take too long; they may still end */
void slot_book(struct slot *slot);       /* the port is open: commit the attempt's row */

/* slot_talk.c */
void slot_talk_open(struct slot *slot);
void slot_talk_hang_up(struct slot *slot); /* closes the port; slot_talk_open() waits until that is through */
void slot_talk_start(struct slot *slot);   /* the recipe has begun: do what it wants */
void slot_talk_close(struct slot *slot);   /* gives the port up, nobody waits; fine if there is none */

#endif
