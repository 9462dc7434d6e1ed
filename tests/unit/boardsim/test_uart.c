/* SPDX-License-Identifier: MIT */
/* The UART by its registers: FIFOs, thresholds, interrupts, time-outs, autobaud. */
#include "tests/runner.h"
#include "tools/boardsim/board/line/line.h"
#include "tools/boardsim/board/line/uart.h"

#define DIVIDER    100u
#define BYTE_TIME  (10u * DIVIDER)
#define TIMEOUT_ON (1u << 31)

static struct uart uart;
static uint64_t now;

static uint32_t load(uint32_t offset)
{
    return uart_load(&uart, now, offset);
}

static void store(uint32_t offset, uint32_t value)
{
    uart_store(&uart, now, offset, value);
}

static uint32_t raw(void)
{
    return load(UART_INT_RAW);
}

static void receive(unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        uart_receive(&uart, now, (uint8_t)i, false);
}

static unsigned rx_count(void)
{
    return load(UART_STATUS) & 0xff;
}

static unsigned tx_count(void)
{
    return load(UART_STATUS) >> 16 & 0xff;
}

/* Lets the byte in the transmitter go out. */
static uint8_t sent(void)
{
    ck_assert_uint_ne(uart.sent_at, UINT64_MAX);
    now = uart.sent_at;
    return uart_sent(&uart, now);
}

static void setup(void)
{
    now = 1000000;
    uart_reset(&uart);
    store(UART_CLKDIV, DIVIDER);
    store(UART_INT_CLR, UINT32_MAX);
}

START_TEST(received_bytes_come_out_in_order)
{
    receive(3);
    ck_assert_uint_eq(rx_count(), 3);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_uint_eq(load(UART_FIFO), i);
    ck_assert_uint_eq(rx_count(), 0);
    ck_assert_uint_eq(load(UART_FIFO), 0);
}
END_TEST

START_TEST(the_receive_fifo_overflows_at_128)
{
    receive(128);
    ck_assert_uint_eq(rx_count(), 128);
    ck_assert_uint_eq(raw() & UART_INT_OVERFLOW, 0);
    receive(2);
    ck_assert_uint_eq(rx_count(), 128);
    ck_assert_uint_ne(raw() & UART_INT_OVERFLOW, 0);
    ck_assert_uint_eq(uart.overflows, 2);
    store(UART_INT_CLR, UART_INT_OVERFLOW);
    ck_assert_uint_eq(raw() & UART_INT_OVERFLOW, 0);
    /* The newest are lost. */
    ck_assert_uint_eq(load(UART_FIFO), 0);
    ck_assert_uint_eq(load(UART_FIFO), 1);
}
END_TEST

START_TEST(bytes_leave_at_the_divider)
{
    store(UART_FIFO, 'a');
    store(UART_FIFO, 'b');
    ck_assert_uint_eq(tx_count(), 1); /* the first is in the transmitter */
    ck_assert_uint_eq(uart.sent_at, now + BYTE_TIME);
    ck_assert_uint_eq(sent(), 'a');
    store(UART_CLKDIV, 2 * DIVIDER);
    ck_assert_uint_eq(sent(), 'b'); /* had begun before */
    ck_assert_uint_eq(uart.sent_at, UINT64_MAX);
    store(UART_FIFO, 'c');
    ck_assert_uint_eq(uart.sent_at, now + 2 * BYTE_TIME);
}
END_TEST

/* Espressif's newer stub takes the transmitter for idle when the FIFO is empty and bit 31 is 0. */
START_TEST(the_status_tells_when_the_last_bit_is_out)
{
    ck_assert(!(load(UART_STATUS) >> 31));
    store(UART_FIFO, 'x');
    ck_assert_uint_eq(tx_count(), 0);
    ck_assert(load(UART_STATUS) >> 31);
    sent();
    ck_assert(!(load(UART_STATUS) >> 31));
}
END_TEST

START_TEST(what_is_written_to_a_full_transmit_fifo_is_lost)
{
    for (unsigned i = 0; i < 140; i++)
        store(UART_FIFO, i);
    ck_assert_uint_eq(tx_count(), 128);
    ck_assert(!uart_give(&uart, now, 'x'));
    for (unsigned i = 0; i < 129; i++)
        ck_assert_uint_eq(sent(), i);
    ck_assert_uint_eq(uart.sent_at, UINT64_MAX);
}
END_TEST

