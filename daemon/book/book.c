/* SPDX-License-Identifier: MIT */
/*
 * The store's thread and its two queues: jobs that wait for the book, and those done that wait for the loop. A write
 * that cannot be done now stays where it is and is tried again; reads go past it.
 */
#include "daemon/book/book.h"
#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/base/utf8.h"
#include "daemon/book/book_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#define SECOND_NS INT64_C(1000000000)
#define RETRY_NS  SECOND_NS

/* How many results the loop hears of before it looks at its other work. */
#define RESULTS_AT_ONCE 64

enum job_kind { JOB_PUT, JOB_NOTE, JOB_INTERRUPT, JOB_PROBE, JOB_COUNT, JOB_PAGE, JOB_HEALTH };

struct job {
    TAILQ_ENTRY(job) link;
    enum job_kind kind;
    uint64_t ticket; /* of a begin; 0 else */
    bool running;    /* the thread is at it, without the lock */
    bool tried;      /* may be in the book, though it was not said so */
    bool cancelled;
    enum cause cause; /* of a cancelled begin */
    int64_t cancelled_at;
    union {
        store_begun_cb begun;
        store_ended_cb ended;
        store_counted_cb counted;
    } done;
    void *data; /* for done; of a page: its struct store_read */
    union {
        struct attempt attempt;
        struct {
            int64_t since;
            struct store_counts counts;
        } count;
        struct page page;  /* no text after an error */
        char health[1024]; /* "": all is well */
    };
};

TAILQ_HEAD(jobs, job);

struct store {
    /* The loop's. */
    uv_async_t results;
    store_health_cb on_health;
    void *data;
    uint64_t last_ticket;
    uv_thread_t thread;

    /* The thread's. */
    struct book book;
    char health[1024]; /* said last; "": all is well */
    uint64_t retry_at; /* uv_hrtime() */
    bool refused;      /* a row breaks a rule: no further write */

    /* Of both, under the lock. */
    uv_mutex_t lock;
    uv_cond_t wake;  /* the thread */
    uv_cond_t ended; /* store_close() */
    struct jobs waiting, done;
    bool closing, abandoned, has_ended;
    uint64_t close_by;
};

struct store_read {
    struct store *store;
    struct page page; /* where it stands */
    struct job *pending;
    store_text_cb done;
    void *data;
};

static struct job *new_job(enum job_kind kind)
{
    struct job *job = calloc(1, sizeof(*job));
    if (!job) {
        /* What cannot be booked must not be flashed. Open attempts are closed at the next start. */
        log_error("book", "out of memory");
        abort();
    }
    job->kind = kind;
    return job;
}

static void free_job(struct job *job)
{
    if (job->kind == JOB_PAGE)
        free(job->page.text);
    free(job);
}

static bool is_read(const struct job *job)
{
    return job->kind == JOB_COUNT || job->kind == JOB_PAGE;
}

static bool is_row(const struct job *job)
{
    return job->kind == JOB_PUT || job->kind == JOB_INTERRUPT;
}

/* The thread. */

static void hand_over(struct store *store, struct job *job)
{
    TAILQ_INSERT_TAIL(&store->done, job, link);
    if (!store->abandoned)
        uv_async_send(&store->results);
}

static void say_health(struct store *store, const char *sentence)
{
    if (strcmp(store->health, sentence) == 0)
        return;
    snprintf(store->health, sizeof(store->health), "%s", sentence);
    struct job *job = new_job(JOB_HEALTH);
    memcpy(job->health, store->health, sizeof(job->health));
    hand_over(store, job);
}

/* A begin that nobody waits for any more: its row, if there is one, is closed. */
static void make_interrupt(struct job *job)
{
    job->kind = JOB_INTERRUPT;
    job->ticket = 0;
    job->cancelled = false;
    job->done.begun = NULL;
    job->attempt.verdict = VERDICT_INTERRUPTED;
    job->attempt.cause = job->cause;
    job->attempt.ended = job->cancelled_at;
}

static struct job *first_job(struct store *store, bool reads)
{
    struct job *job;
    TAILQ_FOREACH(job, &store->waiting, link)
    if (is_read(job) == reads)
        return job;
    return NULL;
}

