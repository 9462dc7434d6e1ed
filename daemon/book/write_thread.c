/* SPDX-License-Identifier: MIT */
#include "daemon/book/write_thread.h"

#include "daemon/base/log.h"
#include "daemon/book/row.h"

#include <stdio.h>
#include <string.h>

#define SECOND_NS UINT64_C(1000000000)
#define RETRY_NS  SECOND_NS
#define HANG_NS   (3 * SECOND_NS)
#define READER_NS (2 * SECOND_NS) /* for the reading thread to close its connection at the end */

static void report_health(struct write_thread *thread, const char *sentence)
{
    if (strcmp(thread->health, sentence) == 0)
        return;
    snprintf(thread->health, sizeof(thread->health), "%s", sentence);
    struct job *job = job_new(JOB_HEALTH);
    memcpy(job->health, thread->health, sizeof(job->health));
    queue_pass_to_loop(thread->queue, job);
}

/* The first write; where the station must not go on, of an attempt that has begun. */
static struct job *first_write(struct write_thread *thread)
{
    struct job *job;
    TAILQ_FOREACH(job, &thread->queue->writes, link)
    if (!thread->file.warning[0] || job->ticket == 0)
        return job;
    return NULL;
}

/* The next job; NULL if there is none before the time `*wait_until` (UINT64_MAX: before the thread is woken). */
static struct job *next_job(struct write_thread *thread, uint64_t *wait_until)
{
    struct jobs *writes = &thread->queue->writes;
    *wait_until = UINT64_MAX;
    if (!thread->health[0])
        return TAILQ_FIRST(writes);
    if (thread->refused)
        return NULL;
    if (uv_hrtime() < thread->retry_at) {
        *wait_until = thread->retry_at;
        return NULL;
    }
    if (TAILQ_EMPTY(writes) && !thread->file.warning[0])
        TAILQ_INSERT_TAIL(writes, job_new(JOB_PROBE), link);
    return first_write(thread);
}

/* Without the queue's lock: on a hung disk this takes long, and the loop takes that lock. */
static enum book_file_result work(struct book_file *file, struct job *job)
{
    switch (job->kind) {
    case JOB_PUT: return book_row_put(file, &job->attempt);
    case JOB_NOTE: return book_row_note(file, &job->attempt);
    case JOB_INTERRUPT: return book_row_interrupt(file, &job->attempt);
    case JOB_PROBE: return book_row_probe(file);
    case JOB_TRUST:
    case JOB_COUNT:
    case JOB_PAGE:
    case JOB_HEALTH: break;
    }
    return BOOK_FILE_DONE;
}

static void refuse_row(struct write_thread *thread, const struct job *job)
{
    char sentence[sizeof(thread->health)];
    snprintf(sentence, sizeof(sentence), "%.900s: this row cannot be booked; restart gangd", thread->file.error);
    log_error("book", "attempt %lld of slot %s is refused: %s", (long long)job->attempt.id, job->attempt.slot,
              thread->file.error);
    thread->refused = true;
    report_health(thread, sentence);
}

static void take_result(struct write_thread *thread, const struct job *job, enum book_file_result result)
{
    switch (result) {
    case BOOK_FILE_DONE:
        thread->queue->exchanging = false;
        report_health(thread, thread->file.warning);
        break;
    case BOOK_FILE_AGAIN:
        thread->retry_at = uv_hrtime() + RETRY_NS;
        report_health(thread, thread->file.error);
        break;
    case BOOK_FILE_REFUSED: refuse_row(thread, job); break;
    }
}

static void settle(struct write_thread *thread, struct job *job, enum book_file_result result)
{
    struct queue *queue = thread->queue;
    job->tried = true;
    take_result(thread, job, result);
    if (job->cancelled) {
        job_make_interrupt(job);
    } else if (result == BOOK_FILE_DONE) {
        TAILQ_REMOVE(&queue->writes, job, link);
        if (job->done.begun)
            queue_pass_to_loop(queue, job);
        else
            job_free(job);
    }
}

/* Takes and gives back the lock that its caller has. */
static void run_job(struct write_thread *thread, struct job *job)
{
    struct queue *queue = thread->queue;
    job->running = true;
    thread->working_since = uv_hrtime();
    uv_mutex_unlock(&queue->lock);
    enum book_file_result result = work(&thread->file, job);
    dev_t device = thread->file.device;
    ino_t inode = thread->file.inode;
    uv_mutex_lock(&queue->lock);
    queue->device = device;
    queue->inode = inode;
    thread->working_since = 0;
    job->running = false;
    settle(thread, job, result);
}

static void wait_for_job(struct write_thread *thread, uint64_t wait_until)
{
    struct queue *queue = thread->queue;
    if (queue->closing && wait_until > queue->close_by)
        wait_until = queue->close_by;
    uint64_t now = uv_hrtime();
    if (wait_until == UINT64_MAX)
        uv_cond_wait(&queue->wake_writer, &queue->lock);
    else if (wait_until > now)
        uv_cond_timedwait(&queue->wake_writer, &queue->lock, wait_until - now);
}

void write_thread_watch(struct write_thread *thread)
{
    char sentence[sizeof(thread->health)];
    uv_mutex_lock(&thread->queue->lock);
    if (thread->working_since != 0 && uv_hrtime() - thread->working_since >= HANG_NS) {
        snprintf(sentence, sizeof(sentence), "%.900s: the disk does not answer", thread->file.path);
        report_health(thread, sentence);
    }
    uv_mutex_unlock(&thread->queue->lock);
}

bool write_thread_has_rows(const struct write_thread *thread)
{
    struct job *job;
    TAILQ_FOREACH(job, &thread->queue->writes, link)
    if (job_is_row(job))
        return true;
    return false;
}

static bool may_end(struct write_thread *thread)
{
    struct queue *queue = thread->queue;
    return queue->closing && (!write_thread_has_rows(thread) || thread->refused || uv_hrtime() >= queue->close_by);
}

/* The file is to be exchanged for another one of its name: see struct queue. */
static void release_file(void *data)
{
    struct write_thread *thread = data;
    struct queue *queue = thread->queue;
    uv_mutex_lock(&queue->lock);
    queue->exchanging = true;
    uv_cond_signal(&queue->wake_reader);
    while (queue->reader_connected && !queue->abandoned)
        uv_cond_wait(&queue->changed, &queue->lock);
    uv_mutex_unlock(&queue->lock);
}

/* The connection that is closed last copies the write-ahead log into the book and removes it, and the reader's may not
 * write: a book that was closed well would be left with its log beside it. */
static void wait_for_reader(struct queue *queue)
{
    uint64_t deadline = uv_hrtime() + READER_NS;
    while (queue->reader_connected && !queue->abandoned && uv_hrtime() < deadline)
        uv_cond_timedwait(&queue->changed, &queue->lock, READER_NS / 20);
}

void write_thread_run(void *arg)
{
    struct write_thread *thread = arg;
    struct queue *queue = thread->queue;
    thread->file.release = release_file;
    thread->file.release_data = thread;
    uv_mutex_lock(&queue->lock);
    while (!may_end(thread) && !queue->abandoned) {
        uint64_t wait_until;
        struct job *job = next_job(thread, &wait_until);
        if (job)
            run_job(thread, job);
        else
            wait_for_job(thread, wait_until);
    }
    wait_for_reader(queue);
    uv_mutex_unlock(&queue->lock);
    book_file_close(&thread->file);
    uv_mutex_lock(&queue->lock);
    queue->writer_ended = true;
    uv_cond_broadcast(&queue->changed);
    uv_mutex_unlock(&queue->lock);
}
