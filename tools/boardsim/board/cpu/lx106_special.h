/* SPDX-License-Identifier: MIT */
/*
 * The CPU's special registers and what works by them: exceptions, interrupts, the timer. For lx106.c; everyone else
 * takes lx106.h. `left` is what is left of the cycles that lx106_run() was granted.
 */
#ifndef BOARDSIM_LX106_SPECIAL_H
#define BOARDSIM_LX106_SPECIAL_H

#include "tools/boardsim/board/cpu/lx106.h"

/* Raises the timer's interrupt if it is due. Returns what `left` will be when it next is; 0 if that is not in this run.
 */
int64_t lx106_timer(struct lx106 *cpu, int64_t left);

/* An instruction that has to do with special registers, exceptions or interrupts; `pc` is where it is, cpu->pc the next
 * one's place, or changed to where it jumps. Returns -1, or an enum lx106_cause. What it does may let an interrupt in,
 * or put the CPU to sleep. */
int lx106_system(struct lx106 *cpu, const struct lx106_instruction *i, uint32_t pc, int64_t left);

#endif