/* What to do now: NULL for nothing, then `*wait_until` says when to look again (UINT64_MAX: when woken). */
static struct job *next_job(struct store *store, uint64_t *wait_until)
{
    *wait_until = UINT64_MAX;
    if (!store->health[0])
        return TAILQ_FIRST(&store->waiting);
    if (!store->refused && uv_hrtime() >= store->retry_at) {
        struct job *job = first_job(store, false);
        if (!job) {
            job = new_job(JOB_PROBE);
            TAILQ_INSERT_TAIL(&store->waiting, job, link);
        }
        return job;
    }
    if (!store->refused)
        *wait_until = store->retry_at;
    return first_job(store, true);
}

static enum book_result read_book(struct book *book, struct job *job)
{
    int error =
        job->kind == JOB_COUNT ? book_count(book, job->count.since, &job->count.counts) : book_page(book, &job->page);
    if (error == 0)
        return BOOK_DONE;
    log_warning("book", "cannot be read: %s", book->error);
    /* Perhaps the file is another one by now. */
    sqlite3_close(book->reader);
    book->reader = NULL;
    return BOOK_AGAIN;
}

/* Not under the store's lock: a hung disk may hold it for long, and the loop takes that lock. */
static enum book_result run_job(struct book *book, struct job *job)
{
    switch (job->kind) {
    case JOB_PUT: return book_put(book, &job->attempt);
    case JOB_NOTE: return book_note(book, &job->attempt);
    case JOB_INTERRUPT: return book_interrupt(book, &job->attempt);
    case JOB_PROBE: return book_probe(book);
    case JOB_COUNT:
    case JOB_PAGE: return read_book(book, job);
    case JOB_HEALTH: break;
    }
    return BOOK_DONE;
}

static void settle_read(struct store *store, struct job *job, enum book_result result)
{
    TAILQ_REMOVE(&store->waiting, job, link);
    if (result != BOOK_DONE && job->kind == JOB_COUNT)
        free_job(job);
    else
        hand_over(store, job);
}

static void settle_write(struct store *store, struct job *job, enum book_result result)
{
    job->tried = true;
    if (result == BOOK_DONE)
        say_health(store, "");
    if (result == BOOK_AGAIN) {
        store->retry_at = uv_hrtime() + RETRY_NS;
        say_health(store, store->book.error);
    }
    if (result == BOOK_REFUSED) {
        char sentence[sizeof(store->health)];
        snprintf(sentence, sizeof(sentence), "%.900s: this row cannot be booked; restart gangd", store->book.error);
        log_error("book", "attempt %lld of slot %s is refused: %s", (long long)job->attempt.id, job->attempt.slot,
                  store->book.error);
        store->refused = true;
        say_health(store, sentence);
    }

    if (job->cancelled) {
        make_interrupt(job);
    } else if (result == BOOK_DONE) {
        TAILQ_REMOVE(&store->waiting, job, link);
        if (job->done.begun)
            hand_over(store, job);
        else
            free_job(job);
    }
}

/* Is there something to book, other than a probe? */
static bool owes_rows(struct store *store)
{
    struct job *job;
    TAILQ_FOREACH(job, &store->waiting, link)
    if (is_row(job))
        return true;
    return false;
}

static bool may_end(struct store *store)
{
    return store->closing && (!owes_rows(store) || store->refused || uv_hrtime() >= store->close_by);
}

static void run_thread(void *arg)
{
    struct store *store = arg;
    uv_mutex_lock(&store->lock);
    while (!may_end(store) && !store->abandoned) {
        uint64_t wait_until;
        struct job *job = next_job(store, &wait_until);
        if (job && job->cancelled && job->kind == JOB_PAGE) {
            TAILQ_REMOVE(&store->waiting, job, link);
            hand_over(store, job);
        } else if (job) {
            job->running = true;
            uv_mutex_unlock(&store->lock);
            enum book_result result = run_job(&store->book, job);
            uv_mutex_lock(&store->lock);
            job->running = false;
            if (is_read(job))
                settle_read(store, job, result);
            else
                settle_write(store, job, result);
        } else {
            if (store->closing && wait_until > store->close_by)
                wait_until = store->close_by;
            uint64_t now = uv_hrtime();
            if (wait_until == UINT64_MAX)
                uv_cond_wait(&store->wake, &store->lock);
            else if (wait_until > now)
                uv_cond_timedwait(&store->wake, &store->lock, wait_until - now);
        }
    }
    uv_mutex_unlock(&store->lock);
    book_close(&store->book);
    uv_mutex_lock(&store->lock);
    store->has_ended = true;
    uv_cond_signal(&store->ended);
    uv_mutex_unlock(&store->lock);
}

