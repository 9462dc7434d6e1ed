/* SPDX-License-Identifier: MIT */
#include "tools/boardsim/board/line/uart.h"

#include <string.h>

#include "tools/boardsim/board/line/line.h"

#define CLKDIV_MASK      0xfffffu
#define CONF0_8N1        0x1cu
#define CONF1_TIMEOUT_ON (1u << 31)

/* The ROM asks for an interrupt at the first byte, and for none when bytes fail to come. */
#define CONF1_BOOT 0x00000001u

#define AUTOBAUD_BOOT 0x1000u /* the glitch filter: 16 cycles */
#define PULSE_MAX     0xfffffu
#define EDGES_MAX     0x3ffu

/* The receive line is high when idle, and no program here reads it while it is not. Bit 31 must be 0 when the
 * transmitter is idle: Espressif's newer stub waits for that. That it is 1 while a byte is being sent is assumed. */
#define STATUS_RXD     (1u << 15)
#define STATUS_SENDING (1u << 31)

/* RXFIFO_TOUT counts in units of eight bits. */
#define TIMEOUT_UNIT_BITS 8u

void uart_reset(struct uart *uart)
{
    uint64_t overflows = uart->overflows;

    memset(uart, 0, sizeof *uart);
    uart->overflows = overflows;
    uart->divider = UART_BOOT_DIVIDER;
    uart->conf0 = CONF0_8N1;
    uart->conf1 = CONF1_BOOT;
    uart->autobaud = AUTOBAUD_BOOT;
    uart->low = uart->high = PULSE_MAX;
    uart->timeout_at = uart->sent_at = UINT64_MAX;
}

/* FULL and TX_EMPTY follow the FIFOs: clearing them does not help as long as the cause stays. */
static void update(struct uart *uart)
{
    unsigned full = uart->conf1 & 0x7f;
    unsigned empty = uart->conf1 >> 8 & 0x7f;

    if (uart->rx.count > 0 && uart->rx.count >= full)
        uart->raw |= UART_INT_RX_FULL;
    if (uart->tx.count <= empty)
        uart->raw |= UART_INT_TX_EMPTY;
}

static void count_timeout(struct uart *uart, uint64_t now)
{
    unsigned units = uart->conf1 >> 24 & 0x7f;

    uart->timeout_at = UINT64_MAX;
    if ((uart->conf1 & CONF1_TIMEOUT_ON) && uart->rx.count > 0)
        uart->timeout_at = now + (uint64_t)units * TIMEOUT_UNIT_BITS * uart->divider;
}

static void push(struct uart_fifo *fifo, uint8_t byte)
{
    fifo->bytes[(fifo->head + fifo->count++) % UART_FIFO_SIZE] = byte;
}

static uint8_t pop(struct uart_fifo *fifo)
{
    uint8_t byte = fifo->bytes[fifo->head];

    fifo->head = (fifo->head + 1) % UART_FIFO_SIZE;
    fifo->count--;
    return byte;
}

static void start_sending(struct uart *uart, uint64_t now)
{
    if (uart->sent_at != UINT64_MAX || uart->tx.count == 0)
        return;
    uart->sending = pop(&uart->tx);
    uart->sent_at = now + 10u * (uint64_t)uart->divider;
}

/* A byte for the receive FIFO, from the wire or from the transmitter. */
static void arrive(struct uart *uart, uint64_t now, uint8_t byte)
{
    if (uart->conf0 & UART_CONF0_RX_RESET)
        return;
    if (uart->rx.count == UART_FIFO_SIZE) {
        uart->overflows++;
        uart->raw |= UART_INT_OVERFLOW;
    } else {
        push(&uart->rx, byte);
    }
    count_timeout(uart, now);
    update(uart);
}

void uart_receive(struct uart *uart, uint64_t now, uint8_t byte, bool framing)
{
    if (uart->conf0 & UART_CONF0_LOOPBACK)
        return;
    if (framing)
        uart->raw |= byte == 0 ? UART_INT_FRAMING | UART_INT_BREAK : UART_INT_FRAMING;
    arrive(uart, now, byte);
}

