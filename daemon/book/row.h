/* SPDX-License-Identifier: MIT */
/*
 * Writing into the book. Each function is one transaction and may be repeated after BOOK_FILE_AGAIN: if the failed one
 * reached the disk after all, the attempt still has one row. Any result but BOOK_FILE_DONE leaves a sentence in
 * `file->error`. All block; see file.h for the thread.
 */
#ifndef DAEMON_BOOK_ROW_H
#define DAEMON_BOOK_ROW_H

#include "daemon/book/attempt.h"
#include "daemon/book/file.h"

/* Makes the row of `attempt` and those of its tries equal to it, and updates its unit if the attempt is closed. With id
 * 0 a new row is made, and its id is set. */
enum book_file_result book_row_put(struct book_file *file, struct attempt *attempt) __attribute__((warn_unused_result));

/* Writes what is known of the unit (MAC, chip, flash, stub) and the tries that have ended into the row of `attempt`, if
 * that exists and is open. */
enum book_file_result book_row_note(struct book_file *file, struct attempt *attempt)
    __attribute__((warn_unused_result));

/* Closes the row of `attempt` with its verdict, cause and end, if that row exists and is open. */
enum book_file_result book_row_interrupt(struct book_file *file, struct attempt *attempt)
    __attribute__((warn_unused_result));

/* Closes all open rows as interrupted by a power cut, and updates their units: after a start nothing else can close
 * them. `*n`: how many rows. */
enum book_file_result book_row_close_leftovers(struct book_file *file, int64_t *n) __attribute__((warn_unused_result));

/* Inserts a row and deletes it again in one transaction: tests whether the book can be written. */
enum book_file_result book_row_probe(struct book_file *file) __attribute__((warn_unused_result));

#endif