START_TEST(the_receive_threshold_interrupts)
{
    store(UART_CONF1, 4);
    store(UART_INT_ENA, UART_INT_RX_FULL);
    receive(3);
    ck_assert_uint_eq(load(UART_INT_ST), 0);
    ck_assert(!uart_interrupts(&uart));
    receive(1);
    ck_assert_uint_eq(load(UART_INT_ST), UART_INT_RX_FULL);
    ck_assert(uart_interrupts(&uart));
    /* Clearing does not help as long as the bytes are there. */
    store(UART_INT_CLR, UART_INT_RX_FULL);
    ck_assert(uart_interrupts(&uart));
    load(UART_FIFO);
    store(UART_INT_CLR, UART_INT_RX_FULL);
    ck_assert(!uart_interrupts(&uart));
    store(UART_INT_ENA, 0);
    receive(10);
    ck_assert_uint_ne(raw() & UART_INT_RX_FULL, 0);
    ck_assert(!uart_interrupts(&uart));
}
END_TEST

START_TEST(the_transmit_threshold_interrupts)
{
    store(UART_CONF1, 2u << 8 | 0x7f);
    for (unsigned i = 0; i < 5; i++)
        store(UART_FIFO, i);
    store(UART_INT_CLR, UART_INT_TX_EMPTY);
    ck_assert_uint_eq(raw(), 0);
    sent();
    ck_assert_uint_eq(tx_count(), 3);
    ck_assert_uint_eq(raw(), 0);
    sent();
    ck_assert_uint_eq(raw(), UART_INT_TX_EMPTY);
}
END_TEST

START_TEST(waiting_bytes_time_out)
{
    store(UART_CONF1, TIMEOUT_ON | 2u << 24 | 0x7f);
    ck_assert_uint_eq(uart.timeout_at, UINT64_MAX);
    receive(1);
    ck_assert_uint_eq(uart.timeout_at, now + 2 * 8 * DIVIDER);
    now += DIVIDER;
    receive(1); /* each byte counts anew */
    ck_assert_uint_eq(uart.timeout_at, now + 2 * 8 * DIVIDER);
    ck_assert_uint_eq(raw() & UART_INT_TIMEOUT, 0);
    now = uart.timeout_at;
    uart_timeout(&uart);
    ck_assert_uint_ne(raw() & UART_INT_TIMEOUT, 0);
    ck_assert_uint_eq(uart.timeout_at, UINT64_MAX);
    load(UART_FIFO);
    load(UART_FIFO);
    ck_assert_uint_eq(uart.timeout_at, UINT64_MAX); /* nothing waits */
    store(UART_CONF1, 0x7f);
    receive(1);
    ck_assert_uint_eq(uart.timeout_at, UINT64_MAX); /* switched off */
}
END_TEST

START_TEST(a_reset_fifo_is_empty_and_stays_so)
{
    store(UART_CONF1, TIMEOUT_ON | 2u << 24 | 0x7f);
    receive(10);
    for (unsigned i = 0; i < 10; i++)
        store(UART_FIFO, i);
    store(UART_CONF0, load(UART_CONF0) | UART_CONF0_RX_RESET | UART_CONF0_TX_RESET);
    ck_assert_uint_eq(rx_count(), 0);
    ck_assert_uint_eq(tx_count(), 0);
    ck_assert_uint_eq(uart.timeout_at, UINT64_MAX);
    receive(1);
    store(UART_FIFO, 'x');
    ck_assert_uint_eq(rx_count(), 0);
    ck_assert_uint_eq(tx_count(), 0);
    sent(); /* the byte in the transmitter is not in the FIFO */
    store(UART_CONF0, load(UART_CONF0) & ~(UART_CONF0_RX_RESET | UART_CONF0_TX_RESET));
    receive(1);
    ck_assert_uint_eq(rx_count(), 1);
}
END_TEST

START_TEST(framing_errors_and_breaks_are_told)
{
    uart_receive(&uart, now, 0x12, true);
    ck_assert_uint_eq(raw() & (UART_INT_FRAMING | UART_INT_BREAK), UART_INT_FRAMING);
    ck_assert_uint_eq(load(UART_FIFO), 0x12);
    store(UART_INT_CLR, UART_INT_FRAMING);
    receive(1); /* a zero with a stop bit is a zero */
    ck_assert_uint_eq(raw() & (UART_INT_FRAMING | UART_INT_BREAK), 0);
    uart_receive(&uart, now, 0, true);
    ck_assert_uint_eq(raw() & (UART_INT_FRAMING | UART_INT_BREAK), UART_INT_FRAMING | UART_INT_BREAK);
}
END_TEST

START_TEST(loopback_hears_itself_and_not_the_wire)
{
    store(UART_CONF0, load(UART_CONF0) | UART_CONF0_LOOPBACK);
    receive(5);
    ck_assert_uint_eq(rx_count(), 0);
    store(UART_FIFO, 'L');
    sent();
    ck_assert_uint_eq(rx_count(), 1);
    ck_assert_uint_eq(load(UART_FIFO), 'L');
}
END_TEST

