/* SPDX-License-Identifier: MIT */
/*
 * A function of the ROM, done natively. Each rom_NAME.c is about one subject and ends with the table of its functions;
 * rom_calls.c finds them there.
 */
#ifndef BOARDSIM_ROM_FUNCTION_H
#define BOARDSIM_ROM_FUNCTION_H

#include "tools/boardsim/board/rom/rom_state.h"

/* What a call costs besides the work that is charged by its size. An allowance: short functions of the ROM are some 20
 * to 60 instructions. */
#define ROM_CALL_CYCLES 30u

/* Where code that the ROM called returns to: it goes on with user code, if set, or with the boot from flash. */
#define ROM_MAIN_RETURN 0x400010a8u

/* Where an interrupt handler returns to; inside the ROM's dispatcher. */
#define ROM_ISR_RETURN 0x40000f60u

struct rom_function {
    uint32_t address;
    unsigned cycles; /* charged before anything is done */
    /* Goes on with the call: returns when to be called again, or 0 when done. call->step is 0 the first time. Then the
     * function returns to a0, unless it has changed pc or rom->next. */
    uint64_t (*step)(struct rom *rom, struct rom_call *call);
};

/* Each ends with an address of 0. */
extern const struct rom_function rom_cache_functions[];
extern const struct rom_function rom_interrupt_functions[];
extern const struct rom_function rom_main_functions[];
extern const struct rom_function rom_math_functions[];
extern const struct rom_function rom_md5_functions[];
extern const struct rom_function rom_memory_functions[];
extern const struct rom_function rom_print_functions[];
extern const struct rom_function rom_spi_functions[];
extern const struct rom_function rom_uart_functions[];

/* a2 and on: the arguments, and the result. */
static inline uint32_t *rom_args(struct rom *rom)
{
    return rom->chip->cpu.a + 2;
}

/* Stops the chip: `function` was given an address where there is no memory. */
void rom_bad_memory(struct rom *rom, const char *function, uint32_t address);

#endif
