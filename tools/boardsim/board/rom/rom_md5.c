/* SPDX-License-Identifier: MIT */
/* MD5Init, MD5Update, MD5Final. */
#include "tools/boardsim/board/rom/rom_function.h"

#include <md5.h>

/* 1.2 s for 4 MB at 52 MHz. */
#define BYTE_CYCLES 15u

#define CHUNK 256u

/* This is the MD5 context of the ROM too, to the byte, so it lives in the chip's memory and may be copied there. */
_Static_assert(sizeof(MD5_CTX) == 88, "four words of state, 64 bits of length, 64 bytes of buffer");

static uint64_t md5_init(struct rom *rom, struct rom_call *call)
{
    MD5_CTX context;

    (void)call;
    MD5Init(&context);
    if (!chip_write(rom->chip, rom_args(rom)[0], &context, sizeof context))
        rom_bad_memory(rom, "MD5Init", rom_args(rom)[0]);
    return 0;
}

/* (context, bytes, length) */
static uint64_t md5_update(struct rom *rom, struct rom_call *call)
{
    const uint32_t *a = rom_args(rom);
    uint8_t chunk[CHUNK];
    MD5_CTX context;

    if (call->step++ == 0)
        return rom->chip->now + (uint64_t)a[2] * BYTE_CYCLES + 1;
    if (!chip_read(rom->chip, a[0], &context, sizeof context)) {
        rom_bad_memory(rom, "MD5Update", a[0]);
        return 0;
    }
    for (uint32_t done = 0, n; done < a[2]; done += n) {
        n = a[2] - done < CHUNK ? a[2] - done : CHUNK;
        if (!chip_read(rom->chip, a[1] + done, chunk, n)) {
            rom_bad_memory(rom, "MD5Update", a[1] + done);
            return 0;
        }
        MD5Update(&context, chunk, n);
    }
    if (!chip_write(rom->chip, a[0], &context, sizeof context))
        rom_bad_memory(rom, "MD5Update", a[0]);
    return 0;
}

/* (digest, context) */
static uint64_t md5_final(struct rom *rom, struct rom_call *call)
{
    const uint32_t *a = rom_args(rom);
    uint8_t digest[MD5_DIGEST_LENGTH];
    MD5_CTX context;

    if (call->step++ == 0)
        return rom->chip->now + (uint64_t)BYTE_CYCLES * 64;
    if (!chip_read(rom->chip, a[1], &context, sizeof context)) {
        rom_bad_memory(rom, "MD5Final", a[1]);
        return 0;
    }
    MD5Final(digest, &context);
    if (!chip_write(rom->chip, a[0], digest, sizeof digest))
        rom_bad_memory(rom, "MD5Final", a[0]);
    return 0;
}

const struct rom_function rom_md5_functions[] = {
    {0x40009818, ROM_CALL_CYCLES, md5_init},
    {0x40009834, ROM_CALL_CYCLES, md5_update},
    {0x40009900, ROM_CALL_CYCLES, md5_final},
    {0},
};
