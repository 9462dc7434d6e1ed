/* SPDX-License-Identifier: MIT */
/*
 * Reading a book's file without asking gangd: a copy, or the file of a gangd that runs or has ended.
 */
#ifndef DAEMON_BOOK_READER_H
#define DAEMON_BOOK_READER_H

#include "daemon/book/book.h"

/* Gets a piece of the text; false ends the read. */
typedef bool (*book_reader_cb)(void *data, const char *text, size_t len);

/* Reads the rows of `path` that `filter` selects, all in one call, and passes their text to `take` piece by piece.
 * Blocks. Returns 0, also if `take` ended it, or -1 with a sentence that names the file. */
int book_reader_read(const char *path, const struct book_filter *filter, enum book_format format, book_reader_cb take,
                     void *data, char *error, size_t error_size) __attribute__((warn_unused_result));

#endif
