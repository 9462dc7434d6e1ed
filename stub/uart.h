/* SPDX-License-Identifier: MIT */
/*
 * UART0. An interrupt handler puts received bytes into a ring, so that none is lost while the stub erases, programs or
 * inflates; sending is polled. The ring is larger than a data block in which every byte is escaped (2 x 16 KB). */
#ifndef STUB_UART_H
#define STUB_UART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that the ring holds, and four more. */
#define UART_RING (48 * 1024u)

/* Takes over from the ROM, at the baud rate that the ROM has detected. */
void uart_start(void);

/* Disables the interrupt, before other code is run. */
void uart_stop(void);

/* Takes up to `n` of the bytes received and returns how many. Bytes that arrive while the ring is full are lost. */
size_t uart_get(uint8_t *bytes, size_t n);

bool uart_has_bytes(void);

/* Sleeps until something has been received. */
void uart_wait(void);

void uart_put(uint8_t byte);

/* Waits until the last byte has left the FIFO. */
void uart_flush(void);

/* Changes the divider from `old_baud`, the present rate, to `new_baud`. uart_can_change() returns whether there is such
 * a divider. The present divider is scaled, so that the ROM's measurement stays in effect and the crystal's frequency
 * need not be known. */
bool uart_can_change(uint32_t new_baud, uint32_t old_baud);
void uart_change(uint32_t new_baud, uint32_t old_baud);

#endif
