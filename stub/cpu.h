/* SPDX-License-Identifier: MIT */
#ifndef STUB_CPU_H
#define STUB_CPU_H

#include <stdint.h>

/* Cycles of the CPU since its start, modulo 2^32: 52 or 80 in a microsecond, as the crystal may be. */
#ifdef __XTENSA__
static inline uint32_t cpu_cycles(void)
{
    uint32_t cycles;
    __asm__ volatile("rsr %0, ccount" : "=r"(cycles));
    return cycles;
}
#else
uint32_t cpu_cycles(void); /* a test's */
#endif

#endif
