/* SPDX-License-Identifier: MIT */
/* The arithmetic that the CPU lacks, as libgcc names it. A division by zero gives 0. */
#include "tools/boardsim/board/rom/rom_function.h"

#define DIVIDE_CYCLES 60u

static uint64_t get64(const uint32_t *a)
{
    return (uint64_t)a[1] << 32 | a[0];
}

static void put64(uint32_t *a, uint64_t value)
{
    a[0] = (uint32_t)value;
    a[1] = (uint32_t)(value >> 32);
}

static uint64_t udivsi3(struct rom *rom, struct rom_call *call)
{
    uint32_t *a = rom_args(rom);

    (void)call;
    a[0] = a[1] ? a[0] / a[1] : 0;
    return 0;
}

static uint64_t umodsi3(struct rom *rom, struct rom_call *call)
{
    uint32_t *a = rom_args(rom);

    (void)call;
    a[0] = a[1] ? a[0] % a[1] : 0;
    return 0;
}

static uint64_t divsi3(struct rom *rom, struct rom_call *call)
{
    uint32_t *a = rom_args(rom);

    (void)call;
    a[0] = a[1] ? (uint32_t)((int64_t)(int32_t)a[0] / (int32_t)a[1]) : 0;
    return 0;
}

static uint64_t muldi3(struct rom *rom, struct rom_call *call)
{
    (void)call;
    put64(rom_args(rom), get64(rom_args(rom)) * get64(rom_args(rom) + 2));
    return 0;
}

static uint64_t udivdi3(struct rom *rom, struct rom_call *call)
{
    uint64_t divisor = get64(rom_args(rom) + 2);

    (void)call;
    put64(rom_args(rom), divisor ? get64(rom_args(rom)) / divisor : 0);
    return 0;
}

static uint64_t umulsidi3(struct rom *rom, struct rom_call *call)
{
    uint32_t *a = rom_args(rom);

    (void)call;
    put64(a, (uint64_t)a[0] * a[1]);
    return 0;
}

const struct rom_function rom_math_functions[] = {
    {0x4000e21c, DIVIDE_CYCLES, udivsi3},
    {0x4000e268, DIVIDE_CYCLES, umodsi3},
    {0x4000dc88, DIVIDE_CYCLES, divsi3},
    {0x40000650, DIVIDE_CYCLES, muldi3},
    {0x4000d310, 4 * DIVIDE_CYCLES, udivdi3},
    {0x4000dcf0, DIVIDE_CYCLES, umulsidi3},
    {0},
};
