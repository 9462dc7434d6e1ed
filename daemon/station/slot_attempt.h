/* SPDX-License-Identifier: MIT */
/*
 * A slot's attempt: its row, its job and recipe, its verdict, and the baud rate that the next one begins at. It knows
 * neither port nor book, and has no callbacks: the slot asks it and does the rest. On the loop's thread.
 */
#ifndef DAEMON_STATION_SLOT_ATTEMPT_H
#define DAEMON_STATION_SLOT_ATTEMPT_H

#include "daemon/book/attempt.h"
#include "daemon/config/config.h"
#include "daemon/config/product.h"
#include "daemon/port/hotplug.h"
#include "daemon/station/updates.h"
#include "proto/recipe/program.h"

struct slot_attempt {
    struct attempt row;      /* id 0: not in the book */
    uint64_t started;        /* steady_clock_us(), of row.started: the duration is right also if the clock is set */
    struct product *product; /* of the attempt at work, or of the latest; a reference */
    struct updates *updates;
    struct shared_update *update; /* that the recipe has been given; a reference */
    struct program_job job;
    struct program program;

    uint32_t good_baud;    /* at which a board passed here last; 0: none yet */
    unsigned passes_there; /* in a row */

    /* What the tile has been told. */
    enum program_state told_state;
    unsigned told_percent, told_seconds;
};

/* Where an attempt is made, and with what. */
struct slot_attempt_setup {
    const struct config *config;
    struct product *product;
    struct updates *updates;
    const struct adapter *adapter;
    const char *slot, *path; /* the slot's name and USB path */
    const uint32_t *bauds;   /* the ladder, or what of it the adapter does: falling, n_bauds, at least one */
    size_t n_bauds;
    bool manual_reset;
    bool stay_in_stub; /* whatever the configuration says of the end: a board that passed is asked there if it is still
                        * present (slot_presence.h) */
};

/* A new attempt: `row` holds what the book must know before the first byte goes out, with `id` 0. The verdict of the
 * one before is forgotten; the baud rate at which its board passed is not. */
void slot_attempt_prepare(struct slot_attempt *attempt, const struct slot_attempt_setup *setup);

/* The row is in the book as `id`: binds the recipe to the session and starts it. */
void slot_attempt_start(struct slot_attempt *attempt, struct session *session, int64_t id);

/* The recipe has had an event: logs a try that has failed. True if `row` now says more of the unit or its tries than
 * before: to be noted in the book. */
bool slot_attempt_observe(struct slot_attempt *attempt) __attribute__((warn_unused_result));

/* True if state, percent or seconds to go are others than when it was true last: the tile is to be told. */
bool slot_attempt_has_progressed(struct slot_attempt *attempt) __attribute__((warn_unused_result));

/* The recipe is in another state than slot_attempt_has_progressed() saw. */
bool slot_attempt_has_new_state(const struct slot_attempt *attempt);

/* The attempt ended because its port failed, which is then no longer usable. */
bool slot_attempt_lost_port(const struct slot_attempt *attempt);

/* The recipe has failed, and not a byte came in all of it: nothing says that there was a board. */
bool slot_attempt_heard_nothing(const struct slot_attempt *attempt);

/* The recipe has failed in a way that another program on its port would explain. */
bool slot_attempt_lost_link(const struct slot_attempt *attempt);

/* The recipe has ended, or was aborted: closes `row`. */
void slot_attempt_close(struct slot_attempt *attempt);

/* The verdict is in the book: into the log with it, and what worked is where the next attempt begins. */
void slot_attempt_conclude(struct slot_attempt *attempt);

/* The log's part of it alone: gangd ends and cannot wait for the book. */
void slot_attempt_log_verdict(const struct slot_attempt *attempt);

#endif
