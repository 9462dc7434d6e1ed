/* SPDX-License-Identifier: MIT */
/*
 * The station in JSON, as docs/api.md has it, and its changes as events. Texts that are no printable UTF-8 (they come
 * from USB devices and file names) have '?' in place of it: one bad name never costs an answer.
 */
#ifndef DAEMON_API_PUBLISH_H
#define DAEMON_API_PUBLISH_H

#include "daemon/api/events.h"
#include "daemon/station/station.h"

#include <jansson.h>

/* The object `status`, with and without its slots; the array of its slots; a SLOT object. New references. Never NULL in
 * gangd, where jansson aborts when out of memory (main.c). */
json_t *publish_status(const struct station *station) __attribute__((warn_unused_result));
json_t *publish_summary(const struct station *station) __attribute__((warn_unused_result));
json_t *publish_slots(const struct station *station) __attribute__((warn_unused_result));
json_t *publish_slot(const struct slot_snapshot *slot) __attribute__((warn_unused_result));

/* Publishes each change of `station` from now on as an event: station, snapshot, slot, slot-gone, verdict. `events` and
 * `publisher` must outlive the station, or publish_stop(), which tests alone use, comes before. */
struct publisher {
    struct station_observer observer;
    struct events *events;
};
void publish_start(struct publisher *publisher, struct station *station, struct events *events);
void publish_stop(struct publisher *publisher);

#endif
