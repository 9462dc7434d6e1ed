/* SPDX-License-Identifier: MIT */
/* How much SQLite works for a query. Definitions: one file of a test program includes it, and passes watch_connection()
 * to sqlite3_auto_extension(). */
#ifndef TESTS_UNIT_DAEMON_BOOK_STEPS_H
#define TESTS_UNIT_DAEMON_BOOK_STEPS_H

#include <sqlite3.h>
#include <stddef.h>

/* Steps of SQLite's machine that the longest query since the start has taken. */
static int most_steps;

static int on_query(unsigned event, void *data, void *statement, void *time)
{
    (void)event;
    (void)data;
    (void)time;
    int steps = sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_VM_STEP, 0);
    if (steps > most_steps)
        most_steps = steps;
    return 0;
}

static int watch_connection(sqlite3 *db, char **message, const struct sqlite3_api_routines *api)
{
    (void)message;
    (void)api;
    return sqlite3_trace_v2(db, SQLITE_TRACE_PROFILE, on_query, NULL);
}

#endif
