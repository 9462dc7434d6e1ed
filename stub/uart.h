/* SPDX-License-Identifier: MIT */
/*
 * UART0. Received bytes are put into a ring by interrupt, so that none is lost while the stub erases, programs or
 * inflates; sending is polled. The ring holds a data block whose every byte is escaped (2 x 16 KB) with room to spare.
 */
#ifndef STUB_UART_H
#define STUB_UART_H

#include <stdbool.h>
#include <stdint.h>

/* Takes over from the ROM, at the baud rate that the ROM has found. */
void uart_start(void);

/* Gives the interrupt up, before other code is run. */
void uart_stop(void);

/* The next byte received, or -1 if there is none yet. A byte that finds the ring full is lost. */
int uart_get(void);

/* Sleeps until something has been received. */
void uart_wait(void);

void uart_put(uint8_t byte);

/* Waits until the last byte has left for good. */
void uart_flush(void);

/* Changes the divider from what is `old_baud` now to `new_baud`. uart_can_change() says whether there is such a
 * divider. Scaling keeps what the ROM measured: the crystal need not be known. */
bool uart_can_change(uint32_t new_baud, uint32_t old_baud);
void uart_change(uint32_t new_baud, uint32_t old_baud);

#endif
