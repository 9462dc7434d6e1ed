/* SPDX-License-Identifier: MIT */
#include "daemon/book/read_thread.h"

#include "daemon/base/log.h"
#include "daemon/book/counts.h"
#include "daemon/book/page.h"
#include "daemon/book/trust.h"

/* How often SQLite asks whether to go on, in steps of its machine: some ten thousand times a second. */
#define STEPS 1000

static struct job *first_of_kind(struct queue *queue, enum job_kind kind)
{
    struct job *job;
    TAILQ_FOREACH(job, &queue->reads, link)
    if (job->kind == kind)
        return job;
    return NULL;
}

/* Questions of trust first: a board is at work meanwhile. Then counts: they are few and quick, and the page shows
 * them. */
static struct job *next_read(struct queue *queue)
{
    struct job *job = first_of_kind(queue, JOB_TRUST);
    if (!job)
        job = first_of_kind(queue, JOB_COUNT);
    return job ? job : TAILQ_FIRST(&queue->reads);
}

static bool is_wanted(const struct read_thread *thread)
{
    return !thread->job->cancelled && !thread->queue->closing && !thread->queue->exchanging;
}

/* SQLite's progress handler: anything but 0 ends the query. */
static int is_unwanted(void *data)
{
    struct read_thread *thread = data;
    uv_mutex_lock(&thread->queue->lock);
    bool wanted = is_wanted(thread);
    uv_mutex_unlock(&thread->queue->lock);
    return !wanted;
}

/* Whether the connection leads to the file that the writer has open. A connection is opened for that one alone. */
static bool is_connected(struct read_thread *thread, dev_t device, ino_t inode)
{
    if (!book_file_reader_is(&thread->file, device, inode))
        return false;
    sqlite3_progress_handler(thread->file.reader, STEPS, is_unwanted, thread);
    return true;
}

static int read_job(struct book_file *file, struct job *job)
{
    switch (job->kind) {
    case JOB_TRUST: return book_trust_read(file, &job->attempt, &job->trusted);
    case JOB_COUNT: return book_counts_read(file, job->count.since, &job->count.counts);
    default: return book_page_read(file, &job->page);
    }
}

/* Without the queue's lock. Returns whether the job is done. */
static bool work(struct read_thread *thread, struct job *job, dev_t device, ino_t inode)
{
    struct book_file *file = &thread->file;
    int error = is_connected(thread, device, inode) ? read_job(file, job) : -1;
    if (error == 0)
        return true;
    if (!file->reader || !is_unwanted(thread))
        log_warning("book", "cannot be read: %s", file->error);
    book_file_close_reader(file);
    return false;
}

static void settle(struct queue *queue, struct job *job, bool done)
{
    if (!done && job->kind == JOB_COUNT)
        job_free(job);
    else
        queue_pass_to_loop(queue, job);
}

/* Takes and gives back the lock that its caller has. */
static void run_job(struct read_thread *thread, struct job *job)
{
    struct queue *queue = thread->queue;
    dev_t device = queue->device;
    ino_t inode = queue->inode;
    TAILQ_REMOVE(&queue->reads, job, link);
    thread->job = job;
    bool done = false;
    if (is_wanted(thread)) {
        queue->reader_connected = true;
        uv_mutex_unlock(&queue->lock);
        done = work(thread, job, device, inode);
        uv_mutex_lock(&queue->lock);
    }
    thread->job = NULL;
    settle(queue, job, done);
}

/* As run_job(). */
static void disconnect(struct read_thread *thread)
{
    struct queue *queue = thread->queue;
    uv_mutex_unlock(&queue->lock);
    book_file_close_reader(&thread->file);
    uv_mutex_lock(&queue->lock);
    queue->reader_connected = false;
    uv_cond_broadcast(&queue->changed);
}

void read_thread_run(void *arg)
{
    struct read_thread *thread = arg;
    struct queue *queue = thread->queue;
    uv_mutex_lock(&queue->lock);
    while (!queue->closing) {
        struct job *job = next_read(queue);
        if (queue->exchanging && queue->reader_connected)
            disconnect(thread);
        else if (job)
            run_job(thread, job);
        else
            uv_cond_wait(&queue->wake_reader, &queue->lock);
    }
    disconnect(thread);
    queue->reader_ended = true;
    uv_cond_broadcast(&queue->changed);
    uv_mutex_unlock(&queue->lock);
}
