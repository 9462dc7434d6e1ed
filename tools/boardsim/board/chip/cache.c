/* SPDX-License-Identifier: MIT */
#include "tools/boardsim/board/chip/cache.h"

#include <string.h>

#include "tools/boardsim/board/flash/spi.h"

#define UPPER_16K 0xc000u
#define LOWER_16K 0x8000u

void cache_reset(struct cache *cache)
{
    uint64_t fills = cache->fills;

    memset(cache, 0, sizeof *cache);
    cache->fills = fills;
}

uint32_t cache_load(const struct cache *cache, uint32_t offset)
{
    if (offset == CACHE_BLOCKS)
        return cache->blocks;
    return cache->control | (cache->control & CACHE_CONTROL_FLUSH ? CACHE_CONTROL_FLUSHED : 0);
}

void cache_store(struct cache *cache, uint32_t offset, uint32_t value)
{
    if (offset == CACHE_BLOCKS) {
        cache->blocks = value;
        return;
    }
    cache->control = value & ~CACHE_CONTROL_FLUSHED;
    if (value & CACHE_CONTROL_FLUSH)
        memset(cache->tags, 0, sizeof cache->tags);
}

/* Bytes of IRAM that it has. */
static uint32_t size(const struct cache *cache)
{
    if (!(cache->blocks & CACHE_BLOCKS_UPPER_16K))
        return 0;
    return cache->blocks & CACHE_BLOCKS_LOWER_16K ? 32768 : 16384;
}

/* Where in the flash the window begins. */
static uint32_t base(const struct cache *cache)
{
    return (cache->control & CACHE_CONTROL_PAIR) << 5 | (cache->control & CACHE_CONTROL_ODD ? 1u << 20 : 0);
}

/* How the lines are placed is not known: this is the simplest way, one place for each. */
const uint8_t *cache_line(struct cache *cache, struct spi *spi, uint8_t *iram, uint64_t now, uint32_t address,
                          uint64_t *then)
{
    uint32_t bytes = size(cache), at = base(cache) + ((address - CACHE_WINDOW) & ~(CACHE_LINE - 1));
    uint32_t place = bytes ? at % bytes : 0;
    uint8_t *line = iram + (bytes == 32768 ? LOWER_16K : UPPER_16K) + place;
    uint32_t *tag = &cache->tags[place / CACHE_LINE];

    *then = now;
    if (!(cache->control & CACHE_CONTROL_ON) || bytes == 0 || !spi_serves_cache(spi))
        return NULL;
    if (*tag != at + 1) {
        *then = spi_fetch(spi, now, at, line, CACHE_LINE);
        *tag = at + 1;
        cache->fills++;
    }
    return line;
}
