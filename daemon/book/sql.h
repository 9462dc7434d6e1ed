/* SPDX-License-Identifier: MIT */
/*
 * What the files of this folder share of SQLite: parameters by name, queries for one value, results in words. Blocks
 * as SQLite does; a connection is used by one thread at a time.
 */
#ifndef DAEMON_BOOK_SQL_H
#define DAEMON_BOOK_SQL_H

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

/* Set the parameter `name` (":mac") of a statement. A name that the statement does not have is ignored, so that several
 * statements can be given the same values. `text` must stay as it is until the statement is finalized. */
void book_sql_bind_text(sqlite3_stmt *statement, const char *name, const char *text);
void book_sql_bind_integer(sqlite3_stmt *statement, const char *name, int64_t value);
void book_sql_bind_real(sqlite3_stmt *statement, const char *name, double value);

/* The first column of the first row that `sql` gives; `*number` stays as it is and `text` becomes "" if it gives none.
 * Return a result code of SQLite. */
int book_sql_read_number(sqlite3 *db, const char *sql, int64_t *number) __attribute__((warn_unused_result));
int book_sql_read_text(sqlite3 *db, const char *sql, char *text, size_t size) __attribute__((warn_unused_result));

/* Room for the end of any sentence that begins with the path of the book. */
#define BOOK_SQL_WHY_MAX 512

/* The result `rc` on `db` (may be NULL) in words: the end of such a sentence. */
void book_sql_explain(sqlite3 *db, int rc, char *why, size_t size);

#endif