/* The loop. */

static void deliver(struct store *store, struct job *job)
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
            struct store_read *read = job->data;
            struct page *page = &job->page;
            read->pending = NULL;
            read->page = *page;
            read->page.text = NULL;
            read->done(read->data, page->text, page->text ? page->len : 0, !page->text || page->last);
        }
        break;
    case JOB_HEALTH: store->on_health(store->data, job->health[0] ? job->health : NULL); break;
    case JOB_NOTE:
    case JOB_INTERRUPT:
    case JOB_PROBE: break;
    }
}

static struct job *take_done(struct store *store)
{
    uv_mutex_lock(&store->lock);
    struct job *job = TAILQ_FIRST(&store->done);
    if (job)
        TAILQ_REMOVE(&store->done, job, link);
    uv_mutex_unlock(&store->lock);
    return job;
}

static void on_results(uv_async_t *async)
{
    struct store *store = async->data;
    for (int i = 0; i < RESULTS_AT_ONCE; i++) {
        struct job *job = take_done(store);
        if (!job)
            return;
        deliver(store, job);
        free_job(job);
    }
    uv_async_send(async);
}

static void submit(struct store *store, struct job *job)
{
    uv_mutex_lock(&store->lock);
    TAILQ_INSERT_TAIL(&store->waiting, job, link);
    uv_cond_signal(&store->wake);
    uv_mutex_unlock(&store->lock);
}

/* A copy of which every text is printable UTF-8: names in it come from USB devices. */
static struct job *new_write(enum job_kind kind, const struct attempt *attempt)
{
    struct job *job = new_job(kind);
    job->attempt = *attempt;
#define X(member) utf8_copy(job->attempt.member, sizeof(job->attempt.member), attempt->member);
    ATTEMPT_TEXTS(X)
#undef X
    return job;
}

