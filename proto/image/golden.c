/* SPDX-License-Identifier: MIT */
#include "proto/image/golden.h"

#include "proto/image/deflate.h"
#include "proto/link/bytes.h"
#include "proto/link/text.h"
#include "proto/link/wire.h"

#include <assert.h>
#include <md5.h>
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

struct golden *golden_new(void)
{
    return calloc(1, sizeof(struct golden));
}

void golden_free(struct golden *golden)
{
    if (!golden)
        return;
    for (size_t i = 0; i < golden->n_parts; i++) {
        free(golden->parts[i].bytes);
        free(golden->parts[i].deflated);
        free(golden->parts[i].stream.bytes);
        free(golden->parts[i].first_stream);
        free(golden->parts[i].sums);
        free(golden->parts[i].blocks);
    }
    free(golden);
}

static uint32_t part_end(const struct golden_part *part)
{
    return part->offset + part->padded_size;
}

/* Flash is erased by sectors: two parts may not share one. */
static uint32_t sector_end(const struct golden_part *part)
{
    return (part_end(part) + GOLDEN_SECTOR - 1) / GOLDEN_SECTOR * GOLDEN_SECTOR;
}

static int check_new_part(const struct golden *golden, const char *name, uint32_t offset, size_t len, char *error,
                          size_t error_size)
{
    if (golden->n_parts == GOLDEN_PARTS_MAX)
        text_print(error, error_size, "%s: more than %d files", name, GOLDEN_PARTS_MAX);
    else if (len == 0)
        text_print(error, error_size, "%s: the file is empty", name);
    else if (offset % GOLDEN_SECTOR != 0)
        text_print(error, error_size, "%s: offset 0x%x is not a multiple of 0x%x", name, offset, GOLDEN_SECTOR);
    else if (offset >= GOLDEN_END_MAX || len > GOLDEN_END_MAX - offset)
        text_print(error, error_size, "%s: %zu bytes at 0x%x end beyond 16 MB", name, len, offset);
    else
        return 0;
    return -1;
}

/* The place of a part in the order of offsets. */
static size_t find_place(const struct golden *golden, uint32_t offset)
{
    size_t at = 0;
    while (at < golden->n_parts && golden->parts[at].offset < offset)
        at++;
    return at;
}

/* The part that shares a sector with the new one, which belongs at `at`; NULL: none. */
static const struct golden_part *find_overlap(const struct golden *golden, const struct golden_part *part, size_t at)
{
    if (at > 0 && sector_end(&golden->parts[at - 1]) > part->offset)
        return &golden->parts[at - 1];
    if (at < golden->n_parts && sector_end(part) > golden->parts[at].offset)
        return &golden->parts[at];
    return NULL;
}

static bool copy_padded(struct golden_part *part, const uint8_t *bytes)
{
    part->bytes = malloc(part->padded_size);
    if (!part->bytes)
        return false;
    memcpy(part->bytes, bytes, part->size);
    memset(part->bytes + part->size, 0xFF, part->padded_size - part->size);
    return true;
}

static void insert_part(struct golden *golden, const struct golden_part *part, size_t at)
{
    memmove(&golden->parts[at + 1], &golden->parts[at], (golden->n_parts - at) * sizeof(*part));
    golden->parts[at] = *part;
    golden->n_parts++;
}

int golden_add(struct golden *golden, const char *name, uint32_t offset, const uint8_t *bytes, size_t len, char *error,
               size_t error_size)
{
    if (check_new_part(golden, name, offset, len, error, error_size) != 0)
        return -1;
    struct golden_part part = {
        .offset = offset,
        .size = (uint32_t)len,
        .padded_size = (uint32_t)((len + 3) & ~(size_t)3),
    };
    text_copy(part.name, sizeof(part.name), name);
    size_t at = find_place(golden, offset);
    const struct golden_part *other = find_overlap(golden, &part, at);
    if (other)
        text_print(error, error_size, "%s at 0x%x and %s at 0x%x overlap in flash", name, offset, other->name,
                   other->offset);
    else if (!copy_padded(&part, bytes))
        text_print(error, error_size, "%s: out of memory", name);
    else {
        insert_part(golden, &part, at);
        return 0;
    }
    return -1;
}

static bool deflate_part(struct golden_part *part)
{
    if (!deflate_bytes(part->bytes, part->padded_size, DEFLATE_BEST, &part->deflated, &part->deflated_size))
        return false;
    size_t max_blocks = part->deflated_size / WIRE_FLASH_BLOCK + part->padded_size / GOLDEN_BLOCK_INFLATED + 2;
    part->blocks = calloc(max_blocks, sizeof(part->blocks[0]));
    return part->blocks != NULL;
}

/* Inflates as the chip does, until `block` is full. Returns the last result of inflate(). */
static int fill_block(z_stream *stream, const struct golden_part *part, struct golden_block *block)
{
    uint8_t out[4096];
    uLong in_before = stream->total_in, out_before = stream->total_out;
    int result;
    block->offset = (uint32_t)in_before;
    do {
        uint32_t left = part->deflated_size - (uint32_t)stream->total_in;
        uint32_t room = WIRE_FLASH_BLOCK - (uint32_t)(stream->total_in - in_before);
        stream->next_in = part->deflated + stream->total_in;
        stream->avail_in = left < room ? left : room;
        stream->next_out = out;
        stream->avail_out = sizeof(out);
        result = inflate(stream, Z_NO_FLUSH);
    } while (result == Z_OK && stream->total_out - out_before < GOLDEN_BLOCK_INFLATED);
    stream->next_out = NULL;
    block->size = (uint32_t)(stream->total_in - in_before);
    block->inflated = (uint32_t)(stream->total_out - out_before);
    return result;
}

