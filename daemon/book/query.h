/* SPDX-License-Identifier: MIT */
/*
 * The parameters of a request for rows of the book. They are untrusted: each is checked, and an error is a sentence
 * that names the parameter. docs/api.md is their manual. gangctl checks its options with the same code.
 */
#ifndef DAEMON_BOOK_QUERY_H
#define DAEMON_BOOK_QUERY_H

#include "daemon/book/filter.h"

#include <stddef.h>

struct query {
    struct book_filter filter;
    enum book_format format;
    unsigned given; /* one bit per parameter seen */
    int64_t now;    /* of "today" and "2h", microseconds since 1970; query_init() sets it to the present */
};

/* A query without conditions, oldest first, as JSON. */
void query_init(struct query *query, bool units);

/* Takes one parameter, already percent-decoded; any bytes, need not end in a NUL. Returns 0, or -1 with a sentence in
 * `error` (printable ASCII): unknown, given twice, or a value out of range. 256 bytes are enough for `error`. */
int query_set(struct query *query, const char *key, size_t key_len, const char *value, size_t value_len, char *error,
              size_t error_size) __attribute__((warn_unused_result));

/* To be called after the last parameter: do they go together? Returns 0, or -1 with a sentence. */
int query_check(const struct query *query, char *error, size_t error_size) __attribute__((warn_unused_result));

#endif
