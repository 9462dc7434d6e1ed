/* SPDX-License-Identifier: MIT */
/*
 * The book's thread and its two queues: jobs that wait for the thread, and finished ones that wait for the loop. A
 * write that cannot be done now stays first in its queue and is tried again; reads overtake it.
 */
#include "daemon/book/book.h"

#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/base/memory.h"
#include "daemon/book/file.h"
#include "daemon/book/job.h"
#include "daemon/book/row.h"
#include "proto/link/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_NS INT64_C(1000000000)
#define RETRY_NS  SECOND_NS
#define GRACE_NS  (3 * SECOND_NS) /* for a write under way and the last checkpoint */

/* How many results are delivered before the loop continues with its other events. */
#define RESULTS_AT_ONCE 64

struct book {
    /* The loop's. */
    uv_async_t results;
    book_health_cb on_health;
    void *data;
    uint64_t last_ticket;
    uv_thread_t thread;

    /* The thread's. */
    struct book_file file;
    char health[1024]; /* reported last; "": all is well */
    uint64_t retry_at; /* uv_hrtime() */
    bool refused;      /* a row breaks a rule: no further write */

    /* Of both, under the lock. */
    uv_mutex_t lock;
    uv_cond_t wake;  /* the thread */
    uv_cond_t ended; /* book_close() */
    struct jobs waiting, done;
    bool closing, abandoned, has_ended;
    uint64_t close_by;
};

struct book_read {
    struct book *book;
    struct book_page page; /* where it stands */
    struct job *pending;
    book_text_cb done;
    void *data;
};

/* The thread. */

static void pass_to_loop(struct book *book, struct job *job)
{
    TAILQ_INSERT_TAIL(&book->done, job, link);
    if (!book->abandoned)
        uv_async_send(&book->results);
}

static void report_health(struct book *book, const char *sentence)
{
    if (strcmp(book->health, sentence) == 0)
        return;
    text_copy(book->health, sizeof(book->health), sentence);
    struct job *job = job_new(JOB_HEALTH);
    memcpy(job->health, book->health, sizeof(job->health));
    pass_to_loop(book, job);
}

static struct job *first_job(struct book *book, bool reads)
{
    struct job *job;
    TAILQ_FOREACH(job, &book->waiting, link)
    if (job_is_read(job) == reads)
        return job;
    return NULL;
}

/* The next job; NULL if there is none before the time `*wait_until` (UINT64_MAX: before the thread is woken). */
static struct job *next_job(struct book *book, uint64_t *wait_until)
{
    *wait_until = UINT64_MAX;
    if (!book->health[0])
        return TAILQ_FIRST(&book->waiting);
    if (!book->refused && uv_hrtime() >= book->retry_at) {
        struct job *job = first_job(book, false);
        if (!job) {
            job = job_new(JOB_PROBE);
            TAILQ_INSERT_TAIL(&book->waiting, job, link);
        }
        return job;
    }
    if (!book->refused)
        *wait_until = book->retry_at;
    return first_job(book, true);
}

static enum book_file_result read_book(struct book_file *file, struct job *job)
{
    int error = job->kind == JOB_COUNT ? book_counts_read(file, job->count.since, &job->count.counts)
                                       : book_page_read(file, &job->page);
    if (error == 0)
        return BOOK_FILE_DONE;
    log_warning("book", "cannot be read: %s", file->error);
    book_file_close_reader(file);
    return BOOK_FILE_AGAIN;
}

/* Without the book's lock: on a hung disk this takes long, and the loop takes that lock. */
static enum book_file_result run_job(struct book_file *file, struct job *job)
{
    switch (job->kind) {
    case JOB_PUT: return book_row_put(file, &job->attempt);
    case JOB_NOTE: return book_row_note(file, &job->attempt);
    case JOB_INTERRUPT: return book_row_interrupt(file, &job->attempt);
    case JOB_PROBE: return book_row_probe(file);
    case JOB_COUNT:
    case JOB_PAGE: return read_book(file, job);
    case JOB_HEALTH: break;
    }
    return BOOK_FILE_DONE;
}

