/* SPDX-License-Identifier: MIT */
/*
 * UART0 of the ESP8266: registers at 0x60000000 (offsets of docs/esp8266.md section 4; bits as Espressif's
 * uart_register.h names them), two FIFOs of 128 bytes, interrupt 5. Times are cycles of the APB clock, which CLKDIV
 * divides into bits.
 *
 * The frame is always 8N1, whatever CONF0 asks for. Hardware flow control, IrDA, inverted lines and the break that
 * TXD_BRK sends are not there: their bits are kept and do nothing.
 */
#ifndef BOARDSIM_UART_H
#define BOARDSIM_UART_H

#include <stdbool.h>
#include <stdint.h>

#define UART_FIFO_SIZE 128u
#define UART_INTERRUPT 5u

/* Offsets of the registers. */
enum {
    UART_FIFO = 0x00,
    UART_INT_RAW = 0x04,
    UART_INT_ST = 0x08,
    UART_INT_ENA = 0x0c,
    UART_INT_CLR = 0x10,
    UART_CLKDIV = 0x14,
    UART_AUTOBAUD = 0x18,
    UART_STATUS = 0x1c,
    UART_CONF0 = 0x20,
    UART_CONF1 = 0x24,
    UART_LOWPULSE = 0x28,
    UART_HIGHPULSE = 0x2c,
    UART_PULSE_NUM = 0x30,
    UART_SIZE = 0x100,
};

/* INT_RAW, INT_ST, INT_ENA and INT_CLR. */
#define UART_INT_RX_FULL  (1u << 0) /* the RX FIFO has come to its threshold */
#define UART_INT_TX_EMPTY (1u << 1) /* the TX FIFO has gone down to its threshold */
#define UART_INT_FRAMING  (1u << 3) /* a byte without stop bit */
#define UART_INT_OVERFLOW (1u << 4) /* a byte found the RX FIFO full, and is lost */
#define UART_INT_BREAK    (1u << 7) /* the line was low for a whole frame */
#define UART_INT_TIMEOUT  (1u << 8) /* bytes wait in the RX FIFO, and none has come for a while */

/* CONF0. A FIFO whose reset bit is set stays empty. */
#define UART_CONF0_LOOPBACK (1u << 14) /* the receiver is connected to the transmitter, not to the wire */
#define UART_CONF0_RX_RESET (1u << 17)
#define UART_CONF0_TX_RESET (1u << 18)

/* AUTOBAUD: the shortest low and high pulses on the wire are kept, and edges counted. Pulses shorter than the glitch
 * filter are none. */
#define UART_AUTOBAUD_ON     (1u << 0)
#define UART_AUTOBAUD_FILTER (0xffu << 8)

/* The pulse registers show this many cycles less than a pulse had. Not documented: it is what the ROM adds when it
 * makes a divider of them. */
#define UART_PULSE_SHORT 12u

/* 80 MHz / 115200: what the ROM sets, whatever the crystal. So a 26 MHz board starts at 74880 baud. */
#define UART_BOOT_DIVIDER 694u

struct uart_fifo {
    uint8_t bytes[UART_FIFO_SIZE];
    unsigned head, count;
};

struct uart {
    struct uart_fifo rx, tx;
    uint32_t raw, enabled, divider, conf0, conf1, autobaud;
    uint64_t timeout_at; /* when RXFIFO_TOUT comes; UINT64_MAX: not counting */
    uint64_t sent_at;    /* when the byte in the transmitter is out; UINT64_MAX: it is empty */
    uint8_t sending;
    uint64_t overflows;
    uint32_t low, high, edges; /* of autobaud: the shortest pulses, as the registers show them */
};

void uart_reset(struct uart *uart);

/* Loads have a side effect only at the FIFO (offset 0). */
uint32_t uart_load(struct uart *uart, uint64_t now, uint32_t offset);
void uart_store(struct uart *uart, uint64_t now, uint32_t offset, uint32_t value);

/* A byte has arrived from the wire; `framing`: its stop bit was low. */
void uart_receive(struct uart *uart, uint64_t now, uint8_t byte, bool framing);

/* The wire has carried this byte, whose bits were `bit` long in LINE_BIT units (line.h), whether the receiver could
 * make sense of it or not. Returns whether anyone measures. */
bool uart_measure(struct uart *uart, uint8_t byte, uint32_t bit);

/* Takes the oldest received byte; false if there is none. */
bool uart_take(struct uart *uart, uint64_t now, uint8_t *byte);

/* Puts a byte in the transmit FIFO; false if it is full. */
bool uart_give(struct uart *uart, uint64_t now, uint8_t byte);

/* To be called at `sent_at`: returns the byte that is out and starts the next one. */
uint8_t uart_sent(struct uart *uart, uint64_t now);

/* To be called at `timeout_at`. */
void uart_timeout(struct uart *uart);

/* The state of the interrupt line. */
static inline bool uart_interrupts(const struct uart *uart)
{
    return (uart->raw & uart->enabled) != 0;
}

#endif
