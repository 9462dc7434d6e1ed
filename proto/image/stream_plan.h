/* SPDX-License-Identifier: MIT */
/*
 * The plan of a stream (docs/stub-protocol.md): what becomes of each sector of a part, so that a sector that is blank,
 * that another one equals, or that the flash has already, is neither transferred nor inflated.
 */
#ifndef PROTO_IMAGE_STREAM_PLAN_H
#define PROTO_IMAGE_STREAM_PLAN_H

#include "proto/image/sector_set.h"
#include "proto/link/check.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STREAM_PLAN_SECTOR   4096
#define STREAM_PLAN_SIZE_MAX (SECTOR_SET_SIZE * STREAM_PLAN_SECTOR) /* bytes of flash */

/* The data of a stream, and how much work it is. */
struct stream_data {
    uint8_t *bytes; /* zlib stream of the plan and of the content */
    uint32_t size;
    uint32_t sectors;                       /* of the part: all are read back */
    uint32_t erased_blocks, erased_sectors; /* blocks of 64 KB, and sectors that lie in none of these */
    uint32_t pages;                         /* of 256 bytes, to be programmed */
};

/* Makes the data of a stream of `n` bytes that belong at `offset`, a multiple of STREAM_PLAN_SECTOR. `kept`: sectors
 * that the flash has already; NULL: none. The caller frees data->bytes, also after an error. False when out of
 * memory. */
MUST_CHECK bool stream_plan_make(const uint8_t *bytes, size_t n, uint32_t offset, const struct sector_set *kept,
                                 struct stream_data *data);

#endif
