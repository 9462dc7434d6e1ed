/* SPDX-License-Identifier: MIT */
/*
 * The hands at the bench: a script, commands from the control socket, or an operator that works by itself. The command
 * language is described in docs/boardsim-rack.md and in operator_help().
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
    OPERATOR_QUIT,    /* the program shall be ended */
};

/* What a command waits for. Opaque; zero-initialise. */
struct operator_wait {
    int what;
    unsigned slot;
    uint64_t bytes;
    uint64_t until; /* CLOCK_MONOTONIC in ns */
};

/* Carries out one line. If `rack` is NULL the line is only checked. */
enum operator_result operator_command(struct rack *rack, const char *line, struct operator_wait *wait,
                                      char answer[OPERATOR_ANSWER]);
/* Is the wait over? */
enum operator_result operator_wait(struct rack *rack, const struct operator_wait *wait, char answer[OPERATOR_ANSWER]);
const char *operator_help(void);

/* A script: its lines one after the other, each at its time. */
struct script;
/* Reads and checks the whole file. NULL with a sentence that names file and line. */
struct script *script_load(const char *path, char *error, size_t size);
void script_free(struct script *script);
/* Goes on. OPERATOR_DONE: it has ended. OPERATOR_REFUSED: a command failed; `answer` names file and line. */
enum operator_result script_tick(struct script *script, struct rack *rack, char answer[OPERATOR_ANSWER]);

/* An operator who brings a board to every slot, waits until the host has finished with it (rack_finished()), takes it
 * out and brings the next. */
struct hands;
struct hands_options {
    unsigned slots;
    unsigned units;            /* how many boards in all; 0: without end */
    double swap_min, swap_max; /* seconds to take a finished board out, and again to bring the next one */
    uint64_t seed;
};
/* NULL when out of memory. */
struct hands *hands_new(const struct hands_options *options);
void hands_free(struct hands *hands);
/* OPERATOR_DONE: all `units` were brought, and taken out again. */
enum operator_result hands_tick(struct hands *hands, struct rack *rack, char answer[OPERATOR_ANSWER]);

#endif
