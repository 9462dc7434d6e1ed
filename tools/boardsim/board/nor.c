/* SPDX-License-Identifier: MIT */
#include "tools/boardsim/board/nor.h"

#include <stdlib.h>
#include <string.h>

#include "tools/boardsim/board/rng.h"

#define PAGE 256u

/* A program of n bytes takes about 30 µs + 2.5 µs a byte on a part whose page takes 670 µs; other parts in proportion.
 */
#define PROGRAM_FIXED_US 30.0
#define PROGRAM_BYTE_US  2.5
#define PROGRAM_PAGE_US  (PROGRAM_FIXED_US + PROGRAM_BYTE_US * PAGE)

/* Each operation takes the typical time, give or take half of this share. */
#define SPREAD 0.1

const struct nor_part nor_parts[] = {
    {"W25Q32", 0xef4016, 4u << 20, 670, 45000, 120000, 150000, 10000000, 5000},
    {"W25Q16", 0xef4015, 2u << 20, 670, 45000, 120000, 150000, 5000000, 5000},
    {"W25Q80", 0xef4014, 1u << 20, 670, 45000, 120000, 150000, 2500000, 5000},
    {"W25Q40", 0xef4013, 512u << 10, 670, 45000, 120000, 150000, 1500000, 5000},
    {"GD25Q32", 0xc84016, 4u << 20, 600, 50000, 150000, 200000, 15000000, 5000},
    {"BY25Q32", 0x684016, 4u << 20, 600, 50000, 200000, 250000, 15000000, 5000},
    {"HG25Q32", 0x524016, 4u << 20, 700, 60000, 240000, 300000, 20000000, 5000},
    {NULL, 0, 0, 0, 0, 0, 0, 0, 0},
};

struct stuck {
    uint32_t at;
    uint8_t mask;
};

struct nor {
    const struct nor_part *part;
    struct rng rng;
    unsigned mhz;
    uint32_t id;
    double slow;
    bool powered, asleep;
    bool write_enabled, volatile_enabled;
    uint8_t status[3], lasting[3]; /* now, and what a power cycle brings back */
    uint64_t ready;
    uint32_t busy_at, busy_size; /* what a power loss before `ready` spoils */
    struct nor_stats stats;
    uint32_t stuck_count;
    struct stuck *stuck;
    uint8_t *bytes;
};

const struct nor_part *nor_find(const char *name)
{
    for (const struct nor_part *part = nor_parts; part->name; part++)
        if (strcmp(part->name, name) == 0)
            return part;
    return NULL;
}

static void apply_stuck(struct nor *nor)
{
    for (uint32_t i = 0; i < nor->stuck_count; i++)
        nor->bytes[nor->stuck[i].at] &= (uint8_t)~nor->stuck[i].mask;
}

struct nor *nor_new(const struct nor_config *config)
{
    const struct nor_part *part = config->part ? config->part : nor_parts;
    struct nor *nor = calloc(1, sizeof *nor);

    if (!nor)
        return NULL;
    nor->part = part;
    nor->rng.state = config->seed ^ 0x6e6f72;
    nor->mhz = config->mhz;
    nor->id = config->flash_id ? config->flash_id : part->id;
    nor->slow = config->slow > 0 ? config->slow : 1;
    nor->bytes = malloc(part->size);
    nor->stuck = calloc(config->stuck_bits + 1u, sizeof *nor->stuck);
    if (!nor->bytes || !nor->stuck) {
        nor_free(nor);
        return NULL;
    }
    nor->stuck_count = config->stuck_bits;
    for (uint32_t i = 0; i < nor->stuck_count; i++) {
        uint64_t draw = rng_next(&nor->rng);

        nor->stuck[i].at = (uint32_t)(draw >> 8) & (part->size - 1);
        nor->stuck[i].mask = (uint8_t)(1u << (draw & 7));
    }
    memset(nor->bytes, 0xff, part->size);
    apply_stuck(nor);
    return nor;
}

void nor_free(struct nor *nor)
{
    if (!nor)
        return;
    free(nor->stuck);
    free(nor->bytes);
    free(nor);
}

void nor_power(struct nor *nor, uint64_t now, bool on)
{
    if (!on && nor->powered && now < nor->ready)
        for (uint32_t i = 0; i < nor->busy_size; i++)
            nor->bytes[nor->busy_at + i] &= (uint8_t)rng_next(&nor->rng);
    if (on && !nor->powered)
        memcpy(nor->status, nor->lasting, sizeof nor->status);
    nor->powered = on;
    nor->asleep = false;
    nor->write_enabled = nor->volatile_enabled = false;
    nor->ready = 0;
}

/* Busy from now on for about `us`, on the bytes that a loss of power would spoil. */
static void start(struct nor *nor, uint64_t now, double us, uint32_t at, uint32_t size)
{
    us *= nor->slow * (1 + SPREAD * (rng_unit(&nor->rng) - 0.5));
    nor->ready = now + (uint64_t)(us * nor->mhz);
    nor->busy_at = at;
    nor->busy_size = size;
    nor->write_enabled = nor->volatile_enabled = false;
}

/* What every change of the array needs: write enable, and no protection. A refused command costs the write enable. */
static bool may_change(struct nor *nor)
{
    bool may = nor->write_enabled && !(nor->status[0] & NOR_SR1_PROTECT);

    nor->write_enabled = false;
    return may;
}

