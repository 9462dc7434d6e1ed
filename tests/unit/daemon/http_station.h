/* SPDX-License-Identifier: MIT */
/*
 * The harness's station. Definitions: one file of a test program includes it, and then has these instead of the real
 * ones of daemon/station/station.c and daemon/api/publish.c.
 */
#ifndef TESTS_UNIT_DAEMON_HTTP_STATION_H
#define TESTS_UNIT_DAEMON_HTTP_STATION_H

#include "daemon/api/publish.h"
#include "tests/unit/daemon/http_harness.h"

#include <string.h>

json_t *publish_summary(const struct station *station)
{
    (void)station;
    return json_pack("{s:s,s:s,s:s,s:s,s:{s:b,s:n},s:{s:b,s:n,s:s,s:i,s:[{s:s}]},"
                     "s:{s:i,s:i,s:i,s:i,s:i,s:f,s:f,s:i}}",
                     "station", "bench-1", "gangd", "0.1.0", "started", "2026-03-02T06:00:00.000Z", "blocked",
                     "gangd is paused: no attempt begins", "book", "ok", 1, "error", "golden", "ok", 1, "error", "md5",
                     "00112233445566778899aabbccddeeff", "size", 4194304, "files", "file", "golden.bin", "today",
                     "pass", 3, "fail", 1, "interrupted", 0, "units_passed", 3, "units_failed", 1, "yield", 0.75,
                     "first_pass_yield", 0.5, "units_per_hour", 3);
}

/* A1 is at work; B2 holds a board that failed, on an adapter with a hostile name. */
json_t *publish_status(const struct station *station)
{
    json_t *status = publish_summary(station);
    json_t *a1 = json_pack("{s:s,s:s,s:s,s:n,s:{s:s},s:{s:s,s:i,s:f}}", "slot", "A1", "state", "flashing", "sentence",
                           "Writing the image", "prompt", "adapter", "devnode", "/dev/ttyUSB0", "attempt", "mac",
                           "18:fe:34:00:00:01", "percent", 43, "seconds_left", 12.3);
    json_t *b2 = json_pack("{s:s,s:s,s:s,s:n,s:{s:s},s:{s:s,s:s,s:s,s:s}}", "slot", "B2", "state", "fail", "sentence",
                           "The board is silent", "prompt", "adapter", "devnode", "/dev/\033[31mttyUSB1", "attempt",
                           "mac", "", "cause", "board-silent", "sentence", "The board is silent", "detail", "");
    json_object_set_new(status, "slots", json_pack("[o,o]", a1, b2));
    return status;
}

json_t *publish_slots(const struct station *station)
{
    json_t *status = publish_status(station), *slots = json_incref(json_object_get(status, "slots"));
    json_decref(status);
    return slots;
}

json_t *publish_slot(const struct slot_snapshot *slot)
{
    return json_pack("{s:s}", "slot", slot->name);
}

enum station_reply station_start_slot(struct station *station, const char *name, struct slot_snapshot *snapshot,
                                      const char **refusal)
{
    *snapshot = (struct slot_snapshot){.name = "A1"};
    *refusal = "slot B2 is empty";
    if (strcmp(name, "B2") == 0)
        return STATION_CONFLICT;
    if (strcmp(name, "A1") != 0)
        return STATION_NO_SUCH_SLOT;
    station->starts++;
    return STATION_OK;
}

const char *station_start_slots(struct station *station, void (*started)(void *data, const char *name), void *data)
{
    if (station->held > 0)
        return "gangd is paused: no attempt begins";
    station->starts++;
    started(data, "A1");
    return NULL;
}

void station_pause(struct station *station, unsigned seconds)
{
    station->held = (int)seconds;
}

bool station_reload_and_tell(struct station *station, struct station_reload_waiter *waiter, char *refusal, size_t size)
{
    if (station->waiter) {
        snprintf(refusal, size, "a reload has been at work for 3 s");
        return false;
    }
    station->waiter = waiter;
    return true;
}

void station_reload_forget(struct station *station, const struct station_reload_waiter *waiter)
{
    ck_assert_ptr_eq(station->waiter, waiter);
    station->waiter = NULL;
}

struct book *station_book(const struct station *station)
{
    return station->book;
}

#endif
