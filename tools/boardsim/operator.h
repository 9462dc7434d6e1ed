/* SPDX-License-Identifier: MIT */
/*
 * Commands that do to the rack what a person does by hand: plug, unplug, press a button, wait. They come from a script
 * (script.h) or from the control socket (control.h). The command language is described in docs/boardsim-bench.md and in
 * operator_help().
 */
#ifndef BOARDSIM_OPERATOR_H
#define BOARDSIM_OPERATOR_H

#include "tools/boardsim/rack.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OPERATOR_ANSWER 8192

enum operator_result {
    OPERATOR_DONE,    /* `answer` tells what came of it, "" if there is nothing to tell */
    OPERATOR_WAITS,   /* a wait or sleep that is not over: try operator_wait() again */
    OPERATOR_REFUSED, /* `answer` tells why */
    OPERATOR_QUIT,    /* the program is to be ended */
};

/* What a command waits for. Opaque; zero-initialise. */
struct operator_wait {
    int what;
    unsigned slot;
    uint64_t bytes;
    uint64_t until; /* CLOCK_MONOTONIC in ns */
};

/* Carries out one line. If `rack` is NULL the line is only checked. */
__attribute__((warn_unused_result)) enum operator_result
operator_command(struct rack *rack, const char *line, struct operator_wait *wait, char answer[OPERATOR_ANSWER]);
/* Is the wait over? */
__attribute__((warn_unused_result)) enum operator_result
operator_wait(struct rack *rack, const struct operator_wait *wait, char answer[OPERATOR_ANSWER]);
const char *operator_help(void);

#endif