static void settle_read(struct book *book, struct job *job, enum book_file_result result)
{
    TAILQ_REMOVE(&book->waiting, job, link);
    if (result != BOOK_FILE_DONE && job->kind == JOB_COUNT)
        job_free(job);
    else
        pass_to_loop(book, job);
}

static void settle_write(struct book *book, struct job *job, enum book_file_result result)
{
    job->tried = true;
    if (result == BOOK_FILE_DONE)
        report_health(book, "");
    if (result == BOOK_FILE_AGAIN) {
        book->retry_at = uv_hrtime() + RETRY_NS;
        report_health(book, book->file.error);
    }
    if (result == BOOK_FILE_REFUSED) {
        char sentence[sizeof(book->health)], why[901];
        text_copy(why, sizeof(why), book->file.error);
        text_print(sentence, sizeof(sentence), "%s: this row cannot be booked; restart gangd", why);
        log_error("book", "attempt %lld of slot %s is refused: %s", (long long)job->attempt.id, job->attempt.slot,
                  book->file.error);
        book->refused = true;
        report_health(book, sentence);
    }

    if (job->cancelled) {
        job_make_interrupt(job);
    } else if (result == BOOK_FILE_DONE) {
        TAILQ_REMOVE(&book->waiting, job, link);
        if (job->done.begun)
            pass_to_loop(book, job);
        else
            job_free(job);
    }
}

/* Whether a row waits to be written. */
static bool has_pending_rows(struct book *book)
{
    struct job *job;
    TAILQ_FOREACH(job, &book->waiting, link)
    if (job_is_row(job))
        return true;
    return false;
}

static bool may_end(struct book *book)
{
    return book->closing && (!has_pending_rows(book) || book->refused || uv_hrtime() >= book->close_by);
}

static void run_thread(void *arg)
{
    struct book *book = arg;
    uv_mutex_lock(&book->lock);
    while (!may_end(book) && !book->abandoned) {
        uint64_t wait_until;
        struct job *job = next_job(book, &wait_until);
        if (job && job->cancelled && job->kind == JOB_PAGE) {
            TAILQ_REMOVE(&book->waiting, job, link);
            pass_to_loop(book, job);
        } else if (job) {
            job->running = true;
            uv_mutex_unlock(&book->lock);
            enum book_file_result result = run_job(&book->file, job);
            uv_mutex_lock(&book->lock);
            job->running = false;
            if (job_is_read(job))
                settle_read(book, job, result);
            else
                settle_write(book, job, result);
        } else {
            if (book->closing && wait_until > book->close_by)
                wait_until = book->close_by;
            uint64_t now = uv_hrtime();
            if (wait_until == UINT64_MAX)
                uv_cond_wait(&book->wake, &book->lock);
            else if (wait_until > now)
                uv_cond_timedwait(&book->wake, &book->lock, wait_until - now);
        }
    }
    uv_mutex_unlock(&book->lock);
    book_file_close(&book->file);
    uv_mutex_lock(&book->lock);
    book->has_ended = true;
    uv_cond_signal(&book->ended);
    uv_mutex_unlock(&book->lock);
}

/* The loop. */

static void deliver(struct book *book, struct job *job)
{
    switch (job->kind) {
    case JOB_PUT:
        if (job->ticket)
            job->done.begun(job->data, job->attempt.id);
        else
            job->done.ended(job->data);
        break;
    case JOB_COUNT: job->done.counted(job->data, &job->count.counts); break;
    case JOB_PAGE:
        if (!job->cancelled) {
            struct book_read *read = job->data;
            struct book_page *page = &job->page;
            read->pending = NULL;
            read->page = *page;
            read->page.text = NULL;
            read->done(read->data, page->text, page->text ? page->len : 0, !page->text || page->last);
        }
        break;
    case JOB_HEALTH: book->on_health(book->data, job->health[0] ? job->health : NULL); break;
    case JOB_NOTE:
    case JOB_INTERRUPT:
    case JOB_PROBE: break;
    }
}

