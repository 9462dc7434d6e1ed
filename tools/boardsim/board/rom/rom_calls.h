/* SPDX-License-Identifier: MIT */
/*
 * The ROM's functions, done natively when the CPU fetches from their address. Those that take long do it in steps, and
 * interrupts come in between: the UART must be served while the ROM programs a page.
 *
 * The ROM's exception vector is here too: a level-1 interrupt calls the handler that ets_isr_attach() got, and a return
 * to ROM_ISR_RETURN restores what was interrupted.
 */
#ifndef BOARDSIM_ROM_CALLS_H
#define BOARDSIM_ROM_CALLS_H

#include <stdbool.h>
#include <stdint.h>

struct rom;

/* The CPU is at a function that is under way, and that goes on at rom->calls.call.until. */
bool rom_calls_under_way(const struct rom *rom);

/* Goes on with the ROM function at the CPU's pc. It may have ended: then pc is outside ROM. */
void rom_calls_step(struct rom *rom);

#endif
