/* SPDX-License-Identifier: MIT */
/*
 * The ROM's functions, done natively when the CPU fetches from their address. Those that take long do it in steps, and
 * interrupts come in between: the UART must be served while the ROM programs a page.
 *
 * The ROM's exception vector is here too: a level-1 interrupt calls the handler that ets_isr_attach() got, and a return
 * to ROM_ISR_RETURN restores what was interrupted.
 */
#ifndef BOARDSIM_ROM_CALLS_H
#define BOARDSIM_ROM_CALLS_H

#include <stdbool.h>
#include <stdint.h>

#include "tools/boardsim/board/rom/rom_flash.h"

struct chip;

/* Where code that the ROM called returns to: it goes on with user code, if set, or with the boot from flash. */
#define ROM_MAIN_RETURN 0x400010a8u

/* Where an interrupt handler returns to; inside the ROM's dispatcher. */
#define ROM_ISR_RETURN 0x40000f60u

/* The ROM's stack when it calls loaded code. */
#define ROM_STACK 0x3ffffd00u

/* For the ROM the transmit FIFO is full with two places left. */
#define ROM_TX_FULL 126u

#define ROM_ISR_DEPTH 4

/* A call under way. */
struct rom_call {
    uint32_t entry; /* 0: none */
    unsigned step;
    uint64_t until;
    struct flash_job job;
};

struct rom_context {
    uint32_t a[16], pc, sar, ps;
    struct rom_call call;
};

struct rom_calls {
    struct rom_call call;
    struct {
        uint32_t handler, argument;
    } isr[16];
    struct rom_context saved[ROM_ISR_DEPTH];
    unsigned depth;
    uint32_t user_start;
};

void rom_calls_reset(struct rom_calls *calls);

/* Goes on with the ROM function at the CPU's pc. Returns the time at which to call again (now or later); the function
 * may have ended: then pc is outside ROM. CHIP_NEVER if it waits for an event. */
uint64_t rom_calls_step(struct chip *chip);

#endif
