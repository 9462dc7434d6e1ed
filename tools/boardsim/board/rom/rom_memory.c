/* SPDX-License-Identifier: MIT */
/* memcpy and its like, which the compiler calls unasked. */
#include "tools/boardsim/board/rom/rom_function.h"

#include <string.h>

#define CHUNK 256u

/* (to, from, n): about two cycles a byte, as a loop over words with its loads and stores. */
static uint64_t rom_memcpy(struct rom *rom, struct rom_call *call)
{
    const uint32_t *a = rom_args(rom);
    uint8_t chunk[CHUNK];

    if (call->step++ == 0)
        return rom->chip->now + 2 * (uint64_t)a[2] + 1;
    for (uint32_t done = 0, n; done < a[2]; done += n) {
        n = a[2] - done < CHUNK ? a[2] - done : CHUNK;
        if (!chip_read(rom->chip, a[1] + done, chunk, n)) {
            rom_bad_memory(rom, "memcpy", a[1] + done);
            return 0;
        }
        if (!chip_write(rom->chip, a[0] + done, chunk, n)) {
            rom_bad_memory(rom, "memcpy", a[0] + done);
            return 0;
        }
    }
    return 0;
}

/* (to, value, n) */
static uint64_t rom_memset(struct rom *rom, struct rom_call *call)
{
    const uint32_t *a = rom_args(rom);
    uint8_t chunk[CHUNK];

    if (call->step++ == 0)
        return rom->chip->now + (uint64_t)a[2] + 1;
    memset(chunk, (int)(a[1] & 0xff), sizeof chunk);
    for (uint32_t done = 0, n; done < a[2]; done += n) {
        n = a[2] - done < CHUNK ? a[2] - done : CHUNK;
        if (!chip_write(rom->chip, a[0] + done, chunk, n)) {
            rom_bad_memory(rom, "memset", a[0] + done);
            return 0;
        }
    }
    return 0;
}

/* (to, n) */
static uint64_t rom_bzero(struct rom *rom, struct rom_call *call)
{
    uint32_t *a = rom_args(rom);

    if (call->step == 0) {
        a[2] = a[1];
        a[1] = 0;
    }
    return rom_memset(rom, call);
}

const struct rom_function rom_memory_functions[] = {
    {0x4000df48, ROM_CALL_CYCLES, rom_memcpy},
    {0x400018b4, ROM_CALL_CYCLES, rom_memcpy}, /* ets_memcpy */
    {0x4000e190, ROM_CALL_CYCLES, rom_memset},
    {0x400018a4, ROM_CALL_CYCLES, rom_memset}, /* ets_memset */
    {0x40002ae8, ROM_CALL_CYCLES, rom_bzero},  /* ets_bzero */
    {0},
};
