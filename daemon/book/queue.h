/* SPDX-License-Identifier: MIT */
/*
 * What the loop and the book's two threads share: jobs that wait for the thread that writes, jobs that wait for the
 * one that reads, and finished ones that wait for the loop. All members are read and changed under `lock`, and nothing
 * that may block is done under it, since the loop takes it too.
 */
#ifndef DAEMON_BOOK_QUEUE_H
#define DAEMON_BOOK_QUEUE_H

#include "daemon/book/job.h"

#include <sys/stat.h>
#include <uv.h>

struct queue {
    uv_mutex_t lock;
    uv_cond_t wake_writer, wake_reader;
    uv_cond_t changed; /* a thread has ended, or the reader has closed its connection */
    struct jobs writes, reads, done;
    uv_async_t *results; /* sent when a job is done; NULL: nobody waits for it any more */
    bool closing;        /* the writer ends when all rows are written, or at `close_by`; the reader at once */
    uint64_t close_by;   /* uv_hrtime() */
    bool abandoned;      /* the process does not wait for the threads */
    bool writer_ended, reader_ended;

    /* Two files of one name share the name of their log, so all connections to the one are closed before the other is
     * opened. */
    bool exchanging; /* the reader must have no connection */
    bool reader_connected;
    dev_t device; /* the file that the writer has open */
    ino_t inode;
};

void queue_init(struct queue *queue, uv_async_t *results);

/* Frees the jobs, and what queue_init() made. No thread may use it any more. */
void queue_destroy(struct queue *queue);

/* Adds a job for the thread that it is for. Takes the lock. */
void queue_submit(struct queue *queue, struct job *job);

/* Passes a job that is in no list to the loop. Under the lock. */
void queue_pass_to_loop(struct queue *queue, struct job *job);

#endif
