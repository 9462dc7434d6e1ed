/* SPDX-License-Identifier: MIT */
/*
 * Deflating and inflating in one piece: zlib streams (RFC 1950) as the stub takes them. All compression of what is sent
 * to a board is done here. docs/performance.md compares the compressors.
 */
#ifndef PROTO_IMAGE_DEFLATE_H
#define PROTO_IMAGE_DEFLATE_H

#include "proto/link/check.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Levels of libdeflate. Of the demo image's 1.8 MB of content FAST makes 1.4 % less than zlib's level 9 in 0.05 s, for
 * data that is made while a board waits; BEST makes 3.9 % less in 0.2 s, for the golden image. */
enum deflate_effort { DEFLATE_FAST = 6, DEFLATE_BEST = 12 };

/* Makes `*stream`, malloc()ed, of `n` bytes; n may be 0. False, and *stream is NULL, when out of memory. */
MUST_CHECK bool deflate_bytes(const uint8_t *bytes, size_t n, enum deflate_effort effort, uint8_t **stream,
                              uint32_t *stream_size);

/* The content of the stream, malloc()ed, and its size in `*n`. NULL if it is no whole stream, has bytes behind its end,
 * inflates to more than `max` bytes, or when out of memory. */
MUST_CHECK uint8_t *inflate_bytes(const uint8_t *stream, size_t stream_size, size_t max, size_t *n);

/* Whether it is a whole stream of exactly these `n` bytes. */
MUST_CHECK bool inflates_to(const uint8_t *stream, size_t stream_size, const uint8_t *bytes, size_t n);

#endif
