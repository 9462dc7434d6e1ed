/* SPDX-License-Identifier: MIT */
/*
 * The station: all slots, the golden image in force, the book's health and today's counters. It knows the whole state.
 * Who shows it takes snapshots and observes it; what changes it goes through these calls alone. All on the loop's
 * thread.
 */
#ifndef DAEMON_STATION_STATION_H
#define DAEMON_STATION_STATION_H

#include "daemon/book/book.h"
#include "daemon/config/config.h"
#include "daemon/config/product.h"
#include "daemon/station/slot.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <uv.h>

struct station;

#define STATION_ERROR_MAX 512

/* Opens the book, loads the golden image, watches for adapters. `config` is copied; `config_path` is what a reload
 * reads. NULL and a sentence in `error` if the book cannot be opened or udev cannot be had. A bad golden image does not
 * stop it: the tiles say so, and a reload mends it. */
struct station *station_start(uv_loop_t *loop, const struct config *config, const char *config_path, char *error,
                              size_t error_size) __attribute__((warn_unused_result));

/* Books what is at work as interrupted, waits for the book (at most five seconds) and closes all; handles are freed as
 * the loop runs on. Returns false if something is not in the book. */
bool station_stop(struct station *station) __attribute__((warn_unused_result));

/* Reads configuration, golden image and stub anew. If anything is wrong the old stay in force; the log has all errors,
 * the status the first. Attempts at work are not touched. Asked for while one is at work, another follows it. The
 * book's path and the sockets need a restart: the log names each that was changed. */
void station_reload(struct station *station);

/* Waits for the end of a reload. `done` comes once, with all errors (daemon/base/error_list.h), "" if there are none,
 * and in the same form a sentence for each key that was changed and needs a restart. */
struct station_reload_waiter {
    void (*done)(void *data, const char *errors, const char *kept);
    void *data;
};

/* The same for who wants to know the result; `waiter` must stay until it came. False, with a sentence in `refusal`: a
 * reload is at work. If the station stops before its end, `done` does not come. */
bool station_reload_and_tell(struct station *station, struct station_reload_waiter *waiter, char *refusal, size_t size)
    __attribute__((warn_unused_result));

/* `done` does not come any more. */
void station_reload_forget(struct station *station, const struct station_reload_waiter *waiter);

/* The whole but for its slots: plain data, a copy. */
struct station_snapshot {
    char name[64], operator[64], lot[64];
    int64_t started; /* µs since 1970 */
    bool paused;     /* no attempt begins, see station_pause() */
    /* Sentences; "": all is well. */
    char hindrance[STATION_ERROR_MAX + 64]; /* why no attempt may begin: a pause, the book, or no golden image */
    char book_error[STATION_ERROR_MAX];
    char golden_error[STATION_ERROR_MAX]; /* why the latest load failed: `product` is the one before, if any */
    const struct product *product;        /* in force, NULL: none. Valid until the caller returns to the loop */
    struct book_counts today;             /* since local midnight */
};

void station_snapshot(const struct station *station, struct station_snapshot *snapshot);

/* Its slots in the order of the configuration, those that it does not name behind them by name. */
size_t station_slot_count(const struct station *station);
void station_slot_snapshot(const struct station *station, size_t index, struct slot_snapshot *snapshot);

/* Is told of changes, after they have happened. Members that are NULL are not called. Owned by its caller, who sets the
 * functions and `data`; it must stay until station_unobserve() or the station's end. In these callbacks no observer
 * comes or goes. */
struct station_observer {
    void (*station_changed)(void *data, const struct station *station); /* something of its snapshot */
    void (*slots_changed)(void *data, const struct station *station);   /* which there are, or their order and names */
    void (*slot_changed)(void *data, const struct slot_snapshot *slot);
    void (*slot_gone)(void *data, const char *name);
    void (*verdict)(void *data, const struct attempt *attempt); /* it is in the book */
    void *data;
    LIST_ENTRY(station_observer) link; /* the station's */
};

void station_observe(struct station *station, struct station_observer *observer);
void station_unobserve(struct station_observer *observer);

enum station_reply { STATION_OK, STATION_NO_SUCH_SLOT, STATION_CONFLICT };

/* Starts a new attempt at the slot with this name. STATION_OK: `snapshot` shows it; STATION_CONFLICT: `*refusal` is a
 * sentence that says why not, valid until the caller returns to the loop. */
enum station_reply station_start_slot(struct station *station, const char *name, struct slot_snapshot *snapshot,
                                      const char **refusal) __attribute__((warn_unused_result));

/* The same at each slot that waits for a person's start (presence = start) and can; `started` gets their names. NULL,
 * or a sentence why none could, valid until the caller returns to the loop. */
const char *station_start_slots(struct station *station, void (*started)(void *data, const char *name), void *data)
    __attribute__((warn_unused_result));

/* Pauses the station for so many seconds from now on, 0 to STATION_PAUSE_MAX: attempts at work go on, none begins. A
 * board that comes with its adapter is deferred, also after the pause, until it is plugged in again or started. 0 ends
 * it. A lease: the client renews it, and if it exits the pause ends by itself. The API calls it a hold (docs/api.md).
 */
#define STATION_PAUSE_MAX 60
void station_pause(struct station *station, unsigned seconds);

/* The book, for reading. */
struct book *station_book(const struct station *station);

#endif
