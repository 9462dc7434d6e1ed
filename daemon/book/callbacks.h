/* SPDX-License-Identifier: MIT */
/*
 * Functions that the book calls when it is done, on the loop's thread; book.h says when.
 */
#ifndef DAEMON_BOOK_CALLBACKS_H
#define DAEMON_BOOK_CALLBACKS_H

#include "daemon/book/counts.h"

#include <stdbool.h>
#include <stdint.h>

typedef void (*book_begun_cb)(void *data, int64_t id);
typedef void (*book_ended_cb)(void *data);
typedef void (*book_trusted_cb)(void *data, bool trusted);
typedef void (*book_counted_cb)(void *data, const struct book_counts *counts);

#endif
