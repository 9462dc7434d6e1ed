/* SPDX-License-Identifier: MIT */
/*
 * How many attempts ended with which verdict, and how many units passed and failed.
 */
#ifndef DAEMON_BOOK_COUNTS_H
#define DAEMON_BOOK_COUNTS_H

#include <stdint.h>

struct book_file;

struct book_counts {
    int64_t pass, fail, interrupted; /* attempts that ended since a given time */
    /* Units of which an attempt passed or failed since then; the latest such verdict counts. A unit is what has a MAC.
     * Failures before a MAC was read are of one unit where they follow each other at the same slot (a board that was
     * tried again), and of another than those with a MAC. */
    int64_t units_passed, units_failed;
    int64_t units_passed_first; /* whose first such verdict is a pass: for the first-pass yield */
    int64_t units_last_hour;    /* that passed within the hour before now */
};

/* Counts the closed attempts with `since` <= ended <= now (microseconds since 1970): what a wrong clock has
 * put into the future does not count. Blocks; on the book's thread. Returns 0,
 * or -1 with a sentence in `file->error`. */
int book_counts_read(struct book_file *file, int64_t since, struct book_counts *counts)
    __attribute__((warn_unused_result));

#endif
