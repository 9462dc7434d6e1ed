/* SPDX-License-Identifier: MIT */
/* What the ROM prints: it waits in the outbox until the UART's transmit FIFO has room. */
#ifndef BOARDSIM_ROM_OUTPUT_H
#define BOARDSIM_ROM_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>

struct rom;

/* For the ROM the transmit FIFO is full with two places left. */
#define ROM_TX_FULL 126u

/* What does not fit is lost. The ROM's printf ends its lines with CR LF. */
void rom_put(struct rom *rom, uint8_t byte);
__attribute__((format(printf, 2, 3))) void rom_print(struct rom *rom, const char *format, ...);

/* To be called when the FIFO has got room: moves bytes into it. */
void rom_pump_output(struct rom *rom);

/* All that was put has been handed to the UART. */
bool rom_flushed(const struct rom *rom);

#endif
