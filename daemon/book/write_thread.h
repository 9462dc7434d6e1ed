/* SPDX-License-Identifier: MIT */
/*
 * The book's thread that writes. A write that cannot be done now stays first in its queue and is tried again every
 * second; what is wrong is passed to the loop as a job of the kind JOB_HEALTH.
 */
#ifndef DAEMON_BOOK_WRITE_THREAD_H
#define DAEMON_BOOK_WRITE_THREAD_H

#include "daemon/book/file.h"
#include "daemon/book/queue.h"

struct write_thread {
    struct queue *queue;
    struct book_file file; /* its writer alone */

    /* Under the queue's lock. */
    char health[1024];      /* reported last; "": all is well */
    uint64_t retry_at;      /* uv_hrtime() */
    uint64_t working_since; /* uv_hrtime(); 0: no write is at work */
    bool refused;           /* a row breaks a rule: no further write */
};

/* The thread's function; `arg` is a struct write_thread with an open file. Returns once the queue is closing and all
 * rows are written, or its time is over; then the file is closed. */
void write_thread_run(void *arg);

/* Reports a write that has been at work for three seconds. On the loop, about once a second. */
void write_thread_watch(struct write_thread *thread);

/* Has it written rows to come? Under the queue's lock. */
bool write_thread_has_rows(const struct write_thread *thread);

#endif