static struct job *take_done(struct book *book)
{
    uv_mutex_lock(&book->lock);
    struct job *job = TAILQ_FIRST(&book->done);
    if (job)
        TAILQ_REMOVE(&book->done, job, link);
    uv_mutex_unlock(&book->lock);
    return job;
}

static void on_results(uv_async_t *async)
{
    struct book *book = async->data;
    for (int i = 0; i < RESULTS_AT_ONCE; i++) {
        struct job *job = take_done(book);
        if (!job)
            return;
        deliver(book, job);
        job_free(job);
    }
    uv_async_send(async);
}

static void submit(struct book *book, struct job *job)
{
    uv_mutex_lock(&book->lock);
    TAILQ_INSERT_TAIL(&book->waiting, job, link);
    uv_cond_signal(&book->wake);
    uv_mutex_unlock(&book->lock);
}

uint64_t book_begin(struct book *book, const struct attempt *attempt, book_begun_cb done, void *data)
{
    struct job *job = job_new_write(JOB_PUT, attempt);
    uint64_t ticket = ++book->last_ticket;
    job->attempt.id = 0;
    job->attempt.ended = 0;
    job->attempt.verdict = VERDICT_OPEN;
    job->attempt.cause = CAUSE_NONE;
    job->ticket = ticket;
    job->done.begun = done;
    job->data = data;
    submit(book, job);
    return ticket;
}

static struct job *find_begin(struct jobs *jobs, uint64_t ticket)
{
    struct job *job;
    TAILQ_FOREACH(job, jobs, link)
    if (job->ticket == ticket)
        return job;
    return NULL;
}

void book_cancel(struct book *book, uint64_t ticket, enum cause cause)
{
    if (ticket == 0)
        return;
    uv_mutex_lock(&book->lock);
    struct job *job = find_begin(&book->waiting, ticket);
    bool waiting = job != NULL;
    if (!job)
        job = find_begin(&book->done, ticket);
    if (job) {
        job->cancelled = true;
        job->cause = cause;
        job->cancelled_at = wall_clock_us();
    }
    if (job && waiting && !job->running && !job->tried) {
        TAILQ_REMOVE(&book->waiting, job, link);
        job_free(job);
    } else if (job && waiting && !job->running) {
        job_make_interrupt(job);
    } else if (job && !waiting) {
        TAILQ_REMOVE(&book->done, job, link);
        job_make_interrupt(job);
        TAILQ_INSERT_TAIL(&book->waiting, job, link);
        uv_cond_signal(&book->wake);
    }
    uv_mutex_unlock(&book->lock);
}

void book_note(struct book *book, const struct attempt *attempt)
{
    submit(book, job_new_write(JOB_NOTE, attempt));
}

void book_end(struct book *book, const struct attempt *attempt, book_ended_cb done, void *data)
{
    struct job *job = job_new_write(JOB_PUT, attempt);
    job->done.ended = done;
    job->data = data;
    submit(book, job);
}

void book_count(struct book *book, int64_t since, book_counted_cb done, void *data)
{
    struct job *job = job_new(JOB_COUNT);
    job->count.since = since;
    job->done.counted = done;
    job->data = data;
    submit(book, job);
}

struct book_read *book_read_open(struct book *book, const struct book_filter *filter, enum book_format format)
{
    struct book_read *read = must_calloc(1, sizeof(*read));
    read->book = book;
    book_page_init(&read->page, filter, format);
    return read;
}

void book_read_next(struct book_read *read, book_text_cb done, void *data)
{
    struct job *job = job_new(JOB_PAGE);
    job->page = read->page;
    job->data = read;
    read->pending = job;
    read->done = done;
    read->data = data;
    submit(read->book, job);
}

void book_read_close(struct book_read *read)
{
    if (read->pending) {
        uv_mutex_lock(&read->book->lock);
        read->pending->cancelled = true;
        uv_mutex_unlock(&read->book->lock);
    }
    free(read);
}

