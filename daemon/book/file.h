/* SPDX-License-Identifier: MIT */
/*
 * The book as a file with two connections: one that writes, one that reads. All functions block as the file system and
 * SQLite do, and a book_file is used by one thread at a time. In gangd there are two: one of which the writer is used,
 * and one, on another thread, of which the reader is.
 */
#ifndef DAEMON_BOOK_FILE_H
#define DAEMON_BOOK_FILE_H

#include <limits.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum book_file_result {
    BOOK_FILE_DONE,
    BOOK_FILE_AGAIN,   /* not now: full, locked, read-only, gone, … */
    BOOK_FILE_REFUSED, /* never: the row breaks a rule of the schema */
};

struct book_file {
    char path[PATH_MAX];
    int lock; /* descriptor of the file "PATH-lock", held with flock(): the name is ours, also while the file is gone */
    int own;  /* descriptor of the file itself, held with flock(): no other name for it lets another gangd in */
    sqlite3 *writer;
    sqlite3 *reader; /* NULL until the first read */
    dev_t device;    /* the file that the writer had open last */
    ino_t inode;
    struct {
        dev_t device;
        ino_t inode;
    } logs[2]; /* the writer's "PATH-wal" and "PATH-shm" */
    /* Why the station must not go on, though all is saved: a sentence that begins with the path; "": nothing. Only rows
     * of attempts that have begun are written then. Stays until the file is closed. */
    char warning[1024];
    /* Called before the writer opens another file in the place of its own: when it returns, no other connection of this
     * process may be open. NULL: there is none. */
    void (*release)(void *data);
    void *release_data;
    char error[1024]; /* after a result that is not BOOK_FILE_DONE: a sentence that begins with the path */
};

/* Opens or creates the file `path`, takes its lock, and brings its schema up to date: see book_open(). Returns 0, or -1
 * with a sentence that begins with the path; then there is nothing to close. */
int book_file_open(struct book_file *file, const char *path, char *error, size_t error_size)
    __attribute__((warn_unused_result));

/* Opens it to read: without its lock, beside a gangd or without one. Otherwise as book_file_open(). */
int book_file_open_to_read(struct book_file *file, const char *path, char *error, size_t error_size)
    __attribute__((warn_unused_result));

void book_file_close(struct book_file *file);

/* Sets `file` up for a reader alone, of the book that `writer` has open. Opens nothing. */
void book_file_init_to_read(struct book_file *file, const struct book_file *writer);

/* Connects the writer again if that was lost, and checks that its file is still the one at `path`, and its log the one
 * beside it. A log that another program has deleted or replaced is first copied into the book, as long as our
 * descriptor has it, and `file->warning` is set. BOOK_FILE_DONE or BOOK_FILE_AGAIN. */
enum book_file_result book_file_connect(struct book_file *file) __attribute__((warn_unused_result));

/* Closes both connections; book_file_connect() and book_file_reader() open them again. */
void book_file_disconnect(struct book_file *file);

/* The connection to read from, opened if need be. NULL with a sentence in `file->error` if the book cannot be read. */
sqlite3 *book_file_reader(struct book_file *file) __attribute__((warn_unused_result));

/* Whether book_file_reader() gives a connection to the file `device`, `inode`, and that is the one at `path`. If not,
 * the connection is closed, and `file->error` says why. */
bool book_file_reader_is(struct book_file *file, dev_t device, ino_t inode) __attribute__((warn_unused_result));

/* Closes that connection: after an error the path may name another file. */
void book_file_close_reader(struct book_file *file);

/* Puts SQLite's result `rc` on `db` (may be NULL) into words, in `file->error`. */
void book_file_explain(struct book_file *file, sqlite3 *db, int rc);

#endif
