/* SPDX-License-Identifier: MIT */
/*
 * The station: all slots, the golden image in force, the book's health and today's counters. It knows the whole state;
 * http shows it and changes it through these calls alone.
 */
#ifndef DAEMON_STATION_STATION_H
#define DAEMON_STATION_STATION_H

#include "daemon/api/events.h"
#include "daemon/config/config.h"

#include <jansson.h>
#include <stdbool.h>
#include <uv.h>

struct station;
struct book;

/* Opens the book, loads the golden image, watches for adapters. `config` is copied; `config_path` is what a reload
 * reads. NULL and a sentence in `error` if the book cannot be opened or udev cannot be had. A bad golden image does not
 * stop it: the tiles say so, and a reload mends it. `events` must outlive it. */
struct station *station_start(uv_loop_t *loop, const struct config *config, const char *config_path,
                              struct events *events, char *error, size_t error_size);

/* Books what is at work as interrupted, waits for the book (at most five seconds) and closes all; handles are freed as
 * the loop runs on. Returns false if something is not in the book. */
bool station_stop(struct station *station);

/* Reads configuration, golden image and stub anew. If anything is wrong the old stay in force, and status and log say
 * why. Attempts at work are not touched. Asked for while one is at work, another follows it. Slots, sockets and the
 * book's path need a restart. */
void station_reload(struct station *station);

/* The objects of docs/api.md. New references. */
json_t *station_status(const struct station *station);  /* with slots */
json_t *station_summary(const struct station *station); /* without */

enum station_reply { STATION_OK, STATION_NO_SUCH_SLOT, STATION_CONFLICT };

/* Starts a new attempt at `slot`. STATION_OK: `*answer` is its SLOT object; otherwise a JSON string with the reason.
 * New reference. */
enum station_reply station_start_slot(struct station *station, const char *slot, json_t **answer);

/* The same at each slot that waits for a person's start (presence = start) and can. An array of their names; new
 * reference. */
json_t *station_start_slots(struct station *station);

/* Holds the station for so many seconds from now on, 0 to STATION_HOLD_MAX: attempts at work go on, none begins. A
 * board that comes with its adapter is left alone, also after the hold, until it is plugged in again or started. 0 ends
 * it. A lease: who holds renews it, and if he dies the station is free again. */
#define STATION_HOLD_MAX 60
void station_hold(struct station *station, unsigned seconds);

/* The book, for reading. */
struct book *station_store(const struct station *station);

#endif
