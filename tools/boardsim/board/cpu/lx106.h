/* SPDX-License-Identifier: MIT */
/*
 * The CPU: Xtensa LX106 with density, NSA, ABS, ADDX/SUBX, MUL16, MULL, L32R with LITBASE, BREAK and the exceptions; no
 * windows, loops, MIN/MAX, SEXT, MULUH, divide. What it has and where its vectors and interrupts are is Tensilica's
 * core-isa.h for lx106; what instructions do, the Xtensa ISA reference manual. It runs from IRAM, and from whatever
 * else the bus lets it fetch; a fetch from ROM is handed to the caller, who does the ROM's work.
 *
 * Exceptions and interrupts are architectural: EPC1, EXCCAUSE, EXCVADDR, PS.EXCM, a jump to VECBASE plus offset. With
 * the VECBASE of reset that is a fetch from ROM, so the ROM's handlers are the caller's too. The timer (CCOUNT,
 * CCOMPARE0) is the CPU's own; other interrupts are what the caller sets in sr[LX106_INTSET].
 *
 * Not there: hardware breakpoints and single step (their registers are mere storage), the protection of the TLB.
 */
#ifndef BOARDSIM_LX106_H
#define BOARDSIM_LX106_H

#include "tools/boardsim/board/cpu/lx106_special.h"
#include "tools/boardsim/board/cpu/lx106_state.h"

enum lx106_stop {
    LX106_TIME, /* the cycles are used up */
    LX106_CALL, /* pc is in ROM */
    LX106_WAIT, /* WAITI: asleep until an interrupt */
    LX106_SPIN, /* a loop that can only end by something from outside */
};

/* Runs for about `cycles`. Takes a pending interrupt first, if it may. */
enum lx106_stop lx106_run(struct lx106 *cpu, int64_t cycles);

/* To be called when anything but the CPU has written to IRAM: `n` bytes at offset `at`. */
void lx106_wrote(struct lx106 *cpu, uint32_t at, uint32_t n);

#endif
