/* SPDX-License-Identifier: MIT */
/* Talking to a flash part as a controller does: bytes out, bytes in. One part at a time. */
#ifndef TESTS_UNIT_BOARDSIM_NOR_TALK_H
#define TESTS_UNIT_BOARDSIM_NOR_TALK_H

#include <check.h>
#include <string.h>

#include "tools/boardsim/board/flash/nor.h"

#define MHZ          52u
#define US(us)       ((uint64_t)(us) * MHZ)
#define WRITE_ENABLE 0x06

static struct nor *nor;
static uint64_t now;

static inline void make(const struct nor_config *config)
{
    nor_free(nor);
    nor = nor_new(config);
    ck_assert_ptr_nonnull(nor);
    now = US(1000);
    nor_power(nor, now, true);
}

static inline void setup(void)
{
    make(&(struct nor_config){.seed = 1, .mhz = MHZ});
}

static inline void teardown(void)
{
    nor_free(nor);
    nor = NULL;
}

static inline void make_part(const char *name, struct nor_faults faults)
{
    const struct nor_part *part = nor_find(name);

    ck_assert_ptr_nonnull(part);
    make(&(struct nor_config){.part = part, .seed = 1, .mhz = MHZ, .faults = faults});
}

static inline void command(uint8_t op)
{
    nor_transfer(nor, now, &op, 1, NULL, 0);
}

static inline void command_at(uint8_t op, uint32_t address, const void *data, size_t n)
{
    uint8_t out[600] = {op, (uint8_t)(address >> 16), (uint8_t)(address >> 8), (uint8_t)address};

    if (n > 0)
        memcpy(out + 4, data, n);
    nor_transfer(nor, now, out, 4 + n, NULL, 0);
}

static inline void wait_ready(void)
{
    if (now < nor_ready(nor))
        now = nor_ready(nor);
}

static inline void program(uint32_t address, const void *data, size_t n)
{
    command(WRITE_ENABLE);
    command_at(0x02, address, data, n);
    wait_ready();
}

static inline void erase(uint8_t op, uint32_t address)
{
    command(WRITE_ENABLE);
    command_at(op, address, NULL, 0);
    wait_ready();
}

static inline uint8_t status(uint8_t op)
{
    uint8_t in;

    nor_transfer(nor, now, &op, 1, &in, 1);
    return in;
}

static inline uint8_t read_byte(uint32_t address)
{
    const uint8_t out[] = {0x03, (uint8_t)(address >> 16), (uint8_t)(address >> 8), (uint8_t)address};
    uint8_t in;

    nor_transfer(nor, now, out, sizeof out, &in, 1);
    return in;
}

static inline uint32_t read_id(void)
{
    const uint8_t op = 0x9f;
    uint8_t in[3];

    nor_transfer(nor, now, &op, 1, in, 3);
    return (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2];
}

static inline uint8_t read_wide(uint8_t op, uint32_t address)
{
    const uint8_t out[] = {op, (uint8_t)(address >> 16), (uint8_t)(address >> 8), (uint8_t)address, 0, 0, 0};
    uint8_t in;

    nor_transfer(nor, now, out, sizeof out, &in, 1);
    return in;
}

/* 01h, 31h or 11h with n bytes, lasting; waits until it is done. */
static inline void write_status(uint8_t op, uint8_t first, uint8_t second, size_t n)
{
    const uint8_t out[3] = {op, first, second};

    command(WRITE_ENABLE);
    nor_transfer(nor, now, out, 1 + n, NULL, 0);
    wait_ready();
}

static inline void cycle_power(void)
{
    nor_power(nor, now, false);
    nor_power(nor, now, true);
}

#endif
