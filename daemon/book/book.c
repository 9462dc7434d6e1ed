/* SPDX-License-Identifier: MIT */
/* The loop's side of the book: jobs for its two threads, and what comes back. */
#include "daemon/book/book.h"

#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/base/memory.h"
#include "daemon/book/read_thread.h"
#include "daemon/book/row.h"
#include "daemon/book/write_thread.h"
#include "proto/link/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_NS UINT64_C(1000000000)
#define WATCH_MS  1000
#define GRACE_NS  (3 * SECOND_NS) /* for a write under way and the last checkpoint */

/* How many results are delivered before the loop continues with its other events. */
#define RESULTS_AT_ONCE 64

struct book {
    uv_async_t results;
    uv_timer_t watch;
    book_health_cb on_health;
    void *data;
    uint64_t last_ticket;
    struct queue queue;
    struct write_thread writer;
    struct read_thread reader;
    uv_thread_t write_thread, read_thread;
};

struct book_read {
    struct book *book;
    struct book_page page; /* where it stands */
    struct job *pending;
    book_text_cb done;
    void *data;
};

static void deliver(struct book *book, struct job *job)
{
    switch (job->kind) {
    case JOB_PUT:
        if (job->ticket)
            job->done.begun(job->data, job->attempt.id);
        else
            job->done.ended(job->data);
        break;
    case JOB_TRUST:
        if (!job->cancelled)
            job->done.trusted(job->data, job->trusted);
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
    uv_mutex_lock(&book->queue.lock);
    struct job *job = TAILQ_FIRST(&book->queue.done);
    if (job)
        TAILQ_REMOVE(&book->queue.done, job, link);
    uv_mutex_unlock(&book->queue.lock);
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
    queue_submit(&book->queue, job);
    return ticket;
}

static struct job *find_ticket(struct jobs *jobs, uint64_t ticket)
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
    uv_mutex_lock(&book->queue.lock);
    struct job *job = find_ticket(&book->queue.writes, ticket);
    bool waiting = job != NULL;
    if (!job)
        job = find_ticket(&book->queue.done, ticket);
    if (job) {
        job->cancelled = true;
        job->cause = cause;
        job->cancelled_at = wall_clock_us();
    }
    if (job && waiting && !job->running && !job->tried) {
        TAILQ_REMOVE(&book->queue.writes, job, link);
        job_free(job);
    } else if (job && waiting && !job->running) {
        job_make_interrupt(job);
    } else if (job && !waiting) {
        TAILQ_REMOVE(&book->queue.done, job, link);
        job_make_interrupt(job);
        TAILQ_INSERT_TAIL(&book->queue.writes, job, link);
        uv_cond_signal(&book->queue.wake_writer);
    }
    uv_mutex_unlock(&book->queue.lock);
}

void book_note(struct book *book, const struct attempt *attempt)
{
    queue_submit(&book->queue, job_new_write(JOB_NOTE, attempt));
}

void book_end(struct book *book, const struct attempt *attempt, book_ended_cb done, void *data)
{
    struct job *job = job_new_write(JOB_PUT, attempt);
    job->done.ended = done;
    job->data = data;
    queue_submit(&book->queue, job);
}

uint64_t book_trust(struct book *book, const struct attempt *attempt, book_trusted_cb done, void *data)
{
    struct job *job = job_new_write(JOB_TRUST, attempt);
    uint64_t ticket = ++book->last_ticket;
    job->ticket = ticket;
    job->done.trusted = done;
    job->data = data;
    queue_submit(&book->queue, job);
    return ticket;
}

/* Waiting, at work or done. Under the lock. */
static struct job *find_read(struct book *book, uint64_t ticket)
{
    struct job *job = find_ticket(&book->queue.reads, ticket), *at_work = book->reader.job;
    if (!job)
        job = find_ticket(&book->queue.done, ticket);
    return !job && at_work && at_work->ticket == ticket ? at_work : job;
}

void book_trust_cancel(struct book *book, uint64_t ticket)
{
    if (ticket == 0)
        return;
    uv_mutex_lock(&book->queue.lock);
    struct job *job = find_read(book, ticket);
    if (job)
        job->cancelled = true;
    uv_mutex_unlock(&book->queue.lock);
}

/* Whether a count for the same caller waits, which then has this `since`. */
static bool update_count(struct book *book, int64_t since, book_counted_cb done, const void *data)
{
    struct job *job;
    bool waits = false;
    uv_mutex_lock(&book->queue.lock);
    TAILQ_FOREACH(job, &book->queue.reads, link)
    {
        if (job->kind != JOB_COUNT || job->done.counted != done || job->data != data)
            continue;
        job->count.since = since;
        waits = true;
    }
    uv_mutex_unlock(&book->queue.lock);
    return waits;
}

