/* SPDX-License-Identifier: MIT */
/*
 * The book's thread that reads, on a connection of its own: no write waits for a read. Questions of trust come
 * first, for a board waits for each, then counts, then pages. A read
 * that nobody waits for any more ends within a thousand steps of SQLite's.
 */
#ifndef DAEMON_BOOK_READ_THREAD_H
#define DAEMON_BOOK_READ_THREAD_H

#include "daemon/book/file.h"
#include "daemon/book/queue.h"

struct read_thread {
    struct queue *queue;
    struct book_file file; /* its reader alone; see book_file_init_to_read() */
    struct job *job;       /* at work */
};

/* The thread's function; `arg` is a struct read_thread. Returns once the queue is closing. */
void read_thread_run(void *arg);

#endif
