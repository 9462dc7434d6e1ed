/* SPDX-License-Identifier: MIT */
#include "tools/boardsim/board/uart.h"

#include <string.h>

#define INT_RX_FULL  (1u << 0)
#define INT_TX_EMPTY (1u << 1)
#define INT_OVERFLOW (1u << 4)
#define INT_TIMEOUT  (1u << 8)

#define CLKDIV_MASK      0xfffffu
#define CONF0_8N1        0x1cu
#define CONF1_TIMEOUT_ON (1u << 31)

/* The ROM asks for an interrupt at the first byte, and for none when bytes fail to come. */
#define CONF1_BOOT 0x00000001u

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
    uart->timeout_at = uart->sent_at = UINT64_MAX;
}

/* FULL and TX_EMPTY follow the FIFOs: clearing them does not help as long as the cause stays. */
static void update(struct uart *uart)
{
    unsigned full = uart->conf1 & 0x7f;
    unsigned empty = uart->conf1 >> 8 & 0x7f;

    if (uart->rx.count > 0 && uart->rx.count >= full)
        uart->raw |= INT_RX_FULL;
    if (uart->tx.count <= empty)
        uart->raw |= INT_TX_EMPTY;
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

void uart_receive(struct uart *uart, uint64_t now, uint8_t byte)
{
    if (uart->rx.count == UART_FIFO_SIZE) {
        uart->overflows++;
        uart->raw |= INT_OVERFLOW;
    } else {
        push(&uart->rx, byte);
    }
    count_timeout(uart, now);
    update(uart);
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
    if (uart->tx.count == UART_FIFO_SIZE)
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
    update(uart);
    return byte;
}

void uart_timeout(struct uart *uart)
{
    uart->timeout_at = UINT64_MAX;
    uart->raw |= INT_TIMEOUT;
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
    case UART_STATUS: return uart->rx.count | uart->tx.count << 16;
    case UART_CONF0: return uart->conf0;
    case UART_CONF1: return uart->conf1;
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
    case UART_AUTOBAUD: uart->autobaud = value; break;
    case UART_CONF0:
        uart->conf0 = value;
        if (value & UART_CONF0_RX_RESET)
            uart->rx.count = 0;
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
