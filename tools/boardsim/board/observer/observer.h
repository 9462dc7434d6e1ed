/* SPDX-License-Identifier: MIT */
/*
 * Who watches the parts of a board at work: for a picture of where a unit's time goes. An observer only looks; the
 * board does the same, at the same times, without one.
 */
#ifndef BOARDSIM_OBSERVER_H
#define BOARDSIM_OBSERVER_H

#include <stddef.h>
#include <stdint.h>

/* X(name, word) */
#define BOARD_ACTIVITIES(X)                                                                                            \
    X(LINK, "link")       /* a byte from the host is on the wire, as it left the adapter */                            \
    X(ERASE, "erase")     /* the flash part erases, the command's transfer included */                                 \
    X(PROGRAM, "program") /* it programs, the transfer of the data included */                                         \
    X(READ, "read")       /* the array is read, by code or the cache */                                                \
    X(CPU, "CPU")         /* instructions are executed, or a function of the ROM that they have called. Not in loops   \
                             that the interpreter knows to wait, nor while the SPI controller or the cache is waited   \
                             for; loops that poll the flash part in turn with other work do count */

enum board_activity {
#define X(name, word) BOARD_ACTIVITY_##name,
    BOARD_ACTIVITIES(X)
#undef X
        BOARD_ACTIVITY_COUNT
};

struct observer {
    /* The activity lasts from `from` to `to`, which may lie ahead. Of each activity these come in their order and do
     * not overlap. board_observe() gives nanoseconds; within the board they are cycles. */
    void (*busy)(void *data, enum board_activity activity, uint64_t from, uint64_t to);
    void *data;
};

/* `observer`: NULL if there is none. */
static inline void observe(const struct observer *observer, enum board_activity activity, uint64_t from, uint64_t to)
{
    if (observer && to > from)
        observer->busy(observer->data, activity, from, to);
}

#endif
