/* SPDX-License-Identifier: MIT */
/* The two clocks of the daemon, in microseconds. */
#ifndef DAEMON_BASE_CLOCK_H
#define DAEMON_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>
#include <uv.h>

/* UTC since 1970: for the book. */
static inline int64_t wall_clock_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Never goes back: for sessions and deadlines. */
static inline uint64_t steady_clock_us(void)
{
    return uv_hrtime() / 1000;
}

#endif