static void erase(struct nor *nor, uint64_t now, uint32_t address, uint32_t size, uint32_t us)
{
    uint32_t at = address & (nor->part->size - 1) & ~(size - 1);

    if (!may_change(nor))
        return;
    memset(nor->bytes + at, 0xff, size);
    apply_stuck(nor);
    nor->stats.erases++;
    start(nor, now, us, at, size);
}

static void program(struct nor *nor, uint64_t now, uint32_t address, const uint8_t *data, size_t n)
{
    uint32_t page = address & (nor->part->size - 1) & ~(PAGE - 1);
    bool violated = false;

    if (n == 0 || !may_change(nor))
        return;
    for (size_t i = 0; i < n; i++) {
        uint8_t *byte = nor->bytes + page + ((address + i) & (PAGE - 1));

        violated |= (data[i] & (uint8_t) ~*byte) != 0;
        *byte &= data[i];
    }
    nor->stats.programs++;
    nor->stats.violations += violated;
    if (n > PAGE)
        n = PAGE;
    start(nor, now, nor->part->program_us / PROGRAM_PAGE_US * (PROGRAM_FIXED_US + PROGRAM_BYTE_US * (double)n), page,
          PAGE);
}

static void write_status(struct nor *nor, uint64_t now, unsigned first, const uint8_t *data, size_t n)
{
    bool lasting = nor->write_enabled;

    if (!lasting && !nor->volatile_enabled)
        return;
    nor->write_enabled = nor->volatile_enabled = false;
    for (size_t i = 0; i < n && first + i < sizeof nor->status; i++) {
        uint8_t value = first + i == 0 ? data[i] & (uint8_t) ~(NOR_SR1_WIP | NOR_SR1_WEL) : data[i];

        nor->status[first + i] = value;
        if (lasting)
            nor->lasting[first + i] = value;
    }
    if (lasting)
        start(nor, now, nor->part->write_status_us, 0, 0);
}

static uint8_t read_status(const struct nor *nor, uint64_t now, unsigned which)
{
    uint8_t value = nor->status[which];

    if (which == 0 && now < nor->ready)
        value |= NOR_SR1_WIP | NOR_SR1_WEL;
    if (which == 0 && (nor->write_enabled || nor->volatile_enabled))
        value |= NOR_SR1_WEL;
    return value;
}

static void read_array(const struct nor *nor, uint32_t address, uint8_t *in, size_t m)
{
    for (size_t i = 0; i < m; i++)
        in[i] = nor->bytes[(address + i) & (nor->part->size - 1)];
}

static void read_id(const struct nor *nor, uint8_t *in, size_t m)
{
    for (size_t i = 0; i < m && i < 3; i++)
        in[i] = (uint8_t)(nor->id >> (16 - 8 * i));
}

void nor_transfer(struct nor *nor, uint64_t now, const uint8_t *out, size_t n, uint8_t *in, size_t m)
{
    const struct nor_part *part = nor->part;
    uint8_t command = n > 0 ? out[0] : 0;
    uint32_t address = n >= 4 ? (uint32_t)out[1] << 16 | (uint32_t)out[2] << 8 | out[3] : 0;
    bool addressed = n >= 4;

    if (m > 0)
        memset(in, 0xff, m);
    if (!nor->powered || n == 0 || (nor->asleep && command != 0xab))
        return;
    if (command == 0x05 || command == 0x35 || command == 0x15) {
        if (m > 0)
            memset(in, read_status(nor, now, command == 0x05 ? 0 : command == 0x35 ? 1 : 2), m);
        return;
    }
    if (now < nor->ready)
        return;

    switch (command) {
    case 0x9f: read_id(nor, in, m); break;
    case 0x06: nor->write_enabled = true; break;
    case 0x50: nor->volatile_enabled = true; break;
    case 0x04: nor->write_enabled = nor->volatile_enabled = false; break;
    case 0x01: write_status(nor, now, 0, out + 1, n - 1); break;
    case 0x31: write_status(nor, now, 1, out + 1, n > 1); break;
    case 0x11: write_status(nor, now, 2, out + 1, n > 1); break;
    case 0xb9: nor->asleep = true; break;
    case 0xab: nor->asleep = false; break;
    case 0xc7:
    case 0x60: erase(nor, now, 0, part->size, part->erase_chip_us); break;
    case 0x03: /* read; the faster ways below put dummy bytes before the data */
    case 0x0b:
    case 0x3b:
    case 0x6b:
    case 0xbb:
    case 0xeb:
        if (addressed)
            read_array(nor, address, in, m);
        break;
    case 0x02:
        if (addressed)
            program(nor, now, address, out + 4, n - 4);
        break;
    case 0x20:
        if (addressed)
            erase(nor, now, address, 4096, part->erase_4k_us);
        break;
    case 0x52:
        if (addressed)
            erase(nor, now, address, 32768, part->erase_32k_us);
        break;
    case 0xd8:
        if (addressed)
            erase(nor, now, address, 65536, part->erase_64k_us);
        break;
    default: break; /* an unknown command is no command */
    }
}

uint64_t nor_ready(const struct nor *nor)
{
    return nor->ready;
}

uint8_t *nor_bytes(struct nor *nor)
{
    return nor->bytes;
}

uint32_t nor_size(const struct nor *nor)
{
    return nor->part->size;
}

const struct nor_stats *nor_stats(const struct nor *nor)
{
    return &nor->stats;
}
