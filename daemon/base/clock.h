/* SPDX-License-Identifier: MIT */
/* The two clocks of the daemon, in microseconds. Safe on every thread. Functions of a file of their own, so that a test
 * in virtual time links its own in their place. */
#ifndef DAEMON_BASE_CLOCK_H
#define DAEMON_BASE_CLOCK_H

#include <stdint.h>

/* UTC since 1970: for the book. */
int64_t wall_clock_us(void);

/* Never goes back: for sessions and deadlines. */
uint64_t steady_clock_us(void);

#endif
