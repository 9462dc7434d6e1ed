/* SPDX-License-Identifier: MIT */
/*
 * The table `tries`: how each try of an attempt ended. Blocks as SQLite does; a connection is used by one thread at a
 * time.
 */
#ifndef DAEMON_BOOK_TRIES_H
#define DAEMON_BOOK_TRIES_H

#include "daemon/book/attempt.h"

#include <sqlite3.h>

/* Writes the results of `attempt`, whose row exists, within the transaction of the caller; repeating it changes
 * nothing. Returns a result code of SQLite. */
int book_tries_write(sqlite3 *db, const struct attempt *attempt) __attribute__((warn_unused_result));

/* The statement for book_tries_read(), which the caller finalizes; NULL with the error in `db`. */
sqlite3_stmt *book_tries_prepare(sqlite3 *db) __attribute__((warn_unused_result));

/* Reads the results of the attempt `attempt->id` into it. Returns a result code of SQLite. */
int book_tries_read(sqlite3_stmt *statement, struct attempt *attempt) __attribute__((warn_unused_result));

#endif
