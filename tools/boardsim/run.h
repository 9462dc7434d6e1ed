/* SPDX-License-Identifier: MIT */
/* Runs the program with the adapters in its sight, and the operator beside it, until the program ends. */
#ifndef BOARDSIM_RUN_H
#define BOARDSIM_RUN_H

#include "tools/boardsim/auto_operator.h"
#include "tools/boardsim/control.h"
#include "tools/boardsim/script.h"

/* The exit code for a failure of boardsim itself, as that of env(1) and timeout(1). */
#define RUN_TROUBLE 125

struct run_setup {
    struct rack *rack;
    char **command;        /* argv, NULL at its end */
    struct script *script; /* each of the three may be NULL */
    struct auto_operator *worker;
    struct control *control;
};

/* Returns boardsim's exit code: the program's code, 128 + n if signal n killed it, 126 or 127 if it could not
 * be started, RUN_TROUBLE if the script or the operator failed (said on stderr). SIGINT, SIGTERM and SIGHUP are passed
 * on to the program; all other threads must have them blocked. */
__attribute__((warn_unused_result)) int run(const struct run_setup *run);
/* Blocks the signals that run() takes care of: before any thread is started. */
void run_block_signals(void);

#endif
