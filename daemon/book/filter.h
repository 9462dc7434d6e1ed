/* SPDX-License-Identifier: MIT */
/*
 * Which rows of the book are wanted, and in which form. Plain data, which may be copied to another thread.
 */
#ifndef DAEMON_BOOK_FILTER_H
#define DAEMON_BOOK_FILTER_H

#include "daemon/book/attempt.h"

#include <stdbool.h>
#include <stdint.h>

/* Zero or "" means: no condition. */
struct book_filter {
    int64_t since, until; /* microseconds since 1970 */
    int64_t id;           /* of one attempt; not for units */
    int64_t limit;        /* at most so many rows */
    enum verdict verdict; /* if has_verdict */
    enum cause cause;     /* if has_cause */
    bool has_verdict, has_cause;
    bool units;        /* units instead of attempts */
    bool newest_first; /* see page.h for the order */
    char slot[64];
    char mac[18];   /* as in struct attempt */
    char image[65]; /* MD5 or SHA-256, as in struct attempt */
    char operator[64];
    char lot[64];
};

/* A row's place in the order of an answer. */
struct book_place {
    int64_t time; /* see page.h */
    int64_t id;   /* of the attempt, or of the unit's latest one */
    char mac[18];
};

/* X(NAME, word): one array; a line for each row; RFC 4180 with a line of names. */
#define BOOK_FORMATS(X) X(JSON, json) X(NDJSON, ndjson) X(CSV, csv)

enum book_format {
#define X(name, word) BOOK_##name,
    BOOK_FORMATS(X)
#undef X
};

/* "json", "ndjson", "csv": as the parameter `format` of the API; and back (-1 for anything else). */
const char *book_format_word(enum book_format format);
int book_format_from_word(const char *word) __attribute__((warn_unused_result));

#endif
