/* SPDX-License-Identifier: MIT */
/* The exception vector, which is the ROM's, and the handlers that code registers with it. */
#include "tools/boardsim/board/rom/rom_function.h"

#include <string.h>

/* Saving and restoring the context, and finding the handler. */
#define ISR_ENTER_CYCLES 60u
#define ISR_LEAVE_CYCLES 40u
#define ISR_FRAME        0x100u

static uint64_t isr_attach(struct rom *rom, struct rom_call *call)
{
    const uint32_t *a = rom_args(rom);

    (void)call;
    rom->calls.isr[a[0] & 15].handler = a[1];
    rom->calls.isr[a[0] & 15].argument = a[2];
    return 0;
}

static uint64_t isr_mask(struct rom *rom, struct rom_call *call)
{
    (void)call;
    rom->chip->cpu.sr[LX106_INTENABLE] &= ~rom_args(rom)[0];
    return 0;
}

static uint64_t isr_unmask(struct rom *rom, struct rom_call *call)
{
    (void)call;
    rom->chip->cpu.sr[LX106_INTENABLE] |= rom_args(rom)[0];
    return 0;
}

/* An exception without a handler. */
static void crash(struct rom *rom)
{
    const struct lx106 *cpu = &rom->chip->cpu;
    uint32_t at = cpu->sr[LX106_EPC1], address = cpu->sr[LX106_EXCVADDR];
    const char *access = cpu->store_fault ? "store" : "load";

    switch (cpu->sr[LX106_EXCCAUSE]) {
    case LX106_ILLEGAL: chip_stop(rom->chip, "illegal instruction at 0x%08x", at); break;
    case LX106_SYSCALL: chip_stop(rom->chip, "syscall at 0x%08x", at); break;
    case LX106_LOAD_STORE_ERROR:
        chip_stop(rom->chip, "narrow %s at 0x%08x of 0x%08x, which takes words only", access, at, address);
        break;
    case LX106_UNALIGNED: chip_stop(rom->chip, "unaligned %s at 0x%08x of 0x%08x", access, at, address); break;
    case LX106_FETCH_PROHIBITED: chip_stop(rom->chip, "jump to 0x%08x, where no code is", at); break;
    case LX106_LOAD_PROHIBITED:
    case LX106_STORE_PROHIBITED:
        chip_stop(rom->chip, "%s at 0x%08x of 0x%08x, where nothing is", access, at, address);
        break;
    default: chip_stop(rom->chip, "exception %u at 0x%08x", cpu->sr[LX106_EXCCAUSE], at); break;
    }
}

/* The ROM's exception vector. */
static uint64_t vector(struct rom *rom, struct rom_call *call)
{
    struct rom_calls *calls = &rom->calls;
    struct lx106 *cpu = &rom->chip->cpu;
    uint32_t pending = cpu->sr[LX106_INTSET] & cpu->sr[LX106_INTENABLE];
    struct rom_context *saved = &calls->saved[calls->depth];
    unsigned number;

    if (cpu->sr[LX106_EXCCAUSE] != LX106_INTERRUPT) {
        crash(rom);
        return 0;
    }
    cpu->sr[LX106_PS] &= ~LX106_PS_EXCM;
    if (!pending) { /* it went away meanwhile */
        cpu->pc = cpu->sr[LX106_EPC1];
        *call = calls->saved[calls->depth].call;
        return 0;
    }
    number = (unsigned)__builtin_ctz(pending);
    if (number > 15 || calls->isr[number].handler == 0) {
        chip_stop(rom->chip, "interrupt %u at 0x%08x without a handler", number, cpu->sr[LX106_EPC1]);
        return 0;
    }
    if (calls->depth == ROM_ISR_DEPTH) {
        chip_stop(rom->chip, "interrupts nested too deep at 0x%08x", cpu->sr[LX106_EPC1]);
        return 0;
    }
    calls->depth++;
    call->entry = 0;
    memcpy(saved->a, cpu->a, sizeof saved->a);
    saved->pc = cpu->sr[LX106_EPC1];
    saved->sar = cpu->sr[LX106_SAR];
    saved->ps = cpu->sr[LX106_PS];
    cpu->sr[LX106_PS] |= 1; /* level 1: not interrupted by its like */
    cpu->a[0] = ROM_ISR_RETURN;
    cpu->a[1] = (cpu->a[1] - ISR_FRAME) & ~15u;
    cpu->a[2] = calls->isr[number].argument;
    cpu->pc = calls->isr[number].handler;
    return 0;
}

/* BREAK. There is no debugger. */
static uint64_t debug_vector(struct rom *rom, struct rom_call *call)
{
    (void)call;
    chip_stop(rom->chip, "break at 0x%08x", rom->chip->cpu.sr[LX106_EPC1 + 1]);
    return 0;
}

static uint64_t isr_return(struct rom *rom, struct rom_call *call)
{
    struct rom_calls *calls = &rom->calls;
    struct lx106 *cpu = &rom->chip->cpu;
    const struct rom_context *saved;

    if (calls->depth == 0) {
        chip_stop(rom->chip, "return from an interrupt that never was");
        return 0;
    }
    saved = &calls->saved[--calls->depth];
    memcpy(cpu->a, saved->a, sizeof saved->a);
    cpu->pc = saved->pc;
    cpu->sr[LX106_SAR] = saved->sar;
    cpu->sr[LX106_PS] = saved->ps;
    *call = saved->call;
    return 0;
}

const struct rom_function rom_interrupt_functions[] = {
    {LX106_ROM + LX106_VECTOR_USER, ISR_ENTER_CYCLES, vector},
    {LX106_ROM + LX106_VECTOR_KERNEL, ISR_ENTER_CYCLES, vector},
    {LX106_ROM + LX106_VECTOR_DEBUG, ISR_ENTER_CYCLES, debug_vector},
    {LX106_ROM + LX106_VECTOR_DOUBLE, ISR_ENTER_CYCLES, vector},
    {ROM_ISR_RETURN, ISR_LEAVE_CYCLES, isr_return},
    {0x40000f88, ROM_CALL_CYCLES, isr_attach},
    {0x40000f98, ROM_CALL_CYCLES, isr_mask},
    {0x40000fa8, ROM_CALL_CYCLES, isr_unmask},
    {0},
};
