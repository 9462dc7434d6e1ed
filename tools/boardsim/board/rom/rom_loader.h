/* SPDX-License-Identifier: MIT */
/* The ROM's serial loader: autobaud, SLIP frames, its commands, its error codes and its bugs (docs/esp8266.md section
 * 2). */
#ifndef BOARDSIM_ROM_LOADER_H
#define BOARDSIM_ROM_LOADER_H

#include <stdint.h>

struct rom;

/* Every frame is decoded into this memory of the chip: 8 bytes of header, 16 of data header, up to 0x1800 of payload.
 */
#define ROM_MESSAGE      0x3fffa000u
#define ROM_MESSAGE_SIZE 0x2000u

/* Begins to measure the host's rate. */
void rom_loader_start(struct rom *rom);

/* Goes on; returns when to call again, CHIP_NEVER for "at the next event". */
uint64_t rom_loader_step(struct rom *rom);

#endif