uint64_t store_begin(struct store *store, const struct attempt *attempt, store_begun_cb done, void *data)
{
    struct job *job = new_write(JOB_PUT, attempt);
    uint64_t ticket = ++store->last_ticket;
    job->attempt.id = 0;
    job->attempt.ended = 0;
    job->attempt.verdict = VERDICT_OPEN;
    job->attempt.cause = CAUSE_NONE;
    job->ticket = ticket;
    job->done.begun = done;
    job->data = data;
    submit(store, job);
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

void store_cancel(struct store *store, uint64_t ticket, enum cause cause)
{
    if (ticket == 0)
        return;
    uv_mutex_lock(&store->lock);
    struct job *job = find_begin(&store->waiting, ticket);
    bool waiting = job != NULL;
    if (!job)
        job = find_begin(&store->done, ticket);
    if (job) {
        job->cancelled = true;
        job->cause = cause;
        job->cancelled_at = wall_clock_us();
    }
    if (job && waiting && !job->running && !job->tried) {
        TAILQ_REMOVE(&store->waiting, job, link);
        free_job(job);
    } else if (job && waiting && !job->running) {
        make_interrupt(job);
    } else if (job && !waiting) {
        TAILQ_REMOVE(&store->done, job, link);
        make_interrupt(job);
        TAILQ_INSERT_TAIL(&store->waiting, job, link);
        uv_cond_signal(&store->wake);
    }
    uv_mutex_unlock(&store->lock);
}

void store_note(struct store *store, const struct attempt *attempt)
{
    submit(store, new_write(JOB_NOTE, attempt));
}

void store_end(struct store *store, const struct attempt *attempt, store_ended_cb done, void *data)
{
    struct job *job = new_write(JOB_PUT, attempt);
    job->done.ended = done;
    job->data = data;
    submit(store, job);
}

void store_count(struct store *store, int64_t since, store_counted_cb done, void *data)
{
    struct job *job = new_job(JOB_COUNT);
    job->count.since = since;
    job->done.counted = done;
    job->data = data;
    submit(store, job);
}

struct store_read *store_read_open(struct store *store, const struct store_filter *filter, enum store_format format)
{
    struct store_read *read = calloc(1, sizeof(*read));
    if (!read)
        return NULL;
    read->store = store;
    page_init(&read->page, filter, format);
    return read;
}

void store_read_next(struct store_read *read, store_text_cb done, void *data)
{
    struct job *job = new_job(JOB_PAGE);
    job->page = read->page;
    job->data = read;
    read->pending = job;
    read->done = done;
    read->data = data;
    submit(read->store, job);
}

void store_read_close(struct store_read *read)
{
    if (read->pending) {
        uv_mutex_lock(&read->store->lock);
        read->pending->cancelled = true;
        uv_mutex_unlock(&read->store->lock);
    }
    free(read);
}

static void on_results_closed(uv_handle_t *handle)
{
    struct store *store = handle->data;
    uv_mutex_destroy(&store->lock);
    uv_cond_destroy(&store->wake);
    uv_cond_destroy(&store->ended);
    free(store);
}

struct store *store_open(uv_loop_t *loop, const char *path, store_health_cb on_health, void *data, char *error,
                         size_t error_size)
{
    struct store *store = calloc(1, sizeof(*store));
    if (!store) {
        snprintf(error, error_size, "out of memory");
        return NULL;
    }
    if (book_open(&store->book, path, error, error_size) != 0) {
        free(store);
        return NULL;
    }
    store->on_health = on_health;
    store->data = data;
    TAILQ_INIT(&store->waiting);
    TAILQ_INIT(&store->done);
    uv_mutex_init(&store->lock);
    uv_cond_init(&store->wake);
    uv_cond_init(&store->ended);
    uv_async_init(loop, &store->results, on_results);
    store->results.data = store;
    int rc = uv_thread_create(&store->thread, run_thread, store);
    if (rc != 0) {
        snprintf(error, error_size, "%s: cannot start its thread: %s", path, uv_strerror(rc));
        book_close(&store->book);
        uv_close((uv_handle_t *)&store->results, on_results_closed);
        return NULL;
    }
    return store;
}

/* Says which writes are not in the book: their rows, as far as a line of the log holds them. */
static bool all_written(struct store *store)
{
    bool all = true;
    struct job *job;
    TAILQ_FOREACH(job, &store->waiting, link)
    {
        const struct attempt *a = &job->attempt;
        if (!is_row(job))
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

static void free_jobs(struct jobs *jobs)
{
    struct job *job;
    while ((job = TAILQ_FIRST(jobs))) {
        TAILQ_REMOVE(jobs, job, link);
        free_job(job);
    }
}

bool store_close(struct store *store, unsigned seconds)
{
    uv_mutex_lock(&store->lock);
    store->closing = true;
    store->close_by = uv_hrtime() + seconds * (uint64_t)SECOND_NS;
    uv_cond_signal(&store->wake);
    /* A second more, for a write that is under way to give up. */
    while (!store->has_ended && uv_hrtime() < store->close_by + SECOND_NS)
        uv_cond_timedwait(&store->ended, &store->lock, SECOND_NS / 10);
    bool all = all_written(store);
    bool hangs = !store->has_ended;
    store->abandoned = hangs;
    uv_mutex_unlock(&store->lock);

    if (hangs) {
        /* The kernel does not let the thread go. It keeps its things, and ends with the process. */
        log_error("book", "%s: the file system does not answer; not waiting for it", store->book.path);
        uv_close((uv_handle_t *)&store->results, NULL);
        return false;
    }
    uv_thread_join(&store->thread);
    free_jobs(&store->waiting);
    free_jobs(&store->done);
    uv_close((uv_handle_t *)&store->results, on_results_closed);
    return all;
}
