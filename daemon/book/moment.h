/* SPDX-License-Identifier: MIT */
/*
 * Points in time as people and the API write them.
 */
#ifndef DAEMON_BOOK_MOMENT_H
#define DAEMON_BOOK_MOMENT_H

#include <stdbool.h>
#include <stdint.h>

/* Reads one of these into microseconds since 1970, years 2000 to 9999; false for anything else:
 *   "2026-03-02"                            local midnight
 *   "2026-03-02T09:15", "…:04", "…:04.120"  local time; UTC with a "Z" behind
 *   "today", "yesterday"                    the local midnight at which that day began
 *   "90s", "30m", "2h", "7d", "2w"          so long before `now`; a "-" before it changes nothing
 * `now`: microseconds since 1970; 0 where only dates and times may come. */
bool moment_read(const char *text, int64_t now, int64_t *microseconds) __attribute__((warn_unused_result));

#endif
