/* SPDX-License-Identifier: MIT */
#include "daemon/base/log_queue.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <syslog.h>
#include <time.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t filled = PTHREAD_COND_INITIALIZER;

/* Under `lock`. */
static struct log_record records[LOG_QUEUE_MAX];
static unsigned first, count;
static unsigned long lost; /* since the queue was full; nothing is accepted until it has run empty */

/* All records that were accepted have been written. Atomic, for log_queue_flush(). */
static atomic_bool idle = true;

static void count_lost(struct log_record *record)
{
    *record = (struct log_record){.level = LOG_WARNING};
    snprintf(record->message, sizeof(record->message), "log: %lu log line%s lost: the log was not read", lost,
             lost == 1 ? " was" : "s were");
    lost = 0;
}

static void take(struct log_record *record)
{
    pthread_mutex_lock(&lock);
    while (count == 0 && lost == 0) {
        idle = true;
        pthread_cond_wait(&filled, &lock);
    }
    if (count > 0) {
        *record = records[first];
        first = (first + 1) % LOG_QUEUE_MAX;
        count--;
    } else {
        count_lost(record);
    }
    pthread_mutex_unlock(&lock);
}

static void *run(void *unused)
{
    static struct log_record record;
    (void)unused;
    for (;;) {
        take(&record);
        log_record_write(&record);
    }
    return NULL;
}

bool log_queue_start(void)
{
    pthread_t thread;
    sigset_t all, before;
    /* Signals are handled by the others: a handler that waits for this thread must not run on it. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&thread, NULL, run, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc == 0)
        pthread_detach(thread);
    return rc == 0;
}

void log_queue_put(const struct log_record *record)
{
    pthread_mutex_lock(&lock);
    idle = false;
    if (count == LOG_QUEUE_MAX || lost > 0)
        lost++;
    else
        records[(first + count++) % LOG_QUEUE_MAX] = *record;
    pthread_cond_signal(&filled);
    pthread_mutex_unlock(&lock);
}

void log_queue_flush(unsigned limit_ms)
{
    static const struct timespec pause = {.tv_nsec = 1000000};
    for (unsigned waited = 0; !idle && waited < limit_ms; waited++)
        nanosleep(&pause, NULL);
}
