/* SPDX-License-Identifier: MIT */
/*
 * How many attempts ended with which verdict.
 */
#ifndef DAEMON_BOOK_COUNTS_H
#define DAEMON_BOOK_COUNTS_H

#include <stdint.h>

struct book_file;

struct book_counts {
    int64_t pass, fail, interrupted; /* attempts that ended since a given time */
    int64_t pass_last_hour;
};

/* Counts the closed attempts with `since` <= ended <= now (microseconds since 1970): what a wrong clock has
 * put into the future does not count. Blocks; on the book's thread. Returns 0,
 * or -1 with a sentence in `file->error`. */
int book_counts_read(struct book_file *file, int64_t since, struct book_counts *counts)
    __attribute__((warn_unused_result));

#endif
