/* SPDX-License-Identifier: MIT */
/*
 * What the ROM does after reset: the banner, then what the straps say: the serial loader, an image from flash, or
 * waiting for a host on the SDIO pins.
 *
 * From flash it reads 16 bytes at a time into a piece of memory, in which headers lie and what is left of segments; the
 * rest goes straight to where it belongs. It reports on each segment: where to, how long, how much of the piece was
 * left for it ("room"), how much of the last piece it took ("tail"). The texts are those of published boot logs.
 */
#ifndef BOARDSIM_ROM_BOOT_H
#define BOARDSIM_ROM_BOOT_H

#include <stdint.h>

struct rom;

void rom_boot_start(struct rom *rom);

/* Boots from flash without banner: where the ROM goes on when loaded code returns. */
void rom_boot_start_from_flash(struct rom *rom);

/* Goes on; returns when to call again, CHIP_NEVER for "at the next event". */
uint64_t rom_boot_step(struct rom *rom);

#endif
