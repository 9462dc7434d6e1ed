/* SPDX-License-Identifier: MIT */
#include "proto/image/deflate.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>

bool deflate_bytes(const uint8_t *bytes, size_t n, enum deflate_effort effort, uint8_t **stream, uint32_t *stream_size)
{
    struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(effort);
    size_t room = libdeflate_zlib_compress_bound(compressor, n);
    *stream = compressor ? malloc(room) : NULL;
    if (*stream)
        *stream_size = (uint32_t)libdeflate_zlib_compress(compressor, bytes, n, *stream, room);
    libdeflate_free_compressor(compressor);
    return *stream != NULL;
}

/* Into `bytes`, of which there are `max`. */
static bool inflate_into(uint8_t *bytes, size_t max, const uint8_t *stream, size_t stream_size, size_t *n)
{
    size_t used;
    struct libdeflate_decompressor *decompressor = libdeflate_alloc_decompressor();
    if (!decompressor)
        return false;
    enum libdeflate_result result =
        libdeflate_zlib_decompress_ex(decompressor, stream, stream_size, bytes, max, &used, n);
    libdeflate_free_decompressor(decompressor);
    return result == LIBDEFLATE_SUCCESS && used == stream_size;
}

uint8_t *inflate_bytes(const uint8_t *stream, size_t stream_size, size_t max, size_t *n)
{
    uint8_t *bytes = malloc(max + 1);
    if (!bytes)
        return NULL;
    if (!inflate_into(bytes, max, stream, stream_size, n)) {
        free(bytes);
        return NULL;
    }
    uint8_t *fitting = realloc(bytes, *n + 1);
    if (!fitting)
        free(bytes);
    return fitting;
}

bool inflates_to(const uint8_t *stream, size_t stream_size, const uint8_t *bytes, size_t n)
{
    size_t n_inflated = 0;
    uint8_t *inflated = inflate_bytes(stream, stream_size, n, &n_inflated);
    bool same = inflated && n_inflated == n && memcmp(inflated, bytes, n) == 0;
    free(inflated);
    return same;
}
