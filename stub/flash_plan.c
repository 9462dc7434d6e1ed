/* SPDX-License-Identifier: MIT */
#include "stub/flash_plan.h"

#include "stub/spi.h"

#define SECTORS_MAX (SPI_SIZE_MAX / SPI_SECTOR)

static uint16_t words[SECTORS_MAX];
static uint32_t begins_at, n_bytes;

void plan_begin(uint32_t offset)
{
    begins_at = offset;
    n_bytes = 0;
}

void plan_add(const uint8_t *bytes, size_t n)
{
    for (; n > 0 && n_bytes < sizeof(words); n--, n_bytes++) {
        uint16_t *word = &words[n_bytes / 2];
        *word = n_bytes % 2 == 0 ? *bytes++ : *word | *bytes++ << 8;
    }
}

static unsigned word_of(uint32_t address)
{
    uint32_t sector = (address - begins_at) / SPI_SECTOR;
    return sector < n_bytes / 2 ? words[sector] : WIRE_PLAN_DATA << WIRE_PLAN_KIND_SHIFT;
}

unsigned plan_kind(uint32_t address)
{
    return word_of(address) >> WIRE_PLAN_KIND_SHIFT;
}

uint32_t plan_source(uint32_t address)
{
    return (word_of(address) & WIRE_PLAN_SECTOR) * SPI_SECTOR + address % SPI_SECTOR;
}