static void on_results_closed(uv_handle_t *handle)
{
    struct book *book = handle->data;
    uv_mutex_destroy(&book->lock);
    uv_cond_destroy(&book->wake);
    uv_cond_destroy(&book->ended);
    free(book);
}

/* Closes what was open when gangd ended. */
static int close_leftovers(struct book_file *file)
{
    int64_t n;
    if (book_row_close_leftovers(file, &n) != BOOK_FILE_DONE)
        return -1;
    if (n > 0)
        log_warning("book", "%lld attempt%s open when gangd ended: closed as interrupted", (long long)n,
                    n == 1 ? " was" : "s were");
    return 0;
}

static int open_file(struct book_file *file, const char *path, char *error, size_t error_size)
{
    if (book_file_open(file, path, error, error_size) != 0)
        return -1;
    if (close_leftovers(file) == 0)
        return 0;
    text_copy(error, error_size, file->error);
    book_file_close(file);
    return -1;
}

struct book *book_open(uv_loop_t *loop, const char *path, book_health_cb on_health, void *data, char *error,
                       size_t error_size)
{
    struct book *book = must_calloc(1, sizeof(*book));
    if (open_file(&book->file, path, error, error_size) != 0) {
        free(book);
        return NULL;
    }
    book->on_health = on_health;
    book->data = data;
    TAILQ_INIT(&book->waiting);
    TAILQ_INIT(&book->done);
    uv_mutex_init(&book->lock);
    uv_cond_init(&book->wake);
    uv_cond_init(&book->ended);
    uv_async_init(loop, &book->results, on_results);
    book->results.data = book;
    int rc = uv_thread_create(&book->thread, run_thread, book);
    if (rc != 0) {
        text_print(error, error_size, "%s: cannot start its thread: %s", path, uv_strerror(rc));
        book_file_close(&book->file);
        uv_close((uv_handle_t *)&book->results, on_results_closed);
        return NULL;
    }
    return book;
}

/* Logs the rows that are not in the book, as far as a line holds them. Returns whether there was none. */
static bool log_unwritten(struct book *book)
{
    bool all = true;
    struct job *job;
    TAILQ_FOREACH(job, &book->waiting, link)
    {
        const struct attempt *a = &job->attempt;
        if (!job_is_row(job))
            continue;
        all = false;
        log_error("book",
                  "not booked: attempt %lld, slot %s, %s, cause %s, mac %s, chip_id %s, flash_id %s, image %s, started "
                  "%lld, ended %lld, operator %s, lot %s: %s",
                  (long long)a->id, a->slot, verdict_name(a->verdict), cause_code(a->cause), a->mac, a->chip_id,
                  a->flash_id, a->image_md5, (long long)a->started, (long long)a->ended, a->operator, a->lot,
                  a->detail);
    }
    return all;
}

bool book_close(struct book *book, unsigned seconds)
{
    uv_mutex_lock(&book->lock);
    book->closing = true;
    book->close_by = uv_hrtime() + seconds * (uint64_t)SECOND_NS;
    uv_cond_signal(&book->wake);
    /* Longer, for a write that is under way to give up. */
    while (!book->has_ended && uv_hrtime() < book->close_by + GRACE_NS)
        uv_cond_timedwait(&book->ended, &book->lock, SECOND_NS / 10);
    bool all = log_unwritten(book);
    bool hangs = !book->has_ended;
    book->abandoned = hangs;
    uv_mutex_unlock(&book->lock);

    if (hangs) {
        /* The thread is in a system call that does not return. What it uses stays allocated until the process exits. */
        log_error("book", "%s: the file system does not answer; not waiting for it", book->file.path);
        uv_close((uv_handle_t *)&book->results, NULL);
        return false;
    }
    uv_thread_join(&book->thread);
    jobs_free(&book->waiting);
    jobs_free(&book->done);
    uv_close((uv_handle_t *)&book->results, on_results_closed);
    return all;
}
