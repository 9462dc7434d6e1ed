/* SPDX-License-Identifier: MIT */
#include "daemon/port/port_close.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <time.h>
#include <unistd.h>

#ifndef sigev_notify_thread_id /* glibc before 2.40 has the member without this name */
#    define sigev_notify_thread_id _sigev_un._tid
#endif

/* Ignored by default, so that one that comes late does no harm. */
#define WAKE_SIGNAL SIGURG

static void on_wake(int signum)
{
    (void)signum;
}

/* Without SA_RESTART: the wait shall end. */
static void install_handler(void)
{
    struct sigaction action = {.sa_handler = on_wake};
    sigemptyset(&action.sa_mask);
    sigaction(WAKE_SIGNAL, &action, NULL);
}

/* False if the kernel has no timer left: then the close takes the time it takes. */
static bool wake_this_thread(timer_t *timer)
{
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = WAKE_SIGNAL};
    event.sigev_notify_thread_id = gettid();
    if (timer_create(CLOCK_MONOTONIC, &event, timer))
        return false;
    const struct timespec period = {.tv_nsec = PORT_CLOSE_MS * 1000000L};
    const struct itimerspec times = {.it_interval = period, .it_value = period};
    return timer_settime(*timer, 0, &times, NULL) == 0;
}

void port_close(int fd)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, install_handler);
    timer_t timer;
    bool wakes = wake_this_thread(&timer);
    close(fd); /* closed also if it says EINTR */
    if (wakes)
        timer_delete(timer);
}
