/* SPDX-License-Identifier: MIT */
/*
 * The bench: slots with adapters, boards in them, and the book of what really became of every board. All functions are
 * for one thread. Those that return int give 0, or -1 with a sentence in `error`.
 */
#ifndef BOARDSIM_BENCH_H
#define BOARDSIM_BENCH_H

#include "tools/boardsim/adapter.h"
#include "tools/boardsim/backend.h"
#include "tools/boardsim/spec.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct bench;

struct bench_options {
    const struct backend_type *backend;
    const struct adapter_kind *kind; /* NULL: another one from slot to slot */
    uint64_t seed;
    double faulty;        /* fraction of the boards that get a fault at random, 0..1 */
    struct spec board;    /* what every board is like, unless ordered otherwise */
    const char *dump_dir; /* each board's flash goes there when it is taken out; NULL: nowhere */
    bool verbose;         /* a line on stderr for all that the hands do */
};

/* `options` must outlive the bench. Opens the back end. NULL with a sentence. */
struct bench *bench_new(const struct bench_options *options, char *error, size_t size);
/* Unplugs everything. */
void bench_free(struct bench *bench);

/* Readable when bench_tick() has something to do at once. */
int bench_event_fd(const struct bench *bench);
/* Does what is due: lets buttons go, pulls adapters whose fault says so, and brings back those that
 * bounce. Returns the ns until it should be called
 * again, UINT64_MAX if only bench_event_fd() can tell. */
uint64_t bench_tick(struct bench *bench);
/* Seconds since bench_new(). */
double bench_time(const struct bench *bench);

/* What boards that are put into this slot from now on are like: to be changed with spec_add(). */
struct spec *bench_slot_spec(struct bench *bench, unsigned slot);
/* The same without anything that was ordered for this slot alone. */
const struct spec *bench_plain_spec(const struct bench *bench);

/* A new board with its adapter. `spec`: NULL for what the slot's boards are like. */
int bench_plug(struct bench *bench, unsigned slot, const struct spec *spec, char *error, size_t size);
/* The adapter goes, and the board with it: it stays in the operator's hand. `detach`: see backend_type.unplug. */
int bench_unplug(struct bench *bench, unsigned slot, bool detach, char *error, size_t size);
/* The board in the hand comes back, without what was seen of it in its chip, with what is in its flash. */
int bench_replug(struct bench *bench, unsigned slot, char *error, size_t size);
/* A fixture: its adapter without a board. */
int bench_fixture(struct bench *bench, unsigned slot, char *error, size_t size);
/* Its adapter stays: a new board, the board goes. */
int bench_seat(struct bench *bench, unsigned slot, const struct spec *spec, char *error, size_t size);
int bench_lift(struct bench *bench, unsigned slot, char *error, size_t size);

/* The lid of the fixture alone: its line is asserted while a board is in and the lid is closed. Seating a board closes
 * it, lifting one opens it. */
int bench_lid(struct bench *bench, unsigned slot, bool closed, char *error, size_t size);

/* Fingers stay on the buttons. */
int bench_hold(struct bench *bench, unsigned slot, bool reset, bool flash, char *error, size_t size);
/* A tap on reset; with `flash`, while that button is held. */
int bench_press(struct bench *bench, unsigned slot, bool flash, char *error, size_t size);
/* See backend_type.hang. */
int bench_hang(struct bench *bench, unsigned slot, bool control, bool bytes, char *error, size_t size);

struct bench_view {
    bool plugged, seated; /* an adapter is in; a board is on it */
    bool bounces;         /* it was in a moment ago, and comes back by itself */
    int tty;              /* n of /dev/ttyUSBn, -1 */
    const char *kind;
    const char *faults;
    const char *lid; /* "open" or "closed"; "none": no line tells of it */
    uint8_t mac[6];
    struct adapter_state wire; /* of the board that is seated; zero without an adapter */
};
void bench_view(struct bench *bench, unsigned slot, struct bench_view *view);

/* Whether the host seems to have finished with this board, as far as a person at the bench can see it: it was opened
 * since the board came, and then it was closed for a while, or nothing has moved for long. */
bool bench_finished(struct bench *bench, unsigned slot);

/* MD5 of the flash of the board in the slot, in hex with its NUL; its flash as a file. */
int bench_md5(struct bench *bench, unsigned slot, char md5[33], char *error, size_t size);
int bench_dump(struct bench *bench, unsigned slot, const char *path, char *error, size_t size);

/* What the board in the slot has said since it last left reset, escaped as in JSON, into `text`; or the error. */
int bench_log(struct bench *bench, unsigned slot, char *text, size_t size);

/* Takes out all that is in. Before this bench_report() and bench_lag() do not yet know of it. */
void bench_unplug_all(struct bench *bench);

/* Changes the environment for a program that shall see the adapters. */
void bench_enter(const struct bench *bench);

/* How far a board's clock was behind the wall clock, at worst, in ms. */
double bench_lag(const struct bench *bench);

/* The truth about every board that was ever in, as JSON. */
void bench_report(const struct bench *bench, FILE *file);

#endif
