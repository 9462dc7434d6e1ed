/* SPDX-License-Identifier: MIT */
#include "tools/boardsim/board/rom/rom_calls.h"

#include "tools/boardsim/board/rom/rom_function.h"

static const struct rom_function *const tables[] = {
    rom_cache_functions,  rom_interrupt_functions, rom_main_functions, rom_math_functions, rom_md5_functions,
    rom_memory_functions, rom_print_functions,     rom_spi_functions,  rom_uart_functions,
};

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

bool rom_calls_under_way(const struct rom *rom)
{
    return rom->calls.call.entry == rom->chip->cpu.pc;
}

static void begin(struct rom *rom, const struct rom_function *function)
{
    struct rom_calls *calls = &rom->calls;

    /* Whatever was under way belongs to what is interrupted: the vector keeps it with the context. */
    if (is_vector(function->address) && calls->depth < ROM_ISR_DEPTH)
        calls->saved[calls->depth].call = calls->call;
    calls->call = (struct rom_call){.entry = function->address, .until = rom->chip->now + function->cycles};
}

static void go_on(struct rom *rom, const struct rom_function *function)
{
    struct rom_call *call = &rom->calls.call;
    struct lx106 *cpu = &rom->chip->cpu;
    uint64_t then = function->step(rom, call);

    if (then) {
        call->until = then;
    } else if (cpu->pc ==
               function->address) { /* a plain function returns; the others have set pc and call themselves */
        call->entry = 0;
        cpu->pc = cpu->a[0];
    }
}

void rom_calls_step(struct rom *rom)
{
    const struct lx106 *cpu = &rom->chip->cpu;
    const struct rom_function *function = find(cpu->pc);

    if (!function)
        chip_stop(rom->chip, "call of unknown ROM address 0x%08x, return address 0x%08x", cpu->pc, cpu->a[0]);
    else if (rom_calls_under_way(rom))
        go_on(rom, function);
    else
        begin(rom, function);
}
