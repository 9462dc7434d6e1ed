/* SPDX-License-Identifier: MIT */
#include "tests/unit/proto/image_maker.h"

#include <assert.h>
#include <md5.h>
#include <sha2.h>
#include <string.h>
#include <zlib.h>

void maker_start(struct image_maker *maker)
{
    memset(maker->bytes, 0xFF, sizeof(maker->bytes));
    maker->n = 0;
}

void maker_at(struct image_maker *maker, size_t at)
{
    assert(at >= maker->n && at <= sizeof(maker->bytes));
    maker->n = at;
}

void maker_put(struct image_maker *maker, const void *bytes, size_t size)
{
    assert(size <= sizeof(maker->bytes) - maker->n);
    memcpy(maker->bytes + maker->n, bytes, size);
    maker->n += size;
}

static void put_byte(struct image_maker *maker, uint8_t byte)
{
    maker_put(maker, &byte, 1);
}

void maker_word(struct image_maker *maker, uint32_t word)
{
    for (unsigned i = 0; i < 4; i++)
        put_byte(maker, (uint8_t)(word >> 8 * i));
}

static uint8_t put_segment(struct image_maker *maker, const struct maker_segment *segment, uint8_t sum)
{
    maker_word(maker, segment->address);
    maker_word(maker, segment->size);
    for (uint32_t i = 0; i < segment->size; i++) {
        uint8_t byte = (uint8_t)(i * 7 + segment->address / 16 + i / 251);
        sum ^= byte;
        put_byte(maker, byte);
    }
    return sum;
}

void maker_image(struct image_maker *maker, uint8_t mode, uint8_t size_clock, uint32_t entry,
                 const struct maker_segment *segments, size_t n)
{
    size_t start = maker->n;
    uint8_t sum = 0xEF;
    put_byte(maker, 0xE9);
    put_byte(maker, (uint8_t)n);
    put_byte(maker, mode);
    put_byte(maker, size_clock);
    maker_word(maker, entry);
    for (size_t i = 0; i < n; i++)
        sum = put_segment(maker, &segments[i], sum);
    while ((maker->n - start) % 16 != 15)
        put_byte(maker, 0);
    put_byte(maker, sum);
}

void maker_rom_image(struct image_maker *maker)
{
    static const struct maker_segment segments[] = {{0x40100000, 600}, {0x3FFE8000, 68}};
    maker_image(maker, 2, 0x20, 0x40100004, segments, 2);
}

void maker_micropython(struct image_maker *maker)
{
    uint8_t digest[16];
    MD5_CTX md5;
    maker_at(maker, 0x8FFC);
    maker_word(maker, 0x9000 + 5003);
    for (unsigned i = 0; i < 5003; i++)
        put_byte(maker, (uint8_t)(i * 3));
    MD5Init(&md5);
    MD5Update(&md5, maker->bytes + 4, maker->n - 4);
    MD5Final(digest, &md5);
    maker_put(maker, digest, sizeof(digest));
}

uint32_t maker_arduino_crc(const uint8_t *bytes, size_t n)
{
    uint32_t crc = 0xFFFFFFFF;
    for (size_t i = 0; i < n; i++)
        for (unsigned bit = 0; bit < 8; bit++) {
            uint32_t in = bytes[i] >> (7 - bit) & 1;
            crc = crc << 1 ^ ((crc >> 31 ^ in) ? 0x04C11DB7 : 0);
        }
    return crc;
}

/* As the core's own tool does it: the checksum is made with the two words 0, then they are filled in. */
void maker_arduino(struct image_maker *maker, uint32_t crc_place)
{
    static const struct maker_segment segments[] = {{0x40201010, 9000}, {0x40100000, 394}, {0x4010018A, 1001}};
    size_t end;
    maker_at(maker, 0x1000);
    maker_image(maker, 2, 0x20, 0x40100004, segments, 3);
    end = maker->n;
    if (crc_place == 0)
        return;
    /* What the segment has there now becomes 0: put it right in the sum. */
    for (unsigned i = 0; i < 8; i++) {
        if (crc_place >= 0x1000)
            maker->bytes[end - 1] ^= maker->bytes[crc_place + i];
        maker->bytes[crc_place + i] = 0;
    }
    uint32_t crc = maker_arduino_crc(maker->bytes, end);
    maker->n = crc_place;
    maker_word(maker, (uint32_t)end);
    maker_word(maker, crc);
    maker->n = end;
}

void maker_second_stage(struct image_maker *maker, uint8_t user)
{
    static const struct maker_segment irom = {0, 4000};
    static const struct maker_segment segments[] = {{0x40100000, 200}, {0x3FFE8000, 40}};
    size_t start = maker->n;
    put_byte(maker, 0xEA);
    put_byte(maker, 4);
    put_byte(maker, 0);
    put_byte(maker, user);
    maker_word(maker, 0x40100004);
    put_segment(maker, &irom, 0);
    maker_image(maker, 0, 0, 0x40100004, segments, 2);
    uint32_t crc = (uint32_t)crc32(0, maker->bytes + start, (uInt)(maker->n - start));
    maker_word(maker, crc >> 31 ? ~crc : crc + 1);
}

static void put_partition(struct image_maker *maker, uint8_t type, uint32_t offset)
{
    static const char label[16] = "name";
    put_byte(maker, 0xAA);
    put_byte(maker, 0x50);
    put_byte(maker, type);
    put_byte(maker, 0);
    maker_word(maker, offset);
    maker_word(maker, 0xF0000);
    maker_put(maker, label, sizeof(label));
    maker_word(maker, 0);
}

void maker_partitions(struct image_maker *maker, uint32_t application)
{
    put_partition(maker, 1, 0x9000);
    put_partition(maker, 0, application);
}

void maker_application(struct image_maker *maker, uint32_t irom)
{
    const struct maker_segment segments[] = {{irom, 3000}, {0x40100000, 128}, {0x3FFE8000, 16}};
    maker_image(maker, 2, 0x2F, 0x40100004, segments, 3);
}

void maker_digest(struct image_maker *maker, size_t from)
{
    uint8_t digest[32];
    SHA2_CTX sha256;
    SHA256Init(&sha256);
    SHA256Update(&sha256, maker->bytes + from, maker->n - from);
    SHA256Final(digest, &sha256);
    maker_put(maker, digest, sizeof(digest));
}
