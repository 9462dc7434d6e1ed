/* SPDX-License-Identifier: MIT */
/*
 * The SQL of a page: which rows, in which order. Each filter is looked up in an index of schema.c in the order of the
 * answer, so that a page costs the rows that it gives. With several filters it is that of the first one in select.c's
 * list; the others are tested row by row.
 */
#ifndef DAEMON_BOOK_SELECT_H
#define DAEMON_BOOK_SELECT_H

#include "daemon/book/filter.h"

#include <sqlite3.h>

struct book_file;

/* The place before the first row of `filter`, and the one behind `row`, which a statement of book_select_rows() gave.
 */
struct book_place book_select_begin(const struct book_filter *filter);
struct book_place book_select_behind(sqlite3_stmt *row);

/* The statement for the first `rows` rows behind `after`, bound to `filter` and `after`, which must outlive it; the
 * caller finalizes it. NULL with a sentence in
 * `file->error`. Its columns begin with those of BOOK_SELECT_ATTEMPTS or BOOK_SELECT_UNITS, in their order. */
sqlite3_stmt *book_select_rows(struct book_file *file, sqlite3 *db, const struct book_filter *filter,
                               const struct book_place *after, int64_t rows) __attribute__((warn_unused_result));

#define BOOK_SELECT_TEXT(member)        ", a." #member
#define BOOK_SELECT_SECONDS(phase, ...) ", a.seconds_" #phase

#define BOOK_SELECT_ATTEMPTS                                                                                           \
    "a.id, a.started, coalesce(a.ended, 0), a.verdict, a.cause,"                                                       \
    " coalesce(i.md5, ''), coalesce(i.sha256, ''), coalesce(i.size, 0),"                                               \
    " a.written" ATTEMPT_TEXTS(BOOK_SELECT_TEXT) ATTEMPT_INTEGERS(BOOK_SELECT_TEXT)                                    \
        PROGRAM_PHASES(BOOK_SELECT_SECONDS)

#define BOOK_SELECT_UNITS                                                                                              \
    "u.mac, u.first_seen, u.last_seen, u.attempts, a.chip_id, a.chip, a.flash_id, a.flash_size, a.verdict, a.cause,"   \
    " a.slot, a.lot, coalesce(i.sha256, ''), a.written"

#endif
