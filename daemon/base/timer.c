/* SPDX-License-Identifier: MIT */
#include "daemon/base/timer.h"

static void on_fired(uv_timer_t *handle)
{
    struct timer *timer = handle->data;
    timer->fired(timer->data);
}

static void on_closed(uv_handle_t *handle)
{
    struct timer *timer = handle->data;
    timer->closed(timer->data);
}

void timer_init(struct timer *timer, uv_loop_t *loop, void (*fired)(void *data), void *data)
{
    uv_timer_init(loop, &timer->handle);
    timer->handle.data = timer;
    timer->fired = fired;
    timer->data = data;
}

void timer_start(struct timer *timer, uint64_t ms)
{
    uv_timer_start(&timer->handle, on_fired, ms, 0);
}

void timer_stop(struct timer *timer)
{
    uv_timer_stop(&timer->handle);
}

void timer_close(struct timer *timer, void (*closed)(void *data))
{
    timer->closed = closed;
    uv_close((uv_handle_t *)&timer->handle, on_closed);
}