static bool cut_into_blocks(struct golden_part *part)
{
    z_stream stream = {0};
    if (inflateInit(&stream) != Z_OK)
        return false;
    int result = Z_OK;
    /* Z_BUF_ERROR: the block is full, and there is more to come. */
    while (result == Z_OK || (result == Z_BUF_ERROR && stream.total_in < part->deflated_size)) {
        struct golden_block *block = &part->blocks[part->n_blocks];
        result = fill_block(&stream, part, block);
        /* No bytes of the stream are left, but inflate() still held output: it completes with the block before. */
        if (block->size == 0 && part->n_blocks > 0)
            block[-1].inflated += block->inflated;
        else
            part->n_blocks++;
    }
    bool whole =
        result == Z_STREAM_END && stream.total_in == part->deflated_size && stream.total_out == part->padded_size;
    inflateEnd(&stream);
    return whole;
}

static void to_hex(char *out, const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

static void hash(struct golden *golden)
{
    bool plain = golden->n_parts == 1 && golden->parts[0].offset == 0;
    MD5_CTX md5;
    SHA2_CTX sha256;
    MD5Init(&md5);
    SHA256Init(&sha256);
    for (size_t i = 0; i < golden->n_parts; i++) {
        const struct golden_part *part = &golden->parts[i];
        if (!plain) {
            uint8_t head[8];
            put_le32(head, part->offset);
            put_le32(head + 4, part->size);
            MD5Update(&md5, head, sizeof(head));
            SHA256Update(&sha256, head, sizeof(head));
        }
        MD5Update(&md5, part->bytes, part->size);
        SHA256Update(&sha256, part->bytes, part->size);
    }
    uint8_t digest[32];
    MD5Final(digest, &md5);
    to_hex(golden->md5, digest, 16);
    SHA256Final(digest, &sha256);
    to_hex(golden->sha256, digest, 32);
}

void golden_md5(const uint8_t *bytes, size_t size, uint8_t md5[GOLDEN_MD5_SIZE])
{
    MD5_CTX context;
    MD5Init(&context);
    MD5Update(&context, bytes, size);
    MD5Final(md5, &context);
}

static void add_range(struct golden *golden, const struct golden_part *part, uint32_t at, uint32_t size)
{
    struct golden_range *range = &golden->ranges[golden->n_ranges++];
    range->offset = part->offset + at;
    range->size = size;
    golden_md5(part->bytes + at, size, range->md5);
}

static uint32_t head_size(const struct golden_part *part)
{
    return part->padded_size < GOLDEN_HEAD ? part->padded_size : GOLDEN_HEAD;
}

static void cut_rest(struct golden *golden, const struct golden_part *part)
{
    for (uint32_t at = head_size(part); at < part->padded_size; at += GOLDEN_RANGE_MAX) {
        uint32_t left = part->padded_size - at;
        add_range(golden, part, at, left < GOLDEN_RANGE_MAX ? left : GOLDEN_RANGE_MAX);
    }
}

static void cut_into_ranges(struct golden *golden)
{
    const struct golden_part *end = golden->parts + golden->n_parts;
    for (const struct golden_part *part = golden->parts; part < end; part++)
        add_range(golden, part, 0, head_size(part));
    golden->n_heads = golden->n_ranges;
    for (const struct golden_part *part = golden->parts; part < end; part++)
        cut_rest(golden, part);
}

static uint32_t sum_of_sector(const struct golden_part *part, uint32_t at)
{
    uint32_t a = 0, b = 0;
    for (uint32_t end = at + GOLDEN_SECTOR; at < end; at += sizeof(a)) {
        a += at < part->padded_size ? get_le32(part->bytes + at) : UINT32_MAX;
        b += a;
    }
    return a ^ (b << 16 | b >> 16);
}

static bool sum_sectors(struct golden_part *part)
{
    size_t n = (part->padded_size + GOLDEN_SECTOR - 1) / GOLDEN_SECTOR;
    part->sums = calloc(n, sizeof(part->sums[0]));
    for (size_t i = 0; part->sums && i < n; i++)
        part->sums[i] = sum_of_sector(part, (uint32_t)(i * GOLDEN_SECTOR));
    return part->sums != NULL;
}

/* All that is made of a part's bytes. False when out of memory. */
static bool seal_part(struct golden_part *part)
{
    golden_md5(part->bytes, part->padded_size, part->md5);
    return sum_sectors(part) && deflate_part(part) && cut_into_blocks(part) &&
           stream_plan_make(part->bytes, part->padded_size, part->offset, NULL, &part->stream);
}

int golden_seal(struct golden *golden, char *error, size_t error_size)
{
    if (golden->n_parts == 0) {
        snprintf(error, error_size, "no file given");
        return -1;
    }
    for (size_t i = 0; i < golden->n_parts; i++) {
        struct golden_part *part = &golden->parts[i];
        if (!seal_part(part)) {
            text_print(error, error_size, "%s: cannot be compressed: out of memory", part->name);
            return -1;
        }
        golden->size += part->size;
    }
    cut_into_ranges(golden);
    golden->end = part_end(&golden->parts[golden->n_parts - 1]);
    hash(golden);
    return 0;
}

void golden_replace_stream(struct golden *golden, size_t part, uint8_t *stream, uint32_t size)
{
    struct golden_part *replaced = &golden->parts[part];
    assert(part < golden->n_parts && !replaced->first_stream);
    replaced->first_stream = replaced->stream.bytes;
    replaced->stream.bytes = stream;
    replaced->stream.size = size;
}
