/* SPDX-License-Identifier: MIT */
#include "proto/image/stream_plan.h"

#include "proto/image/deflate.h"
#include "proto/link/bytes.h"
#include "proto/link/wire.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define PAGE              256
#define SECTORS_PER_BLOCK 16

/* A table of the sectors before, by the CRC of their content. */
#define PLACES (2 * SECTOR_SET_SIZE) /* a power of two */
#define EMPTY  UINT16_MAX

/* The part by sectors: the last one may end early, and is blank behind that. */
struct source {
    const uint8_t *bytes;
    uint32_t n_whole;
    uint8_t last[STREAM_PLAN_SECTOR];
};

/* At work. */
struct layout {
    const struct sector_set *kept; /* or NULL */
    uint32_t first, n;             /* sectors of the part: address / 4096, and how many */
    struct source source;
    uint16_t *table;  /* PLACES of them */
    uint8_t *raw;     /* what is to be deflated: the plan, */
    uint8_t *content; /* and in it the content so far */
};

static const uint8_t *sector_bytes(const struct layout *plan, uint32_t sector)
{
    const struct source *source = &plan->source;
    return sector < source->n_whole ? source->bytes + (size_t)sector * STREAM_PLAN_SECTOR : source->last;
}

static void init_source(struct source *source, const uint8_t *bytes, size_t n)
{
    source->bytes = bytes;
    source->n_whole = (uint32_t)(n / STREAM_PLAN_SECTOR);
    memset(source->last, 0xFF, sizeof(source->last));
    memcpy(source->last, bytes + n - n % STREAM_PLAN_SECTOR, n % STREAM_PLAN_SECTOR);
}

static bool is_blank(const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (bytes[i] != 0xFF)
            return false;
    return true;
}

/* The first sector whose content is that of `sector`, which is entered if there is none: `sector` itself. */
static uint32_t first_like(const struct layout *plan, uint32_t sector)
{
    const uint8_t *bytes = sector_bytes(plan, sector);
    uint32_t place = (uint32_t)crc32(0, bytes, STREAM_PLAN_SECTOR) % PLACES;
    for (; plan->table[place] != EMPTY; place = (place + 1) % PLACES)
        if (memcmp(sector_bytes(plan, plan->table[place]), bytes, STREAM_PLAN_SECTOR) == 0)
            return plan->table[place];
    plan->table[place] = (uint16_t)sector;
    return sector;
}

static bool is_kept(const struct layout *plan, uint32_t sector)
{
    return plan->kept && sector_set_has(plan->kept, plan->first + sector);
}

/* A sector that is kept is entered too: others may be copies of it. */
static uint16_t plan_word(const struct layout *plan, uint32_t sector)
{
    bool blank = is_blank(sector_bytes(plan, sector), STREAM_PLAN_SECTOR);
    uint32_t like = blank ? sector : first_like(plan, sector);
    if (is_kept(plan, sector))
        return WIRE_PLAN_KEEP << WIRE_PLAN_KIND_SHIFT;
    if (blank)
        return WIRE_PLAN_BLANK << WIRE_PLAN_KIND_SHIFT;
    if (like == sector)
        return WIRE_PLAN_DATA << WIRE_PLAN_KIND_SHIFT;
    return (uint16_t)(WIRE_PLAN_COPY << WIRE_PLAN_KIND_SHIFT | (plan->first + like));
}

static uint32_t count_pages(const uint8_t *sector)
{
    uint32_t pages = 0;
    for (size_t at = 0; at < STREAM_PLAN_SECTOR; at += PAGE)
        pages += !is_blank(sector + at, PAGE);
    return pages;
}

static void take_content(struct layout *plan, uint32_t sector)
{
    memcpy(plan->content, sector_bytes(plan, sector), STREAM_PLAN_SECTOR);
    plan->content += STREAM_PLAN_SECTOR;
}

static void lay_out(struct layout *plan, struct stream_data *data)
{
    memset(plan->table, 0xFF, PLACES * sizeof(*plan->table));
    for (uint32_t sector = 0; sector < plan->n; sector++) {
        uint16_t word = plan_word(plan, sector);
        put_le16(plan->raw + sector * sizeof(word), word);
        if (word >> WIRE_PLAN_KIND_SHIFT == WIRE_PLAN_DATA)
            take_content(plan, sector);
        if (word >> WIRE_PLAN_KIND_SHIFT != WIRE_PLAN_KEEP)
            data->pages += count_pages(sector_bytes(plan, sector));
    }
}

/* The stub erases by blocks of 64 KB where one lies in the part and has no sector that is kept. */
static bool begins_block(const struct layout *plan, uint32_t sector)
{
    if ((plan->first + sector) % SECTORS_PER_BLOCK != 0 || plan->n - sector < SECTORS_PER_BLOCK)
        return false;
    for (uint32_t i = 0; i < SECTORS_PER_BLOCK; i++)
        if (is_kept(plan, sector + i))
            return false;
    return true;
}

static void count_erases(const struct layout *plan, struct stream_data *data)
{
    data->sectors = plan->n;
    for (uint32_t sector = 0; sector < plan->n;) {
        bool block = begins_block(plan, sector);
        data->erased_blocks += block;
        data->erased_sectors += !block && !is_kept(plan, sector);
        sector += block ? SECTORS_PER_BLOCK : 1;
    }
}

static bool deflate_raw(const struct layout *plan, struct stream_data *data)
{
    size_t n = (size_t)(plan->content - plan->raw);
    enum deflate_effort effort = plan->kept ? DEFLATE_FAST : DEFLATE_BEST; /* a board waits for what it lacks */
    return deflate_bytes(plan->raw, n, effort, &data->bytes, &data->size);
}

static bool allocate(struct layout *plan)
{
    size_t whole = (size_t)plan->n * STREAM_PLAN_SECTOR;
    size_t plan_size = (plan->n * sizeof(uint16_t) + WIRE_PLAN_ALIGN - 1) & ~(size_t)(WIRE_PLAN_ALIGN - 1);
    plan->table = malloc(PLACES * sizeof(*plan->table));
    plan->raw = calloc(1, plan_size + whole);
    if (plan->raw)
        plan->content = plan->raw + plan_size;
    return plan->table && plan->raw;
}

static void release(struct layout *plan)
{
    free(plan->table);
    free(plan->raw);
}

bool stream_plan_make(const uint8_t *bytes, size_t n, uint32_t offset, const struct sector_set *kept,
                      struct stream_data *data)
{
    uint32_t count = (uint32_t)((n + STREAM_PLAN_SECTOR - 1) / STREAM_PLAN_SECTOR);
    struct layout plan = {.kept = kept, .first = offset / STREAM_PLAN_SECTOR, .n = count};
    *data = (struct stream_data){0};
    bool made = allocate(&plan);
    if (made) {
        init_source(&plan.source, bytes, n);
        lay_out(&plan, data);
        count_erases(&plan, data);
        made = deflate_raw(&plan, data);
    }
    release(&plan);
    return made;
}
