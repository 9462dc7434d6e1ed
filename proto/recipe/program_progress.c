/* SPDX-License-Identifier: MIT */
/* How far an attempt is, and how long it will take: a model of each state's time, corrected in WRITE by the pace seen.
 */
#include "proto/recipe/program_internal.h"

/* The states of a try that goes well, in order. */
static const enum flash_state way[] = {FLASH_RESET,    FLASH_SYNC, FLASH_IDENTIFY, FLASH_STUB,
                                       FLASH_FLASH_ID, FLASH_BAUD, FLASH_COMPARE,  FLASH_WRITE,
                                       FLASH_VERIFY,   FLASH_SIZE, FLASH_RUN};
#define WAY_LENGTH (sizeof(way) / sizeof(way[0]))

/* Typical flash work from esp8266.md section 6: 150 ms to erase 64 KB, 1 ms a page. */
#define ERASE_US_PER_KB 2300ULL
#define MD5_US_PER_KB   1100ULL

/* Pages that are blank are not known block by block: what does not deflate away counts as programmed. */
uint64_t flash_block_cost(const struct flash *flash, const struct golden_block *block)
{
    uint64_t link = block->size * 10 * S / flash_baud(flash);
    uint64_t programmed = block->inflated < 2 * block->size ? block->inflated : 2 * block->size;
    return link + block->inflated / 1024 * ERASE_US_PER_KB + programmed / 256 * MS;
}

static uint64_t write_cost(const struct flash *flash)
{
    const struct golden *golden = flash->job->golden;
    uint64_t cost = 1;
    for (size_t i = 0; i < golden->n_parts; i++)
        for (size_t j = 0; j < golden->parts[i].n_blocks; j++)
            cost += flash_block_cost(flash, &golden->parts[i].blocks[j]);
    return cost;
}

static uint64_t stub_cost(const struct flash *flash)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < flash->job->stub->n_segments; i++)
        bytes += flash->job->stub->segments[i].size;
    return 100 * MS + bytes * 10 * S / LOADER_BAUD;
}

static uint64_t md5_cost(const struct flash *flash)
{
    return flash->job->golden->size / 1024 * MD5_US_PER_KB;
}

static uint64_t expected_us(const struct flash *flash, enum flash_state state)
{
    switch (state) {
    case FLASH_RESET: return 160 * MS;
    case FLASH_SYNC: return 120 * MS;
    case FLASH_IDENTIFY: return 50 * MS;
    case FLASH_STUB: return stub_cost(flash);
    case FLASH_FLASH_ID: return 50 * MS;
    case FLASH_BAUD: return 80 * MS;
    case FLASH_COMPARE: return flash->job->compare_first ? md5_cost(flash) : 0;
    case FLASH_WRITE: return write_cost(flash);
    case FLASH_VERIFY: return md5_cost(flash);
    case FLASH_SIZE: return 20 * MS;
    case FLASH_RUN: return 110 * MS;
    default: return 0;
    }
}

static bool on_the_way(enum flash_state state, size_t *at)
{
    for (*at = 0; *at < WAY_LENGTH; ++*at)
        if (way[*at] == state)
            return true;
    return false;
}

/* Of the state at work, 0 to 1. */
static double fraction(const struct flash *flash, uint64_t now)
{
    uint64_t expected = expected_us(flash, flash->state);
    double done = flash->state == FLASH_WRITE ? (double)flash->at.cost : (double)(now - flash->entered);
    double part = expected > 0 ? done / (double)expected : 0;
    return part < 0.99 ? part : 0.99;
}

unsigned flash_percent(const struct flash *flash, uint64_t now)
{
    size_t at;
    if (flash->state == FLASH_PASSED)
        return 100;
    if (!on_the_way(flash->state, &at))
        return 0;
    double done = 0, all = 0;
    for (size_t i = 0; i < WAY_LENGTH; i++) {
        double expected = (double)expected_us(flash, way[i]);
        all += expected;
        if (i < at)
            done += expected;
        else if (i == at)
            done += expected * fraction(flash, now);
    }
    return (unsigned)(done * 100 / all);
}

double flash_seconds_left(const struct flash *flash, uint64_t now)
{
    size_t at;
    if (!on_the_way(flash->state, &at))
        return -1;
    double part = fraction(flash, now);
    double left = (double)expected_us(flash, flash->state) * (1 - part);
    if (flash->state == FLASH_WRITE && part > 0.05)
        left = (double)(now - flash->entered) * (1 - part) / part;
    for (size_t i = at + 1; i < WAY_LENGTH; i++)
        left += (double)expected_us(flash, way[i]);
    return left / 1e6;
}
