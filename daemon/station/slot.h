/* SPDX-License-Identifier: MIT */
/*
 * A slot owns everything at one USB path: the adapter, the port, the conversation, the attempt. Its life:
 *
 *   empty -> settling -> flashing (or waiting for a person) -> pass, fail or interrupted -> empty when taken away
 *
 * where boards come with their adapter. In a fixture, whose adapter stays, `ready` is in the place of empty, and the
 * port is open all the while, so that no other program gets it.
 *
 * The order that matters: the port is opened, the attempt's row is committed, and only then the first byte is sent; a
 * verdict is shown only when it is committed.
 */
#ifndef DAEMON_STATION_SLOT_H
#define DAEMON_STATION_SLOT_H

#include "daemon/book/attempt.h"
#include "daemon/config/config.h"
#include "daemon/port/hotplug.h"
#include "daemon/station/slot_shared.h"
#include "daemon/station/tile.h"

#include <stdbool.h>

/* `config` is copied: its name is for people, its path the identity. `muted`: adapters here are left alone. Owned by
 * the caller until slot_free(). Never NULL: aborts when out of memory. All calls on the loop's thread. */
struct slot *slot_new(struct slot_shared *shared, const struct config_slot *config, bool muted);

/* What the configuration says of this path now. An attempt at work goes on to its verdict, and is booked under the name
 * that it began with. */
void slot_configure(struct slot *slot, const struct config_slot *config, bool muted);

/* Gives up at once: whatever runs is booked as interrupted, stopped. Callbacks come no more. */
void slot_free(struct slot *slot);

/* The slot `by` names the same place by its other name, and has the adapter. This slot stays empty, and says so until
 * it is configured anew. */
void slot_shadow(struct slot *slot, const char *by);

/* An adapter came; the one that was there before is gone. */
void slot_plug(struct slot *slot, const struct adapter *adapter);
void slot_unplug(struct slot *slot);

/* shared->blocked, shared->product or shared->paused changed: begin what was waiting for that. */
void slot_recheck(struct slot *slot);

/* A new attempt, asked for by a person. NULL, or a sentence why not. */
const char *slot_start(struct slot *slot) __attribute__((warn_unused_result));

const char *slot_name(const struct slot *slot);
const char *slot_path(const struct slot *slot);
enum presence_mode slot_mode(const struct slot *slot); /* how boards come into it */
enum tile_state slot_tile(const struct slot *slot);
const struct adapter *slot_adapter(const struct slot *slot); /* NULL: none there */
int64_t slot_since(const struct slot *slot);                 /* of the state, µs since 1970 */

bool slot_is_idle(const struct slot *slot); /* nothing at work, nothing to be booked */

/* All that is shown of a slot: a copy, plain data. Texts may hold any bytes that a device or a file name has. */
struct slot_snapshot {
    char name[64], path[160];
    enum presence_mode presence;
    enum tile_state tile;
    int64_t since;      /* of the tile's state, µs since 1970 */
    char sentence[640]; /* what has happened, for the operator; "" */
    const char *prompt; /* what a person must do now: static; NULL: nothing */
    bool has_adapter;
    struct adapter adapter;
    bool has_attempt;
    struct attempt attempt; /* the latest one here; open until its verdict is committed */
    /* Of an attempt that is open. */
    struct {
        const char *phase;        /* static; NULL: the attempt is not open */
        unsigned tries_allowed;   /* tries that it may have */
        const char *previous_try; /* the sentence of why the try before failed, static; "" */
        unsigned percent;         /* 0 to 100 */
        double seconds_left;      /* negative: unknown */
    } progress;
};

void slot_snapshot(const struct slot *slot, struct slot_snapshot *snapshot);

#endif
