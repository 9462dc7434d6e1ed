/* SPDX-License-Identifier: MIT */
/*
 * A book's file, read without a gangd: one that was left behind, a copy, or that of a gangd at work.
 */
#ifndef DAEMON_BOOK_READER_H
#define DAEMON_BOOK_READER_H

#include "daemon/book/book.h"

/* Gets a piece of the text; false ends the read. */
typedef bool (*book_reader_cb)(void *data, const char *text, size_t len);

/* Reads `path` as book_read_open() would, in one go; blocks. Returns 0, also when `take` ended it, or -1 with a
 * sentence that names the file. */
int book_reader_read(const char *path, const struct book_filter *filter, enum book_format format, book_reader_cb take,
                     void *data, char *error, size_t error_size) __attribute__((warn_unused_result));

#endif
