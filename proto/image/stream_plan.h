/* SPDX-License-Identifier: MIT */
/*
 * The plan of a stream (docs/stub-protocol.md): what becomes of each sector of a part, so that a blank sector, or one
 * that another one equals, is neither transferred nor inflated.
 */
#ifndef PROTO_IMAGE_STREAM_PLAN_H
#define PROTO_IMAGE_STREAM_PLAN_H

#include "proto/link/check.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STREAM_PLAN_SECTOR   4096
#define STREAM_PLAN_SIZE_MAX 0x1000000 /* bytes of flash */

/* Makes the data of a stream of `n` bytes that belong at `offset`, a multiple of STREAM_PLAN_SECTOR. The caller frees
 * *stream, also after an error. False when out of memory. */
MUST_CHECK bool stream_plan_make(const uint8_t *bytes, size_t n, uint32_t offset, uint8_t **stream,
                                 uint32_t *stream_size);

#endif
