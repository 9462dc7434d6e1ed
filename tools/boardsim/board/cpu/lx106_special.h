/* SPDX-License-Identifier: MIT */
/*
 * The CPU's special registers and what works by them: reset, exceptions, interrupts, the timer.
 */
#ifndef BOARDSIM_LX106_SPECIAL_H
#define BOARDSIM_LX106_SPECIAL_H

#include "tools/boardsim/board/cpu/lx106_state.h"

/* Registers to their reset values; memory pointers, bus and cycles stay. */
void lx106_reset(struct lx106 *cpu);

/* An interrupt that is pending, enabled and not held back by PS; or the NMI. */
bool lx106_interrupted(const struct lx106 *cpu);

/* In the exception of a BREAK, for which this chip has no debugger. */
bool lx106_in_break(const struct lx106 *cpu);

/* Enters that interrupt's vector from pc. */
void lx106_interrupt(struct lx106 *cpu);

/* Lets time pass in which the CPU does not run: asleep, spinning, or in ROM. */
void lx106_pass(struct lx106 *cpu, uint64_t cycles);

/* Enters the exception vector; `pc` is where to return to. */
void lx106_exception(struct lx106 *cpu, enum lx106_cause cause, uint32_t pc, uint32_t address);

/* For lx106.c alone. `left` is what is left of the cycles that lx106_run() was granted. */

/* Raises the timer's interrupt if it is due. Returns what `left` will be when it next is; 0 if that is not in this run.
 */
int64_t lx106_timer(struct lx106 *cpu, int64_t left);

/* An instruction that has to do with special registers, exceptions or interrupts; `pc` is where it is, cpu->pc the next
 * one's place, or changed to where it jumps. Returns -1, or an enum lx106_cause. What it does may let an interrupt in,
 * or put the CPU to sleep. */
int lx106_system(struct lx106 *cpu, const struct lx106_instruction *i, uint32_t pc, int64_t left);

#endif
