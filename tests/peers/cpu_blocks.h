/* SPDX-License-Identifier: MIT */
/*
 * Random blocks of LX106 code that end, after a bounded number of steps, with an exception. A block is wholly given by
 * the seed, its number and the address it gets.
 *
 * Left out is what QEMU 7 is known to do differently (docs/esp8266.md section 8): SLLI by 32, SAR beyond 32, shifts to
 * the right after SSL and SSA8B, TLB instructions, RER and WER, narrow accesses to IRAM.
 */
#ifndef TESTS_CPU_BLOCKS_H
#define TESTS_CPU_BLOCKS_H

#include <stdint.h>

#include "tests/peers/cpu_layout.h"

#define CPU_CODE_BYTES 1024

struct cpu_block {
    uint32_t at; /* of code[0], a multiple of 4 */
    uint32_t n;  /* bytes of code, a multiple of 4; CPU_CODE_BYTES at most */
    uint8_t code[CPU_CODE_BYTES];
    uint32_t input[CPU_IN_WORDS];
};

void cpu_block_make(struct cpu_block *block, uint64_t seed, uint32_t number, uint32_t at);

#endif
