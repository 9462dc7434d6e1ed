/* SPDX-License-Identifier: MIT */
#include "proto/image/stream_plan.h"

#include "proto/image/deflate.h"
#include "proto/link/bytes.h"
#include "proto/link/wire.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static bool is_blank(const uint8_t *sector)
{
    for (size_t i = 0; i < STREAM_PLAN_SECTOR; i++)
        if (sector[i] != 0xFF)
            return false;
    return true;
}

/* A table of the sectors before, by the CRC of their content. */
#define PLACES (2 * (STREAM_PLAN_SIZE_MAX / STREAM_PLAN_SECTOR)) /* a power of two */
#define EMPTY  UINT16_MAX

/* The first sector whose content is that of `sector`, which is entered if there is none: `sector` itself. */
static uint32_t first_like(uint16_t table[PLACES], const uint8_t *sectors, uint32_t sector)
{
    const uint8_t *bytes = sectors + (size_t)sector * STREAM_PLAN_SECTOR;
    uint32_t place = (uint32_t)crc32(0, bytes, STREAM_PLAN_SECTOR) % PLACES;
    for (; table[place] != EMPTY; place = (place + 1) % PLACES)
        if (memcmp(sectors + (size_t)table[place] * STREAM_PLAN_SECTOR, bytes, STREAM_PLAN_SECTOR) == 0)
            return table[place];
    table[place] = (uint16_t)sector;
    return sector;
}

static uint16_t plan_word(uint16_t table[PLACES], const uint8_t *sectors, uint32_t sector, uint32_t first)
{
    if (is_blank(sectors + (size_t)sector * STREAM_PLAN_SECTOR))
        return WIRE_PLAN_BLANK << WIRE_PLAN_KIND_SHIFT;
    uint32_t like = first_like(table, sectors, sector);
    if (like == sector)
        return WIRE_PLAN_DATA << WIRE_PLAN_KIND_SHIFT;
    return (uint16_t)(WIRE_PLAN_COPY << WIRE_PLAN_KIND_SHIFT | (first + like));
}

/* Appends the plan and the content of the sectors that it calls DATA to `raw`. Returns their size. */
static size_t lay_out(uint8_t *raw, uint16_t table[PLACES], const uint8_t *sectors, uint32_t n, uint32_t first)
{
    size_t plan_size = (n * sizeof(uint16_t) + WIRE_PLAN_ALIGN - 1) & ~(size_t)(WIRE_PLAN_ALIGN - 1);
    uint8_t *to = raw + plan_size;
    memset(table, 0xFF, PLACES * sizeof(*table));
    memset(raw, 0, plan_size);
    for (uint32_t sector = 0; sector < n; sector++) {
        uint16_t word = plan_word(table, sectors, sector, first);
        put_le16(raw + sector * sizeof(word), word);
        if (word >> WIRE_PLAN_KIND_SHIFT != WIRE_PLAN_DATA)
            continue;
        memcpy(to, sectors + (size_t)sector * STREAM_PLAN_SECTOR, STREAM_PLAN_SECTOR);
        to += STREAM_PLAN_SECTOR;
    }
    return (size_t)(to - raw);
}

bool stream_plan_make(const uint8_t *bytes, size_t n, uint32_t offset, uint8_t **stream, uint32_t *stream_size)
{
    uint32_t count = (uint32_t)((n + STREAM_PLAN_SECTOR - 1) / STREAM_PLAN_SECTOR);
    size_t whole = (size_t)count * STREAM_PLAN_SECTOR;
    uint8_t *sectors = malloc(whole);
    uint8_t *raw = malloc(whole + count * sizeof(uint16_t) + WIRE_PLAN_ALIGN);
    uint16_t *table = malloc(PLACES * sizeof(*table));
    bool made = sectors && raw && table;
    if (made) {
        memcpy(sectors, bytes, n);
        memset(sectors + n, 0xFF, whole - n);
        size_t n_raw = lay_out(raw, table, sectors, count, offset / STREAM_PLAN_SECTOR);
        made = deflate_bytes(raw, n_raw, DEFLATE_BEST, stream, stream_size);
    }
    free(table);
    free(raw);
    free(sectors);
    return made;
}
