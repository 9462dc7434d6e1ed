/* SPDX-License-Identifier: MIT */
/*
 * An operator that works without commands (--operator auto): plugs a board into every slot, waits until the host has
 * finished with it (rack_finished()), unplugs it and plugs in the next, after times drawn at random.
 */
#ifndef BOARDSIM_AUTO_OPERATOR_H
#define BOARDSIM_AUTO_OPERATOR_H

#include "tools/boardsim/operator.h"

struct auto_operator;

struct auto_operator_options {
    unsigned slots;
    unsigned units;            /* how many boards in all; 0: without end */
    double swap_min, swap_max; /* seconds to take a finished board out, and again to bring the next one */
    uint64_t seed;
};

/* `options` must outlive the operator. NULL when out of memory. */
__attribute__((warn_unused_result)) struct auto_operator *
auto_operator_new(const struct auto_operator_options *options);
void auto_operator_free(struct auto_operator *worker);

/* Does what is due. OPERATOR_DONE: all `units` were brought, and taken out again. OPERATOR_REFUSED: a board could not
 * be plugged or unplugged; `answer` tells why. */
__attribute__((warn_unused_result)) enum operator_result
auto_operator_tick(struct auto_operator *worker, struct rack *rack, char answer[OPERATOR_ANSWER]);

#endif
