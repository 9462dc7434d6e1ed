/* SPDX-License-Identifier: MIT */
#include "daemon/base/clock.h"

#include <time.h>
#include <uv.h>

int64_t wall_clock_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

uint64_t steady_clock_us(void)
{
    return uv_hrtime() / 1000;
}