bool uart_measure(struct uart *uart, uint8_t byte, uint32_t bit)
{
    unsigned levels = (unsigned)byte << 1 | 1u << 9; /* start bit, data, stop bit */
    unsigned begin = 0;

    if (!(uart->autobaud & UART_AUTOBAUD_ON))
        return false;
    uart->edges++; /* the start bit's */
    for (unsigned i = 1; i < LINE_BITS_PER_BYTE; i++) {
        bool high = levels >> (i - 1) & 1;
        uint32_t *shortest = high ? &uart->high : &uart->low;
        uint64_t pulse = (uint64_t)(i - begin) * bit / LINE_BIT(1);

        if ((levels >> i & 1) == high)
            continue;
        begin = i;
        if (pulse < (uart->autobaud & UART_AUTOBAUD_FILTER) >> 8)
            continue;
        pulse -= pulse < UART_PULSE_SHORT ? pulse : UART_PULSE_SHORT;
        if (pulse < *shortest)
            *shortest = (uint32_t)pulse;
        uart->edges++;
    }
    if (uart->edges > EDGES_MAX)
        uart->edges = EDGES_MAX;
    return true;
}

bool uart_take(struct uart *uart, uint64_t now, uint8_t *byte)
{
    if (uart->rx.count == 0)
        return false;
    *byte = pop(&uart->rx);
    count_timeout(uart, now);
    return true;
}

bool uart_give(struct uart *uart, uint64_t now, uint8_t byte)
{
    if (uart->tx.count == UART_FIFO_SIZE || uart->conf0 & UART_CONF0_TX_RESET)
        return false;
    push(&uart->tx, byte);
    start_sending(uart, now);
    return true;
}

uint8_t uart_sent(struct uart *uart, uint64_t now)
{
    uint8_t byte = uart->sending;

    uart->sent_at = UINT64_MAX;
    start_sending(uart, now);
    if (uart->conf0 & UART_CONF0_LOOPBACK)
        arrive(uart, now, byte);
    update(uart);
    return byte;
}

void uart_timeout(struct uart *uart)
{
    uart->timeout_at = UINT64_MAX;
    uart->raw |= UART_INT_TIMEOUT;
}

uint32_t uart_load(struct uart *uart, uint64_t now, uint32_t offset)
{
    uint8_t byte = 0;

    switch (offset) {
    case UART_FIFO: uart_take(uart, now, &byte); return byte;
    case UART_INT_RAW: return uart->raw;
    case UART_INT_ST: return uart->raw & uart->enabled;
    case UART_INT_ENA: return uart->enabled;
    case UART_CLKDIV: return uart->divider;
    case UART_AUTOBAUD: return uart->autobaud;
    case UART_STATUS:
        return STATUS_RXD | uart->rx.count | uart->tx.count << 16 | (uart->sent_at != UINT64_MAX ? STATUS_SENDING : 0);
    case UART_CONF0: return uart->conf0;
    case UART_CONF1: return uart->conf1;
    case UART_LOWPULSE: return uart->low;
    case UART_HIGHPULSE: return uart->high;
    case UART_PULSE_NUM: return uart->edges;
    default: return 0;
    }
}

void uart_store(struct uart *uart, uint64_t now, uint32_t offset, uint32_t value)
{
    switch (offset) {
    case UART_FIFO: uart_give(uart, now, (uint8_t)value); break;
    case UART_INT_ENA: uart->enabled = value; break;
    case UART_INT_CLR: uart->raw &= ~value; break;
    case UART_CLKDIV:
        /* Zero would be no clock at all; the hardware has no such rate. */
        uart->divider = value & CLKDIV_MASK ? value & CLKDIV_MASK : 1;
        break;
    case UART_AUTOBAUD:
        if ((value & UART_AUTOBAUD_ON) && !(uart->autobaud & UART_AUTOBAUD_ON)) {
            uart->low = uart->high = PULSE_MAX;
            uart->edges = 0;
        }
        uart->autobaud = value;
        break;
    case UART_CONF0:
        uart->conf0 = value;
        if (value & UART_CONF0_RX_RESET) {
            uart->rx.count = 0;
            count_timeout(uart, now);
        }
        if (value & UART_CONF0_TX_RESET)
            uart->tx.count = 0;
        break;
    case UART_CONF1:
        uart->conf1 = value;
        count_timeout(uart, now);
        break;
    default: break;
    }
    update(uart);
}
