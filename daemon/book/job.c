/* SPDX-License-Identifier: MIT */
#include "daemon/book/job.h"

#include "daemon/base/memory.h"
#include "daemon/base/utf8.h"

#include <stdlib.h>

struct job *job_new(enum job_kind kind)
{
    struct job *job = must_calloc(1, sizeof(*job));
    job->kind = kind;
    return job;
}

void job_free(struct job *job)
{
    if (job->kind == JOB_PAGE)
        free(job->page.text);
    free(job);
}

bool job_is_read(const struct job *job)
{
    return job->kind == JOB_TRUST || job->kind == JOB_COUNT || job->kind == JOB_PAGE;
}

bool job_is_row(const struct job *job)
{
    return job->kind == JOB_PUT || job->kind == JOB_INTERRUPT;
}

void jobs_free(struct jobs *jobs)
{
    struct job *job;
    while ((job = TAILQ_FIRST(jobs))) {
        TAILQ_REMOVE(jobs, job, link);
        job_free(job);
    }
}

struct job *job_new_write(enum job_kind kind, const struct attempt *attempt)
{
    struct job *job = job_new(kind);
    job->attempt = *attempt;
#define X(member) utf8_copy(job->attempt.member, sizeof(job->attempt.member), attempt->member);
    ATTEMPT_TEXTS(X)
#undef X
    for (unsigned i = 0; i < attempt->n_try_results; i++)
        utf8_copy(job->attempt.try_results[i].detail, sizeof(attempt->try_results[i].detail),
                  attempt->try_results[i].detail);
    return job;
}

void job_make_interrupt(struct job *job)
{
    job->kind = JOB_INTERRUPT;
    job->ticket = 0;
    job->cancelled = false;
    job->done.begun = NULL;
    job->attempt.verdict = VERDICT_INTERRUPTED;
    job->attempt.cause = job->cause;
    /* The clock may have been set back. */
    job->attempt.ended = job->cancelled_at > job->attempt.started ? job->cancelled_at : job->attempt.started;
}
