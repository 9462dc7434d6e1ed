/* SPDX-License-Identifier: MIT */
/* A file of operator commands, carried out one after the other, each at its time. */
#ifndef BOARDSIM_SCRIPT_H
#define BOARDSIM_SCRIPT_H

#include "tools/boardsim/operator.h"

struct script;

/* Reads and checks the whole file. NULL with a sentence that names file and line. */
__attribute__((warn_unused_result)) struct script *script_load(const char *path, char *error, size_t size);
void script_free(struct script *script);

/* Goes on. OPERATOR_DONE: it has ended. OPERATOR_REFUSED: a command failed; `answer` names file and line. */
__attribute__((warn_unused_result)) enum operator_result script_tick(struct script *script, struct rack *rack,
                                                                     char answer[OPERATOR_ANSWER]);

#endif
