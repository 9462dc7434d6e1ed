/* SPDX-License-Identifier: MIT */
/*
 * The book's schema: which databases are books, and how an older one becomes one of today. docs/book.md describes the
 * tables.
 *
 * The functions return 0, or -1 with the end of a sentence about the file in `why` (BOOK_SQL_WHY_MAX bytes are
 * enough for all). They block; a connection is used by one thread at a time.
 */
#ifndef DAEMON_BOOK_SCHEMA_H
#define DAEMON_BOOK_SCHEMA_H

#include "daemon/book/sql.h"

/* The newest version of the schema: the one that book_schema_migrate() leads to. */
extern const int book_schema_version;

/* Whether the database is empty (version 0) or a book of a version up to book_schema_version. Only reads. */
int book_schema_recognize(sqlite3 *db, int *version, char *why, size_t why_size) __attribute__((warn_unused_result));

/* SQLite's own check of the whole file (PRAGMA quick_check). Only reads; a second for some hundred thousand rows. */
int book_schema_inspect(sqlite3 *db, char *why, size_t why_size) __attribute__((warn_unused_result));

/* Takes the database from `version` to the newest one, in one transaction. */
int book_schema_migrate(sqlite3 *db, int version, char *why, size_t why_size) __attribute__((warn_unused_result));

#endif
