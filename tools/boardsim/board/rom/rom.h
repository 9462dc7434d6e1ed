/* SPDX-License-Identifier: MIT */
/*
 * The ROM on its chip. It decides who runs: its boot code or its serial loader (both done natively), or loaded code on
 * the CPU, and its functions where that code calls them. Whoever runs a chip with a ROM calls these, and chip.h's for
 * the hardware alone.
 */
#ifndef BOARDSIM_ROM_H
#define BOARDSIM_ROM_H

#include "tools/boardsim/board/rom/rom_state.h"

/* `chip` as for chip_init(), which this calls; it must outlive the ROM. The chip is off. */
void rom_init(struct rom *rom, struct chip *chip);

/* Reset: everything stops. Memory keeps its contents. */
void rom_assert_reset(struct rom *rom);

/* Out of reset; the straps decide between the serial loader, flash and what leads nowhere. */
void rom_release_reset(struct rom *rom, enum chip_reset_cause cause, unsigned straps);

/* What the ROM does where chip_run(chip, end) has returned false: a step of its own code or of a function, or the time
 * of a function passing until `end`. */
void rom_step(struct rom *rom, uint64_t end);

/* When the chip next does something by itself: chip_event(), or ROM code going on. `now` if the CPU is busy. */
uint64_t rom_next(const struct rom *rom);

/* chip_sent(), after which the ROM's output moves on. */
uint8_t rom_sent(struct rom *rom);

#endif
