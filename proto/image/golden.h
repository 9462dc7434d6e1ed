/* SPDX-License-Identifier: MIT */
/*
 * The golden image: the content that the flash must have. Parsed, checked, hashed and compressed once; then read-only
 * and shared by all slots, but for golden_replace_stream(). It allocates only while it is made.
 */
#ifndef PROTO_IMAGE_GOLDEN_H
#define PROTO_IMAGE_GOLDEN_H

#include "proto/image/stream_plan.h"
#include "proto/link/check.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GOLDEN_PARTS_MAX 16
#define GOLDEN_END_MAX   STREAM_PLAN_SIZE_MAX /* 16 MB: the largest part the chip can address */
#define GOLDEN_SECTOR    STREAM_PLAN_SECTOR
#define GOLDEN_MD5_SIZE  16
#define GOLDEN_NAME_MAX  512 /* with the final NUL: the longest path that a configuration may hold */

#define GOLDEN_BLOCK_INFLATED 65536

/* Bytes of each part that are compared before the rest. A board with other firmware differs here already, and the
 * digest of 64 KB takes the chip 70 ms, that of 4 MB more than four seconds. */
#define GOLDEN_HEAD 65536

/* Bytes that are compared by one request at most: its reply may have a word for each sector, and what a noisy line
 * damages is asked for again as a whole. */
#define GOLDEN_RANGE_MAX 0x100000
#define GOLDEN_RANGES    (2 * GOLDEN_PARTS_MAX + GOLDEN_END_MAX / GOLDEN_RANGE_MAX)

/* One FLASH_DEFL_DATA block: the bytes to send, and the bytes of flash that they become. A kilobyte may become a
 * megabyte of 0xFF, which takes the chip the time of the megabyte: so a block also ends where it has become
 * GOLDEN_BLOCK_INFLATED bytes, and no single answer takes long. */
struct golden_block {
    uint32_t offset, size; /* in golden_part.deflated */
    uint32_t inflated;     /* bytes of flash that are complete with this block and were not before */
};

struct golden_part {
    char name[GOLDEN_NAME_MAX];   /* the file's path */
    uint32_t offset;              /* in flash, a multiple of 4096 */
    uint32_t size;                /* as given */
    uint32_t padded_size;         /* as written: padded with 0xFF to a multiple of 4 */
    uint8_t *bytes;               /* padded_size of them */
    uint8_t md5[GOLDEN_MD5_SIZE]; /* of padded_size bytes, as the read-back must give it */
    uint8_t *deflated;            /* zlib stream */
    uint32_t deflated_size;
    struct golden_block *blocks;
    size_t n_blocks;
    struct stream_data stream; /* of the whole part */
    uint8_t *first_stream;     /* that stream.bytes has replaced, for steps that have begun with it; NULL: none */
    uint32_t *sums;            /* of each sector, as DIGEST_SECTORS tells it (proto/link/wire.h) */
};

/* A range of flash, and the MD5 of its part of the image. */
struct golden_range {
    uint32_t offset, size;
    uint8_t md5[GOLDEN_MD5_SIZE];
};

struct golden {
    struct golden_part parts[GOLDEN_PARTS_MAX]; /* by rising offset */
    size_t n_parts;
    /* All parts once, cut so that a board without the image is recognized early: first the heads of all parts, then the
     * rests. */
    struct golden_range ranges[GOLDEN_RANGES];
    size_t n_ranges, n_heads;
    uint32_t end;  /* first byte of flash behind the image: the smallest flash it fits */
    uint64_t size; /* of all parts as given */
    /* One part at offset 0: of the file as it is, so that md5sum and sha256sum agree. Otherwise over all parts in
     * order: offset and size as little-endian words, then the bytes. */
    char md5[33], sha256[65];
};

/* An empty image. NULL when out of memory. The caller frees with golden_free(). */
MUST_CHECK struct golden *golden_new(void);

/* Adds a copy of `len` bytes. 0, or -1 and a sentence that names the part in `error`: empty, not sector-aligned, beyond
 * 16 MB, overlapping another part, too many. */
MUST_CHECK int golden_add(struct golden *golden, const char *name, uint32_t offset, const uint8_t *bytes, size_t len,
                          char *error, size_t error_size);

/* Hashes and compresses; the image must not change afterwards. 0, or -1 and a sentence in `error`: no part, or out of
 * memory. Whether it boots is another question: proto/image/esp_image.h. */
MUST_CHECK int golden_seal(struct golden *golden, char *error, size_t error_size);

/* Replaces the data of streams of a part, once, by a smaller zlib stream of the same content, malloc()ed, which is the
 * image's from then on. The data before it stays valid as long as the image. */
void golden_replace_stream(struct golden *golden, size_t part, uint8_t *stream, uint32_t size);

void golden_free(struct golden *golden); /* NULL is fine */

void golden_md5(const uint8_t *bytes, size_t size, uint8_t md5[GOLDEN_MD5_SIZE]);

#endif
