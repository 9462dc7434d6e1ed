/* SPDX-License-Identifier: MIT */
#include "tools/boardsim/board/rom/rom_output.h"

#include <stdarg.h>
#include <stdio.h>

#include "tools/boardsim/board/rom/rom_state.h"

void rom_pump_output(struct rom *rom)
{
    struct rom_outbox *box = &rom->outbox;
    struct uart *uart = &rom->chip->uart;

    while (box->count > 0 && uart->tx.count < ROM_TX_FULL) {
        uart_give(uart, rom->chip->now, box->bytes[box->head]);
        box->head = (box->head + 1) % sizeof box->bytes;
        box->count--;
    }
}

void rom_put(struct rom *rom, uint8_t byte)
{
    struct rom_outbox *box = &rom->outbox;

    if (box->count < sizeof box->bytes)
        box->bytes[(box->head + box->count++) % sizeof box->bytes] = byte;
    rom_pump_output(rom);
}

void rom_print(struct rom *rom, const char *format, ...)
{
    char text[160];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    for (const char *c = text; *c; c++) {
        if (*c == '\n')
            rom_put(rom, '\r');
        rom_put(rom, (uint8_t)*c);
    }
}

bool rom_flushed(const struct rom *rom)
{
    return rom->outbox.count == 0;
}