void book_count(struct book *book, int64_t since, book_counted_cb done, void *data)
{
    if (update_count(book, since, done, data))
        return;
    struct job *job = job_new(JOB_COUNT);
    job->count.since = since;
    job->done.counted = done;
    job->data = data;
    queue_submit(&book->queue, job);
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
    queue_submit(&read->book->queue, job);
}

void book_read_close(struct book_read *read)
{
    if (read->pending) {
        uv_mutex_lock(&read->book->queue.lock);
        read->pending->cancelled = true;
        uv_mutex_unlock(&read->book->queue.lock);
    }
    free(read);
}

static void on_watch(uv_timer_t *timer)
{
    struct book *book = timer->data;
    write_thread_watch(&book->writer);
}

static void on_watch_closed(uv_handle_t *handle)
{
    struct book *book = handle->data;
    queue_destroy(&book->queue);
    free(book);
}

static void on_results_closed(uv_handle_t *handle)
{
    struct book *book = handle->data;
    uv_close((uv_handle_t *)&book->watch, on_watch_closed);
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

static void init(struct book *book, uv_loop_t *loop)
{
    uv_async_init(loop, &book->results, on_results);
    uv_timer_init(loop, &book->watch);
    book->results.data = book->watch.data = book;
    uv_timer_start(&book->watch, on_watch, WATCH_MS, WATCH_MS);
    queue_init(&book->queue, &book->results);
    book->queue.device = book->writer.file.device;
    book->queue.inode = book->writer.file.inode;
    book->writer.queue = book->reader.queue = &book->queue;
    book_file_init_to_read(&book->reader.file, &book->writer.file);
}

static void end_reader(struct book *book)
{
    uv_mutex_lock(&book->queue.lock);
    book->queue.closing = true;
    uv_cond_signal(&book->queue.wake_reader);
    uv_mutex_unlock(&book->queue.lock);
    uv_thread_join(&book->read_thread);
}

static int start_threads(struct book *book)
{
    int rc = uv_thread_create(&book->read_thread, read_thread_run, &book->reader);
    if (rc != 0)
        return rc;
    rc = uv_thread_create(&book->write_thread, write_thread_run, &book->writer);
    if (rc != 0)
        end_reader(book);
    return rc;
}

struct book *book_open(uv_loop_t *loop, const char *path, book_health_cb on_health, void *data, char *error,
                       size_t error_size)
{
    struct book *book = must_calloc(1, sizeof(*book));
    if (open_file(&book->writer.file, path, error, error_size) != 0) {
        free(book);
        return NULL;
    }
    book->on_health = on_health;
    book->data = data;
    init(book, loop);
    int rc = start_threads(book);
    if (rc == 0)
        return book;
    snprintf(error, error_size, "%s: cannot start its threads: %s", path, uv_strerror(rc));
    book_file_close(&book->writer.file);
    uv_close((uv_handle_t *)&book->results, on_results_closed);
    return NULL;
}

/* Logs the rows that are not in the book, as far as a line holds them. Returns whether there was none. */
static bool log_unwritten(struct book *book)
{
    bool all = true;
    struct job *job;
    TAILQ_FOREACH(job, &book->queue.writes, link)
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

/* Waits for `*ended`, which a thread sets. Under the lock. */
static void wait_until(struct queue *queue, const bool *ended, uint64_t deadline)
{
    while (!*ended && uv_hrtime() < deadline)
        uv_cond_timedwait(&queue->changed, &queue->lock, SECOND_NS / 10);
}

/* Returns whether both threads have ended. */
static bool end_threads(struct book *book, unsigned seconds)
{
    struct queue *queue = &book->queue;
    queue->closing = true;
    queue->close_by = uv_hrtime() + seconds * SECOND_NS;
    uv_cond_signal(&queue->wake_writer);
    uv_cond_signal(&queue->wake_reader);
    /* Longer, for a write that is under way to give up. */
    wait_until(queue, &queue->writer_ended, queue->close_by + GRACE_NS);
    wait_until(queue, &queue->reader_ended, uv_hrtime() + GRACE_NS);
    queue->abandoned = !queue->writer_ended || !queue->reader_ended;
    if (queue->abandoned)
        queue->results = NULL;
    return !queue->abandoned;
}

bool book_close(struct book *book, unsigned seconds)
{
    uv_timer_stop(&book->watch);
    uv_mutex_lock(&book->queue.lock);
    bool ended = end_threads(book, seconds);
    bool all = log_unwritten(book) && book->queue.writer_ended;
    uv_mutex_unlock(&book->queue.lock);

    if (!ended) {
        /* A thread is in a system call that does not return. What it uses stays allocated until the process exits. */
        log_error("book", "%s: the disk does not answer; not waiting for it", book->writer.file.path);
        uv_close((uv_handle_t *)&book->results, NULL);
        uv_close((uv_handle_t *)&book->watch, NULL);
        return all;
    }
    uv_thread_join(&book->write_thread);
    uv_thread_join(&book->read_thread);
    uv_close((uv_handle_t *)&book->results, on_results_closed);
    return all;
}
