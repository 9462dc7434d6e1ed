/* SPDX-License-Identifier: MIT */
/*
 * What the book is asked to do, and what comes of it: a job goes from the loop to a thread and back. Plain data; its
 * list's owner says which thread may look at it.
 */
#ifndef DAEMON_BOOK_JOB_H
#define DAEMON_BOOK_JOB_H

#include "daemon/book/attempt.h"
#include "daemon/book/callbacks.h"
#include "daemon/book/page.h"

#include <stdbool.h>
#include <sys/queue.h>

enum job_kind { JOB_PUT, JOB_NOTE, JOB_INTERRUPT, JOB_PROBE, JOB_TRUST, JOB_COUNT, JOB_PAGE, JOB_HEALTH };

struct job {
    TAILQ_ENTRY(job) link;
    enum job_kind kind;
    uint64_t ticket; /* of a begin or a question of trust; 0 else */
    bool running;    /* the thread works on it, without the lock */
    bool tried;      /* was written once with an error: it may be in the book all the same */
    bool cancelled;
    bool trusted;     /* the answer of JOB_TRUST */
    enum cause cause; /* of a cancelled begin */
    int64_t cancelled_at;
    union {
        book_begun_cb begun;
        book_ended_cb ended;
        book_trusted_cb trusted;
        book_counted_cb counted;
    } done;
    void *data; /* for done; of a page: its struct book_read */
    union {
        struct attempt attempt;
        struct {
            int64_t since;
            struct book_counts counts;
        } count;
        struct book_page page; /* no text after an error */
        char health[1024];     /* "": all is well */
    };
};

TAILQ_HEAD(jobs, job);

/* A job with all members but `kind` zero; job_free() frees it, and the text of a page. */
struct job *job_new(enum job_kind kind) __attribute__((warn_unused_result, returns_nonnull));
void job_free(struct job *job);
void jobs_free(struct jobs *jobs);

/* A job with a copy of `attempt`, of which every text is printable UTF-8: names in it come from USB devices. */
struct job *job_new_write(enum job_kind kind, const struct attempt *attempt)
    __attribute__((warn_unused_result, returns_nonnull));

bool job_is_read(const struct job *job);
bool job_is_row(const struct job *job); /* that of an attempt: to be in the book before it is closed */

/* Turns a cancelled begin into a job that closes its row, if there is one. */
void job_make_interrupt(struct job *job);

#endif
