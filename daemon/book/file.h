/* SPDX-License-Identifier: MIT */
/*
 * The book as its thread sees it: a file with two connections. book.c decides when to do what; here is how.
 * Nothing here knows of the loop, and one thread at a time may call.
 */
#ifndef DAEMON_BOOK_FILE_H
#define DAEMON_BOOK_FILE_H

#include "daemon/book/filter.h"

#include <limits.h>
#include <sqlite3.h>
#include <stddef.h>

/* Members of struct attempt that are columns of the same name. */
#define ATTEMPT_TEXTS(X)                                                                                               \
    X(slot)                                                                                                            \
    X(path) X(adapter) X(station) X(lot) X(operator) X(gangd) X(detail) X(mac) X(chip_id) X(chip) X(flash_id) X(stub)
#define ATTEMPT_INTEGERS(X) X(flash_size) X(baud) X(tries)

enum book_file_result {
    BOOK_FILE_DONE,
    BOOK_FILE_AGAIN,   /* not now: full, locked, read-only, gone, … */
    BOOK_FILE_REFUSED, /* never: the row breaks a rule of the schema */
};

struct book_file {
    char path[PATH_MAX];
    int lock; /* descriptor of the file "PATH-lock", held with flock() */
    sqlite3 *writer;
    sqlite3 *reader;  /* NULL until the first read */
    char error[1024]; /* after a result that is not BOOK_FILE_DONE: a sentence that begins with the path */
};

/* See book_open(). Returns 0, or -1 with a sentence; then there is nothing to close. */
int book_file_open(struct book_file *file, const char *path, char *error, size_t error_size);
void book_file_close(struct book_file *file);

/* Opens it for reads alone: without its lock, beside a gangd or without one. Otherwise as book_file_open(). */
int book_file_open_to_read(struct book_file *file, const char *path, char *error, size_t error_size);

/* Connects again if that was lost, and sees to it that the file is still the one at `path`. */
enum book_file_result book_file_connect(struct book_file *file);
/* Lets go of both connections; book_file_connect() brings them back. */
void book_file_disconnect(struct book_file *file);

/* NULL with a sentence in `book->error` if the book cannot be read. */
sqlite3 *book_file_reader(struct book_file *file);

/* Puts SQLite's result `rc` on `db` into words, in `book->error`. */
void book_file_explain(struct book_file *file, sqlite3 *db, int rc);

/* Writes. Each is one transaction, and may be repeated after BOOK_FILE_AGAIN: also when the failed one reached the disk
 * after all, each attempt has one row. */

/* Brings the row of `attempt` to what it says, and the unit if it is closed. Id 0: a new row, whose id it gets. */
enum book_file_result book_file_put(struct book_file *file, struct attempt *attempt);
/* Brings what is known of the unit into the row of `attempt`, if it is there and open. */
enum book_file_result book_file_note(struct book_file *file, struct attempt *attempt);
/* What was open when gangd ended, by whatever means, can get no verdict any more: closes it as interrupted, and brings
 * its units up to date. `*n`: how many attempts. */
enum book_file_result book_file_close_leftovers(struct book_file *file, int64_t *n);
/* Closes the row of `attempt` as it says, if it is there and open. */
enum book_file_result book_file_interrupt(struct book_file *file, struct attempt *attempt);
/* Writes something that changes nothing, to see whether it can be done. */
enum book_file_result book_file_probe(struct book_file *file);

/* Reads. */

/* A place in a read, and the text of the rows from there on. Plain data but for `text`. */
struct book_page {
    struct book_filter filter;
    enum book_format format;
    /* The last row that was given: started and id of an attempt; first_seen and mac of a unit. */
    int64_t after;
    int64_t after_id;
    char after_mac[18];
    int64_t left; /* rows that the limit allows still */
    bool begun, last;
    char *text; /* malloc()ed */
    size_t len;
};

void book_page_init(struct book_page *page, const struct book_filter *filter, enum book_format format);

/* Fills `text` with the next rows and moves on. Returns -1 with a sentence in `book->error`. */
int book_file_page(struct book_file *file, struct book_page *page);

#endif
