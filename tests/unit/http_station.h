/* SPDX-License-Identifier: MIT */
/*
 * The bench's station. Definitions: one file of a test program includes it, and then has these instead of the real ones
 * of daemon/station.c.
 */
#ifndef TESTS_UNIT_HTTP_STATION_H
#define TESTS_UNIT_HTTP_STATION_H

#include "tests/unit/http_bench.h"

#include <string.h>

json_t *station_summary(const struct station *station)
{
    (void)station;
    return json_pack("{s:s}", "station", "bench-1");
}

json_t *station_status(const struct station *station)
{
    json_t *status = station_summary(station);
    json_object_set_new(status, "slots", json_pack("[{s:s},{s:s}]", "slot", "A1", "slot", "B2"));
    return status;
}

enum station_reply station_retry(struct station *station, const char *slot, json_t **answer)
{
    if (strcmp(slot, "A1") == 0) {
        station->retries++;
        *answer = json_pack("{s:s}", "slot", slot);
        return STATION_OK;
    }
    if (strcmp(slot, "B2") == 0) {
        *answer = json_string("slot B2 is empty");
        return STATION_CONFLICT;
    }
    *answer = json_sprintf("there is no slot \"%s\"", slot);
    return STATION_NO_SUCH_SLOT;
}

struct store *station_store(const struct station *station)
{
    return station->store;
}

#endif
