/* SPDX-License-Identifier: MIT */
/*
 * The rack: slots with adapters, boards in them, and the record of what really became of every board. All functions are
 * for one thread. Those that return int give 0, or -1 with a sentence in `error`.
 */
#ifndef BOARDSIM_RACK_H
#define BOARDSIM_RACK_H

#include "tools/boardsim/backend.h"
#include "tools/boardsim/sim_adapter.h"
#include "tools/boardsim/spec.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct rack;

struct rack_options {
    const struct backend_type *backend;
    const struct adapter_kind *kind; /* NULL: another one from slot to slot */
    uint64_t seed;
    double faulty;        /* fraction of the boards that get a fault at random, 0..1 */
    struct spec board;    /* what every board is like, unless ordered otherwise */
    const char *dump_dir; /* each board's flash goes there when it is taken out; NULL: nowhere */
    bool verbose;         /* a line on stderr for all that is done to the boards */
};

/* `options` must outlive the rack. Opens the back end. NULL with a sentence. */
__attribute__((warn_unused_result)) struct rack *rack_new(const struct rack_options *options, char *error, size_t size);
/* Unplugs everything. */
void rack_free(struct rack *rack);

/* Readable when rack_tick() has something to do at once. */
int rack_event_fd(const struct rack *rack);
/* Does what is due: releases buttons, unplugs adapters by their fault, and plugs in again those that bounce. Returns
 * the ns until it should be called again, UINT64_MAX if only rack_event_fd() can tell. */
uint64_t rack_tick(struct rack *rack);
/* Seconds since rack_new(). */
double rack_time(const struct rack *rack);

/* What boards that are put into this slot from now on are like: to be changed with spec_add(). */
struct spec *rack_slot_spec(struct rack *rack, unsigned slot);
/* The same without anything that was ordered for this slot alone. */
const struct spec *rack_plain_spec(const struct rack *rack);

/* A new board with its adapter. `spec`: NULL for what the slot's boards are like. */
__attribute__((warn_unused_result)) int rack_plug(struct rack *rack, unsigned slot, const struct spec *spec,
                                                  char *error, size_t size);
/* The adapter goes, and the board with it: it stays in the operator's hand. `detach`: see backend_type.unplug. */
__attribute__((warn_unused_result)) int rack_unplug(struct rack *rack, unsigned slot, bool detach, char *error,
                                                    size_t size);
/* The board in the hand comes back, without what was seen of it in its chip, with what is in its flash. */
__attribute__((warn_unused_result)) int rack_replug(struct rack *rack, unsigned slot, char *error, size_t size);
/* A fixture: its adapter without a board. */
__attribute__((warn_unused_result)) int rack_fixture(struct rack *rack, unsigned slot, char *error, size_t size);
/* Its adapter stays: a new board, the board goes. */
__attribute__((warn_unused_result)) int rack_seat(struct rack *rack, unsigned slot, const struct spec *spec,
                                                  char *error, size_t size);
__attribute__((warn_unused_result)) int rack_lift(struct rack *rack, unsigned slot, char *error, size_t size);

/* The lid of the fixture alone: its line is asserted while a board is in and the lid is closed. Seating a board closes
 * it, lifting one opens it. */
__attribute__((warn_unused_result)) int rack_lid(struct rack *rack, unsigned slot, bool closed, char *error,
                                                 size_t size);

/* Fingers stay on the buttons. */
__attribute__((warn_unused_result)) int rack_hold_buttons(struct rack *rack, unsigned slot, bool reset, bool flash,
                                                          char *error, size_t size);
/* A tap on reset; with `flash`, while that button is held. */
__attribute__((warn_unused_result)) int rack_press(struct rack *rack, unsigned slot, bool flash, char *error,
                                                   size_t size);
/* See backend_type.hang. */
__attribute__((warn_unused_result)) int rack_hang(struct rack *rack, unsigned slot, bool control, bool bytes,
                                                  char *error, size_t size);

struct rack_view {
    bool plugged, seated; /* an adapter is in; a board is on it */
    bool bounces;         /* it was in a moment ago, and comes back by itself */
    int tty;              /* n of /dev/ttyUSBn, -1 */
    const char *kind;
    const char *faults;
    const char *lid; /* "open" or "closed"; "none": it is on no line */
    uint8_t mac[6];
    struct sim_adapter_state wire; /* of the board that is seated; zero without an adapter */
};
void rack_view(struct rack *rack, unsigned slot, struct rack_view *view);

/* Whether the host seems to have finished with this board, as far as a person at the bench can see it: it was opened
 * since the board came, and then it was closed for a while, or nothing has moved for long. */
bool rack_finished(struct rack *rack, unsigned slot);

/* MD5 of the flash of the board in the slot, in hex with its NUL; its flash as a file. */
__attribute__((warn_unused_result)) int rack_md5(struct rack *rack, unsigned slot, char md5[33], char *error,
                                                 size_t size);
__attribute__((warn_unused_result)) int rack_dump(struct rack *rack, unsigned slot, const char *path, char *error,
                                                  size_t size);

/* What the board in the slot has said since it last left reset, escaped as in JSON, into `text`; or the error. */
__attribute__((warn_unused_result)) int rack_log(struct rack *rack, unsigned slot, char *text, size_t size);

/* Takes out all that is in. Before this rack_report() and rack_lag() do not yet know of it. */
void rack_unplug_all(struct rack *rack);

/* Changes this process's environment so that a program started from it sees the adapters. */
void rack_enter(const struct rack *rack);

/* How far a board's clock was behind the wall clock, at worst, in ms. */
double rack_lag(const struct rack *rack);

/* The record of every board that was ever plugged in, as JSON. */
void rack_report(const struct rack *rack, FILE *file);

#endif
