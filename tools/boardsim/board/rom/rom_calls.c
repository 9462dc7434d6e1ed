/* SPDX-License-Identifier: MIT */
#include "tools/boardsim/board/rom/rom_calls.h"

#include <string.h>

#include "tools/boardsim/board/chip/chip.h"
#include "tools/boardsim/board/rom/rom_function.h"

static const struct rom_function *const tables[] = {
    rom_cache_functions, rom_interrupt_functions, rom_main_functions, rom_math_functions,
    rom_md5_functions,   rom_memory_functions,    rom_spi_functions,  rom_uart_functions,
};

uint32_t *rom_args(struct chip *chip)
{
    return chip->cpu.a + 2;
}

void rom_bad_memory(struct chip *chip, const char *who, uint32_t address)
{
    chip_stop(chip, "%s from 0x%08x: bad memory at 0x%08x", who, chip->cpu.a[0], address);
}

static const struct rom_function *find(uint32_t address)
{
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        for (const struct rom_function *function = tables[i]; function->address; function++)
            if (function->address == address)
                return function;
    return NULL;
}

static bool is_vector(uint32_t address)
{
    return address == LX106_ROM + LX106_VECTOR_USER || address == LX106_ROM + LX106_VECTOR_KERNEL ||
           address == LX106_ROM + LX106_VECTOR_DOUBLE;
}

void rom_calls_reset(struct rom_calls *calls)
{
    memset(calls, 0, sizeof *calls);
}

uint64_t rom_calls_step(struct chip *chip)
{
    struct rom_call *call = &chip->calls.call;
    uint32_t pc = chip->cpu.pc;
    const struct rom_function *function = find(pc);
    uint64_t then;

    if (!function) {
        chip_stop(chip, "call of unknown ROM address 0x%08x, return address 0x%08x", pc, chip->cpu.a[0]);
        return CHIP_NEVER;
    }
    if (call->entry != pc) {
        /* Whatever was under way belongs to what is interrupted: the vector keeps it with the context. */
        if (is_vector(pc) && chip->calls.depth < ROM_ISR_DEPTH)
            chip->calls.saved[chip->calls.depth].call = *call;
        *call = (struct rom_call){.entry = pc, .until = chip->now + function->cycles};
        return call->until;
    }

    then = function->step(chip, call);
    if (then) {
        call->until = then;
    } else if (chip->cpu.pc == pc) { /* a plain function returns; the others have seen to pc and call themselves */
        call->entry = 0;
        chip->cpu.pc = chip->cpu.a[0];
    }
    return then;
}
