/* SPDX-License-Identifier: MIT */
/*
 * The station: all slots, the golden image in force, the book's health and today's counters. It knows the whole state;
 * http shows it and changes it through these calls alone.
 */
#ifndef DAEMON_STATION_H
#define DAEMON_STATION_H

#include <jansson.h>
#include <stdbool.h>

struct station;
struct store;

/* The objects of docs/api.md. New references. */
json_t *station_status(const struct station *station); /* with slots */
json_t *station_summary(const struct station *station); /* without */

enum station_reply { STATION_OK, STATION_NO_SUCH_SLOT, STATION_CONFLICT };

/* Starts a new attempt at `slot`. STATION_OK: `*answer` is its SLOT object; otherwise a JSON string with the reason.
 * New reference. */
enum station_reply station_retry(struct station *station, const char *slot, json_t **answer);

/* The book, for reading. */
struct store *station_store(const struct station *station);

#endif
