/* SPDX-License-Identifier: MIT */
#include "stub/region_digest.h"

#include "stub/rom.h"
#include "stub/spi.h"

static uint32_t piece[SPI_READ_MAX / 4];

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static void begin_piece(uint32_t at, uint32_t end)
{
    if (at != end)
        spi_read_begin(at, least(SPI_READ_MAX, end - at));
}

struct sum {
    uint32_t a, b;
};

static inline void sum_piece(struct sum *sum)
{
    uint32_t a = sum->a, b = sum->b;
    for (const uint32_t *word = piece, *end = word + SPI_READ_MAX / 4; word != end; word += 4) {
        b += a += word[0];
        b += a += word[1];
        b += a += word[2];
        b += a += word[3];
    }
    *sum = (struct sum){a, b};
}

static uint32_t end_sum(struct sum *sum)
{
    uint32_t result = sum->a ^ (sum->b << 16 | sum->b >> 16);
    *sum = (struct sum){0};
    return result;
}

static void hash_piece(struct rom_md5 *md5, uint32_t at, uint32_t end)
{
    if (at < end)
        MD5Update(md5, (const uint8_t *)piece, least(SPI_READ_MAX, end - at));
}

/* [offset, end) is hashed and [offset, read_end) is read. The next piece comes from the part while this one is
 * processed. */
static void digest(uint32_t at, uint32_t end, uint32_t read_end, struct rom_md5 *md5, uint32_t *sums)
{
    struct sum sum = {0};
    begin_piece(at, read_end);
    while (at != read_end) {
        uint32_t n = least(SPI_READ_MAX, read_end - at);
        spi_read_end(piece, n);
        begin_piece(at + n, read_end);
        hash_piece(md5, at, end);
        if (sums)
            sum_piece(&sum);
        at += n;
        if (sums && at % SPI_SECTOR == 0)
            *sums++ = end_sum(&sum);
    }
}

enum wire_error region_digest(uint32_t offset, uint32_t size, uint8_t result[16], uint32_t *sums)
{
    struct rom_md5 md5;
    uint32_t end = offset + size;
    enum wire_error error = spi_finish();
    if (error != WIRE_OK)
        return error;
    MD5Init(&md5);
    digest(offset, end, sums ? spi_sectors_end(end) : end, &md5, sums);
    MD5Final(result, &md5);
    return WIRE_OK;
}