START_TEST(autobaud_keeps_the_shortest_pulses)
{
    ck_assert(!uart_measure(&uart, 0x55, LINE_BIT(451)));
    ck_assert_uint_eq(load(UART_PULSE_NUM), 0);
    store(UART_AUTOBAUD, load(UART_AUTOBAUD) | UART_AUTOBAUD_ON);
    ck_assert_uint_eq(load(UART_LOWPULSE), 0xfffff);
    /* A start bit and four zeros, four ones that end with the next start bit. */
    ck_assert(uart_measure(&uart, 0xf0, LINE_BIT(100)));
    ck_assert_uint_eq(load(UART_PULSE_NUM), 2);
    ck_assert_uint_eq(load(UART_LOWPULSE), 500 - UART_PULSE_SHORT);
    ck_assert_uint_eq(load(UART_HIGHPULSE), 0xfffff); /* it has not ended */
    ck_assert(uart_measure(&uart, 0x55, LINE_BIT(451) + 100));
    ck_assert_uint_eq(load(UART_PULSE_NUM), 12);
    ck_assert_uint_eq(load(UART_LOWPULSE), 451 - UART_PULSE_SHORT);
    ck_assert_uint_eq(load(UART_HIGHPULSE), 451 - UART_PULSE_SHORT);
    for (unsigned i = 0; i < 200; i++)
        uart_measure(&uart, 0x55, LINE_BIT(500));
    ck_assert_uint_eq(load(UART_LOWPULSE), 451 - UART_PULSE_SHORT);
    ck_assert_uint_eq(load(UART_PULSE_NUM), 0x3ff);
    store(UART_AUTOBAUD, load(UART_AUTOBAUD) & ~UART_AUTOBAUD_ON);
    ck_assert(!uart_measure(&uart, 0x55, LINE_BIT(100)));
    ck_assert_uint_eq(load(UART_LOWPULSE), 451 - UART_PULSE_SHORT);
    store(UART_AUTOBAUD, load(UART_AUTOBAUD) | UART_AUTOBAUD_ON);
    ck_assert_uint_eq(load(UART_PULSE_NUM), 0);
}
END_TEST

START_TEST(autobaud_does_not_see_glitches)
{
    store(UART_AUTOBAUD, UART_AUTOBAUD_ON | 30u << 8);
    uart_measure(&uart, 0x55, LINE_BIT(29));
    ck_assert_uint_eq(load(UART_PULSE_NUM), 1);
    uart_measure(&uart, 0x55, LINE_BIT(30));
    ck_assert_uint_eq(load(UART_LOWPULSE), 30 - UART_PULSE_SHORT);
}
END_TEST

START_TEST(a_reset_leaves_nothing_but_the_counter)
{
    receive(130);
    store(UART_INT_ENA, UART_INT_OVERFLOW);
    store(UART_FIFO, 'x');
    uart_reset(&uart);
    ck_assert_uint_eq(rx_count(), 0);
    ck_assert_uint_eq(tx_count(), 0);
    ck_assert(!uart_interrupts(&uart));
    ck_assert_uint_eq(uart.sent_at, UINT64_MAX);
    ck_assert_uint_eq(load(UART_CLKDIV), UART_BOOT_DIVIDER);
    ck_assert_uint_eq(uart.overflows, 2);
    store(UART_CLKDIV, 0x100000);
    ck_assert_uint_eq(load(UART_CLKDIV), 1); /* of twenty bits none is set: there is no such rate */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("uart");
    TCase *tc = tcase_create("uart");

    tcase_add_checked_fixture(tc, setup, NULL);
    tcase_add_test(tc, received_bytes_come_out_in_order);
    tcase_add_test(tc, the_receive_fifo_overflows_at_128);
    tcase_add_test(tc, bytes_leave_at_the_divider);
    tcase_add_test(tc, the_status_tells_when_the_last_bit_is_out);
    tcase_add_test(tc, what_is_written_to_a_full_transmit_fifo_is_lost);
    tcase_add_test(tc, the_receive_threshold_interrupts);
    tcase_add_test(tc, the_transmit_threshold_interrupts);
    tcase_add_test(tc, waiting_bytes_time_out);
    tcase_add_test(tc, a_reset_fifo_is_empty_and_stays_so);
    tcase_add_test(tc, framing_errors_and_breaks_are_told);
    tcase_add_test(tc, loopback_hears_itself_and_not_the_wire);
    tcase_add_test(tc, autobaud_keeps_the_shortest_pulses);
    tcase_add_test(tc, autobaud_does_not_see_glitches);
    tcase_add_test(tc, a_reset_leaves_nothing_but_the_counter);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
