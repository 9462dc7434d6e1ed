/* SPDX-License-Identifier: MIT */
#include "tools/benchmark/limit.h"

#include "proto/image/deflate.h"
#include "tools/boardsim/board/flash/nor_parts.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define SECTOR            4096u
#define SECTORS_IN_64K    16u
#define PIECE             64u  /* the SPI controller's buffer: the most that one command programs or reads */
#define SPI_HZ            26e6 /* half the peripheral bus of a board with a 26 MHz crystal: the fastest */
#define COMMAND_BITS      32   /* and address */
#define WRITE_ENABLE_BITS 8
#define DUMMY_BITS        8
#define READ_LINES        2

/* Of a program on a part whose page takes 0.67 ms: docs/esp8266.md section 6. */
#define PROGRAM_FIXED (30e-6)
#define PROGRAM_BYTE  (2.5e-6)

static bool blank(const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (bytes[i] != 0xFF)
            return false;
    return true;
}

static bool to_write(const uint8_t *before, const uint8_t *image, size_t at)
{
    return memcmp(before + at, image + at, SECTOR) != 0;
}

static bool to_erase(const uint8_t *before, const uint8_t *image, size_t at)
{
    return to_write(before, image, at) && !blank(before + at, SECTOR);
}

static double erase_time(const uint8_t *before, const uint8_t *image, size_t size)
{
    const struct nor_part *part = nor_find("W25Q32");
    double ms = 0;
    for (size_t block = 0; block < size; block += SECTORS_IN_64K * SECTOR) {
        unsigned n = 0;
        for (size_t at = block; at < block + SECTORS_IN_64K * SECTOR && at < size; at += SECTOR)
            n += to_erase(before, image, at);
        ms += n == SECTORS_IN_64K ? part->erase_64k.typical : n * part->erase_4k.typical;
    }
    return ms / 1e3;
}

static double program_time(const uint8_t *before, const uint8_t *image, size_t size)
{
    const double piece = PROGRAM_FIXED + PROGRAM_BYTE * PIECE + (WRITE_ENABLE_BITS + COMMAND_BITS + 8 * PIECE) / SPI_HZ;
    double seconds = 0;
    for (size_t at = 0; at < size; at += PIECE)
        if (to_write(before, image, at / SECTOR * SECTOR) && !blank(image + at, PIECE))
            seconds += piece;
    return seconds;
}

static bool seen_before(const uint8_t *image, size_t at)
{
    for (size_t other = 0; other < at; other += SECTOR)
        if (memcmp(image + other, image + at, SECTOR) == 0)
            return true;
    return false;
}

static size_t deflated_size(const uint8_t *bytes, size_t n)
{
    uint8_t *stream;
    uint32_t size;
    if (n == 0)
        return 0;
    if (!deflate_bytes(bytes, n, DEFLATE_BEST, &stream, &size))
        abort();
    free(stream);
    return size;
}

static double link_time(const uint8_t *before, const uint8_t *image, size_t size, uint32_t baud)
{
    uint8_t *content = malloc(size);
    size_t n = 0;
    if (!content)
        abort();
    for (size_t at = 0; at < size; at += SECTOR) {
        if (!to_write(before, image, at) || blank(image + at, SECTOR) || seen_before(image, at))
            continue;
        memcpy(content + n, image + at, SECTOR);
        n += SECTOR;
    }
    double seconds = (double)deflated_size(content, n) * 10 / baud;
    free(content);
    return seconds;
}

struct limit limit_of(const uint8_t *before, const uint8_t *image, size_t size, uint32_t baud)
{
    const double piece = (COMMAND_BITS + DUMMY_BITS + 8.0 * PIECE / READ_LINES) / SPI_HZ;
    return (struct limit){
        .link = link_time(before, image, size, baud),
        .erase = erase_time(before, image, size),
        .program = program_time(before, image, size),
        .read = (double)size / PIECE * piece,
    };
}

double limit_seconds(const struct limit *limit)
{
    double part = limit->erase + limit->program + limit->read;
    return limit->link > part ? limit->link : part;
}
