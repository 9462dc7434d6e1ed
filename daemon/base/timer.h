/* SPDX-License-Identifier: MIT */
/*
 * A timer of the loop that fires once each time it is started. A thin wrapper of uv_timer_t, in a file of its own so
 * that a test in virtual time links its own in its place. All calls and callbacks on the loop's thread.
 */
#ifndef DAEMON_BASE_TIMER_H
#define DAEMON_BASE_TIMER_H

#include <stdint.h>
#include <uv.h>

/* Lives in its owner, which may not be freed before timer_close() has called back. */
struct timer {
    uv_timer_t handle;
    void (*fired)(void *data);
    void (*closed)(void *data);
    void *data;
};

/* `fired` gets `data`. The timer is stopped. */
void timer_init(struct timer *timer, uv_loop_t *loop, void (*fired)(void *data), void *data);

/* Fires `ms` milliseconds from now, not when it was to fire before. */
void timer_start(struct timer *timer, uint64_t ms);

/* It does not fire. Fine if it is stopped already. */
void timer_stop(struct timer *timer);

/* It does not fire any more; `closed` gets the timer's `data` from the loop, never from within this call. */
void timer_close(struct timer *timer, void (*closed)(void *data));

#endif
