/* SPDX-License-Identifier: MIT */
/*
 * Reading from the book: rows as text, page by page. Attempts come in the order of their start. Units come in the order
 * of first_seen; with newest_first, since or until in that of last_seen, and with cause, image, operator or lot in that
 * of the start of their latest attempt. In these two orders a unit that is seen again during a read has moved to the
 * newest end: it may come twice (oldest first) or not at all (newest first).
 */
#ifndef DAEMON_BOOK_PAGE_H
#define DAEMON_BOOK_PAGE_H

#include "daemon/book/filter.h"

#include <stddef.h>

struct book_file;

/* A place in a read, and the text of the rows before it. Plain data but for `text`. */
struct book_page {
    struct book_filter filter;
    enum book_format format;
    struct book_place after; /* of the last row that was given */
    int64_t left;            /* rows that the limit still allows */
    bool begun, last;        /* the first page has been given; this is the last one */
    char *text;              /* malloc()ed, or NULL; the caller frees it */
    size_t len;
};

/* The place before the first row. */
void book_page_init(struct book_page *page, const struct book_filter *filter, enum book_format format);

/* Sets `text` to the next rows (up to 500) and moves on. Blocks; see file.h for the thread. Returns 0, or -1 with a
 * sentence in `file->error` and no text, also when there is no memory for the text. */
int book_page_read(struct book_file *file, struct book_page *page) __attribute__((warn_unused_result));

#endif
