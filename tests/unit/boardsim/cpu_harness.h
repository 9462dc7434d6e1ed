/* SPDX-License-Identifier: MIT */
/* The CPU alone: code is put into IRAM, data into DRAM, and it runs until it comes back. One at a time. */
#ifndef TESTS_UNIT_BOARDSIM_CPU_HARNESS_H
#define TESTS_UNIT_BOARDSIM_CPU_HARNESS_H

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tools/boardsim/board/cpu/lx106.h"

#define CODE LX106_IRAM
#define DATA (LX106_DRAM + 0x100)

/* Where a case returns to: a fetch from ROM ends the run. */
#define RETURN (LX106_ROM + 0x100)

/* A register on the bus: it reads as 0. */
#define REGISTER 0x60000000u

/* A load from here gives 7 and fills a cache line over the code. */
#define OVER_CODE 0x60000004u

static struct lx106 *cpu;
static uint8_t dram[LX106_DRAM_SIZE], iram[LX106_IRAM_SIZE + 4];

static inline int bus_load(void *context, uint32_t address, unsigned size, uint32_t *value)
{
    (void)context;
    *value = 0;
    if (address == OVER_CODE) {
        lx106_wrote(cpu, 0, 64);
        *value = 7;
        return 0;
    }
    if (address - LX106_IRAM < LX106_IRAM_SIZE || size != 4)
        return LX106_LOAD_STORE_ERROR;
    return address == REGISTER ? 0 : LX106_LOAD_PROHIBITED;
}

static inline int bus_store(void *context, uint32_t address, unsigned size, uint32_t value)
{
    (void)context;
    (void)value;
    if (address - LX106_IRAM < LX106_IRAM_SIZE || size != 4)
        return LX106_LOAD_STORE_ERROR;
    return address == REGISTER ? 0 : LX106_STORE_PROHIBITED;
}

/* At the beginning of CODE; a0 is RETURN, a5 DATA, where sixteen bytes lie. */
static inline void setup(void)
{
    static const uint8_t data[16] = {0x81, 0x92, 0xa3, 0xb4, 1, 2, 3, 4, 0x11, 0x22, 0x33, 0x44, 0, 0, 0, 0};

    cpu = calloc(1, sizeof *cpu);
    ck_assert_ptr_nonnull(cpu);
    memset(dram, 0, sizeof dram);
    memset(iram, 0, sizeof iram);
    memcpy(dram + 0x100, data, sizeof data);
    cpu->dram = dram;
    cpu->iram = iram;
    cpu->bus = (struct lx106_bus){.load = bus_load, .store = bus_store};
    lx106_reset(cpu);
    cpu->pc = CODE;
    cpu->a[0] = RETURN;
    cpu->a[5] = DATA;
}

static inline void teardown(void)
{
    free(cpu);
}

static inline void put_code(const uint8_t *code, size_t n)
{
    memset(iram, 0, 64);
    memcpy(iram, code, n);
    lx106_wrote(cpu, 0, 64);
}

#define PUT(...) put_code((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

#endif
