/* SPDX-License-Identifier: MIT */
/* The log of a conversation, step by step, for gangd -v. */
#ifndef DAEMON_STATION_STEP_LOG_H
#define DAEMON_STATION_STEP_LOG_H

#include "proto/recipe/program.h"

/* Logs a line about a step of `program` that has just ended: slot, try, name, baud rate, milliseconds, and the result
 * or the observation:
 *
 *   step: A1: try 1  flash id      115200 baud      3 ms  done: ef4016, 4096 KB
 *   step: A1: try 1  write         921600 baud   1603 ms  failed: link-lost, writing at 0x0, block 9 of 22: no answer
 */
void step_log(const char *slot, const struct program *program, const struct program_step *step);

#endif
