/* SPDX-License-Identifier: MIT */
/*
 * Printing: ets_printf(), and the functions that it prints its letters by. What a call is about lies in a frame on the
 * chip's stack, as it does on the chip: so an interrupt handler may print while a text is being printed. Letters go to
 * a function of the ROM or of the program; the call goes on when that returns to ROM_PRINT_RETURN.
 */
#include "tools/boardsim/board/rom/rom_format.h"
#include "tools/boardsim/board/rom/rom_function.h"
#include "tools/boardsim/board/rom/rom_output.h"

#include <stdbool.h>
#include <string.h>

/* Inside ets_vprintf(). */
#define ROM_PRINT_RETURN 0x40001f10u

#define ETS_WRITE_CHAR 0x40001da0u

#define REGISTERS 6u /* that carry arguments: a2 to a7 */

struct frame {
    uint32_t return_to, put, letters;
    struct rom_format format;
    uint32_t arguments[REGISTERS];
};

#define FRAME_SIZE ((uint32_t)(sizeof(struct frame) + 15) & ~15u)

static bool save(struct rom *rom, const struct frame *frame)
{
    uint32_t stack = rom->chip->cpu.a[1];

    if (!chip_write(rom->chip, stack, frame, sizeof *frame)) {
        rom_bad_memory(rom, "ets_printf", stack);
        return false;
    }
    return true;
}

/* Makes the frame, and prints the first letter from it. */
static void begin(struct rom *rom, struct rom_call *call, const struct frame *frame)
{
    rom->chip->cpu.a[1] -= FRAME_SIZE;
    if (!save(rom, frame))
        return;
    call->entry = 0;
    rom->chip->cpu.pc = ROM_PRINT_RETURN;
}

/* (put, format, va_list, which is three words) */
static uint64_t ets_vprintf(struct rom *rom, struct rom_call *call)
{
    const uint32_t *a = rom_args(rom);
    const struct frame frame = {
        .return_to = rom->chip->cpu.a[0],
        .put = a[0],
        .format = {.at = a[1], .stk = a[2], .reg = a[3], .ndx = a[4]},
    };

    begin(rom, call, &frame);
    return 0;
}

/* (format, …) */
static uint64_t ets_printf(struct rom *rom, struct rom_call *call)
{
    const uint32_t *a = rom_args(rom), stack = rom->chip->cpu.a[1];
    struct frame frame = {
        .return_to = rom->chip->cpu.a[0],
        .put = rom->calls.put ? rom->calls.put : ETS_WRITE_CHAR,
        .format = {.at = a[0], .stk = stack - ROM_FORMAT_STACK, .ndx = 4},
    };

    frame.format.reg = stack - FRAME_SIZE + (uint32_t)offsetof(struct frame, arguments);
    memcpy(frame.arguments, a, sizeof frame.arguments);
    begin(rom, call, &frame);
    return 0;
}

/* All is printed: back to who called. */
static void leave(struct rom *rom, const struct frame *frame)
{
    struct lx106 *cpu = &rom->chip->cpu;

    cpu->a[0] = frame->return_to;
    cpu->a[1] += FRAME_SIZE;
    cpu->a[2] = frame->letters;
}

/* The next letter of the frame at the stack pointer. */
static uint64_t print_next(struct rom *rom, struct rom_call *call)
{
    struct lx106 *cpu = &rom->chip->cpu;
    struct frame frame;
    uint32_t bad;
    int c;

    if (!chip_read(rom->chip, cpu->a[1], &frame, sizeof frame)) {
        rom_bad_memory(rom, "ets_printf", cpu->a[1]);
        return 0;
    }
    c = rom_format_next(rom->chip, &frame.format, &bad);
    if (c == ROM_FORMAT_BAD) {
        cpu->a[0] = frame.return_to;
        rom_bad_memory(rom, "ets_printf", bad);
        return 0;
    }
    if (c == ROM_FORMAT_END) {
        leave(rom, &frame);
        return 0;
    }
    frame.letters++;
    if (!save(rom, &frame))
        return 0;
    call->entry = 0;
    cpu->a[0] = ROM_PRINT_RETURN;
    cpu->a[2] = (uint32_t)c;
    cpu->pc = frame.put;
    return 0;
}

/* 0 as soon as the byte is in the transmit FIFO, else when to try again. */
static uint64_t send(struct rom *rom, uint8_t byte)
{
    struct uart *uart = &rom->chip->uart;

    if (uart->tx.count >= ROM_TX_FULL)
        return uart->sent_at;
    uart_give(uart, rom->chip->now, byte);
    return 0;
}

static uint64_t ets_putc(struct rom *rom, struct rom_call *call)
{
    uint64_t then = send(rom, (uint8_t)rom_args(rom)[0]);

    (void)call;
    if (then == 0)
        rom_args(rom)[0] = 0;
    return then;
}

/* LF becomes CR LF; CR is left out. */
static uint64_t ets_write_char(struct rom *rom, struct rom_call *call)
{
    uint8_t c = (uint8_t)rom_args(rom)[0];
    uint64_t then;

    if (c == '\r')
        return 0;
    if (c == '\n' && call->step == 0) {
        then = send(rom, '\r');
        if (then)
            return then;
        call->step = 1;
    }
    return send(rom, c);
}

/* (put): 0 is the ROM's own. */
static uint64_t install_putc1(struct rom *rom, struct rom_call *call)
{
    (void)call;
    rom->calls.put = rom_args(rom)[0];
    return 0;
}

static uint64_t install_uart_printf(struct rom *rom, struct rom_call *call)
{
    (void)call;
    rom->calls.put = 0;
    return 0;
}

const struct rom_function rom_print_functions[] = {
    {0x400024cc, ROM_CALL_CYCLES, ets_printf},
    {0x40001f00, ROM_CALL_CYCLES, ets_vprintf},
    {ROM_PRINT_RETURN, ROM_CALL_CYCLES, print_next},
    {ETS_WRITE_CHAR, ROM_CALL_CYCLES, ets_write_char},
    {0x40002be8, ROM_CALL_CYCLES, ets_putc},
    {0x4000242c, ROM_CALL_CYCLES, install_putc1},
    {0x40002438, ROM_CALL_CYCLES, install_uart_printf},
    {0},
};
