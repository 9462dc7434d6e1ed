/* SPDX-License-Identifier: MIT */
/* The serial port. */
#include "tools/boardsim/board/rom/rom_function.h"
#include "tools/boardsim/board/rom/rom_output.h"

static uint64_t tx_one_char(struct rom *rom, struct rom_call *call)
{
    (void)call;
    if (rom->chip->uart.tx.count >= ROM_TX_FULL)
        return rom->chip->uart.sent_at;
    uart_give(&rom->chip->uart, rom->chip->now, (uint8_t)rom_args(rom)[0]);
    rom_args(rom)[0] = 0;
    return 0;
}

static uint64_t rx_one_char(struct rom *rom, struct rom_call *call)
{
    uint8_t byte;

    (void)call;
    if (!uart_take(&rom->chip->uart, rom->chip->now, &byte)) {
        rom_args(rom)[0] = 1;
        return 0;
    }
    if (!chip_write(rom->chip, rom_args(rom)[0], &byte, 1))
        rom_bad_memory(rom, "uart_rx_one_char", rom_args(rom)[0]);
    rom_args(rom)[0] = 0;
    return 0;
}

/* Empties both FIFOs: what has not left by then is lost. */
static uint64_t div_modify(struct rom *rom, struct rom_call *call)
{
    struct uart *uart = &rom->chip->uart;

    (void)call;
    if (rom_args(rom)[0] != 0)
        return 0;
    uart_store(uart, rom->chip->now, UART_CLKDIV, rom_args(rom)[1]);
    uart_store(uart, rom->chip->now, UART_CONF0, uart->conf0 | UART_CONF0_RX_RESET | UART_CONF0_TX_RESET);
    uart_store(uart, rom->chip->now, UART_CONF0, uart->conf0 & ~(UART_CONF0_RX_RESET | UART_CONF0_TX_RESET));
    return 0;
}

const struct rom_function rom_uart_functions[] = {
    {0x40003b30, ROM_CALL_CYCLES, tx_one_char},
    {0x40003b8c, ROM_CALL_CYCLES, rx_one_char},
    {0x400039d8, ROM_CALL_CYCLES, div_modify},
    {0},
};
