/* SPDX-License-Identifier: MIT */
/*
 * A function of the ROM, done natively. Each rom_NAME.c is about one subject and ends with the table of its functions;
 * rom_calls.c finds them there.
 */
#ifndef BOARDSIM_ROM_FUNCTION_H
#define BOARDSIM_ROM_FUNCTION_H

#include <stdint.h>

struct chip;
struct rom_call;

/* What a call costs besides the work that is charged by its size. An allowance: short functions of the ROM are some 20
 * to 60 instructions. */
#define ROM_CALL_CYCLES 30u

struct rom_function {
    uint32_t address;
    unsigned cycles; /* charged before anything is done */
    /* Goes on with the call: returns when to be called again, or 0 when done. call->step is 0 the first time. Then the
     * function returns to a0, unless it has changed pc. */
    uint64_t (*step)(struct chip *chip, struct rom_call *call);
};

/* Each ends with an address of 0. */
extern const struct rom_function rom_cache_functions[];
extern const struct rom_function rom_interrupt_functions[];
extern const struct rom_function rom_main_functions[];
extern const struct rom_function rom_math_functions[];
extern const struct rom_function rom_md5_functions[];
extern const struct rom_function rom_memory_functions[];
extern const struct rom_function rom_spi_functions[];
extern const struct rom_function rom_uart_functions[];

/* a2 and on: the arguments, and the result. */
uint32_t *rom_args(struct chip *chip);

/* Stops the chip: `who` was given an address where there is no memory. */
void rom_bad_memory(struct chip *chip, const char *who, uint32_t address);

#endif
