/* SPDX-License-Identifier: MIT */
#include "stub/uart.h"

#include "stub/cold.h"
#include "stub/rom.h"

struct uart_registers {
    uint32_t fifo;
    uint32_t int_raw, int_st, int_ena, int_clr;
    uint32_t clkdiv;
    uint32_t autobaud;
    uint32_t status; /* received in 7:0, to be sent in 23:16 */
    uint32_t conf0, conf1;
};
#define UART ((volatile struct uart_registers *)0x60000000)

#define INTERRUPT    5
#define INT_FULL     (1u << 0)
#define INT_TIMEOUT  (1u << 8)
#define INT_ALL      0x1ff
#define RX_COUNT     (UART->status & 0xff)
#define TX_COUNT     (UART->status >> 16 & 0xff)
#define FIFO_SIZE    128
#define CLKDIV_MAX   0xfffff
#define CLKDIV_LEAST 16 /* below, a bit is too short for the receiver's sampling */

/* CONF1: interrupt when this many bytes are in the FIFO, or when the line was idle for the time of two bytes. The rest
 * of the FIFO allows the handler to be late: by 340 us at 2 Mbaud. */
#define FULL_AT    60
#define IDLE_BYTES 2
#define CONF1      (1u << 31 | IDLE_BYTES << 24 | FULL_AT)

/* The ring is in IRAM, which allows only aligned word accesses: byte i is in bits 8 * (i mod 4) and up of word i / 4.
 * Only the interrupt handler changes `head`, and only the main loop changes `tail`. */
static uint32_t ring[UART_RING / 4] __attribute__((section(".ring")));
static volatile uint32_t head, tail;
static uint32_t incomplete; /* the bytes so far of the word that `head` is in */

/* The word that `tail` is in must not be written. */
static uint32_t room(void)
{
    uint32_t at = head, stop = tail;
    uint32_t left = stop > at ? stop - at : UART_RING + stop - at;
    return left > 4 ? left - 4 : 0;
}

static inline uint32_t fifo_byte(void)
{
    return UART->fifo & 0xff;
}

/* Moves n bytes from the FIFO to the ring. Every byte of an image goes through here, so whole words are moved without a
 * look at each byte. */
static void store(uint32_t n)
{
    uint32_t at = head, word = incomplete;
    while (n > 0) {
        if ((at & 3) == 0 && n >= 4) {
            word = fifo_byte();
            word |= fifo_byte() << 8;
            word |= fifo_byte() << 16;
            ring[at >> 2] = word | fifo_byte() << 24;
            word = 0;
            at += 4;
            n -= 4;
        } else {
            word |= fifo_byte() << ((at & 3) * 8);
            ring[at >> 2] = word;
            at++;
            n--;
            if ((at & 3) == 0)
                word = 0;
        }
        if (at == UART_RING)
            at = 0;
    }
    incomplete = word;
    head = at;
}

static void receive(void *unused)
{
    (void)unused;
    /* Cleared before the FIFO is emptied, so that the time-out interrupt of a later byte is not cleared with it. */
    UART->int_clr = INT_TIMEOUT;
    for (uint32_t n; (n = RX_COUNT) > 0;) {
        uint32_t fits = room();
        store(n < fits ? n : fits);
        for (; n > fits; n--)
            (void)fifo_byte();
    }
    /* This interrupt is level-triggered by the FIFO: cleared earlier, it would be set again at once. */
    UART->int_clr = INT_FULL;
}

void uart_start(void)
{
    ets_isr_mask(1u << INTERRUPT);
    ets_isr_attach(INTERRUPT, receive, NULL);
    UART->conf1 = CONF1;
    UART->int_clr = INT_ALL;
    receive(NULL);
    UART->int_ena = INT_FULL | INT_TIMEOUT;
    ets_isr_unmask(1u << INTERRUPT);
}

void uart_stop(void)
{
    ets_isr_mask(1u << INTERRUPT);
    UART->int_ena = 0;
}

size_t uart_get(uint8_t *bytes, size_t n)
{
    uint32_t at = tail, stop = head;
    uint8_t *to = bytes, *end = bytes + n;
    while (to != end && at != stop) {
        uint32_t word = ring[at >> 2] >> ((at & 3) * 8);
        do {
            *to++ = (uint8_t)word;
            word >>= 8;
            at++;
        } while ((at & 3) != 0 && to != end && at != stop);
        if (at == UART_RING)
            at = 0;
    }
    tail = at;
    return (size_t)(to - bytes);
}

bool uart_has_bytes(void)
{
    return tail != head;
}

void uart_wait(void)
{
    /* With interrupts disabled, none can occur between the check and the sleep; WAITI enables them again. */
    uint32_t unused;
    __asm__ volatile("rsil %0, 15" : "=r"(unused)::"memory");
    if (tail == head)
        __asm__ volatile("waiti 0" ::: "memory");
    else
        __asm__ volatile("rsil %0, 0" : "=r"(unused)::"memory");
}

void uart_put(uint8_t byte)
{
    while (TX_COUNT >= FIFO_SIZE - 2)
        ;
    UART->fifo = byte;
}

void uart_flush(void)
{
    while (TX_COUNT > 0)
        ;
}

COLD static uint32_t scaled_divider(uint32_t new_baud, uint32_t old_baud)
{
    uint32_t divider = UART->clkdiv & CLKDIV_MAX;
    if (new_baud == 0 || old_baud == 0 || old_baud > (UINT32_MAX - new_baud / 2) / divider)
        return 0;
    return (divider * old_baud + new_baud / 2) / new_baud;
}

COLD bool uart_can_change(uint32_t new_baud, uint32_t old_baud)
{
    uint32_t divider = scaled_divider(new_baud, old_baud);
    return divider >= CLKDIV_LEAST && divider <= CLKDIV_MAX;
}

COLD void uart_change(uint32_t new_baud, uint32_t old_baud)
{
    UART->clkdiv = scaled_divider(new_baud, old_baud);
}
