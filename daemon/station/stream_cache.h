/* SPDX-License-Identifier: MIT */
/*
 * Zlib streams that took long to make, in files: DIRECTORY/SHA256.zlib, where SHA256 is the digest of the content. A
 * file is trusted in nothing: its stream is taken only if it inflates to that very content, and otherwise removed. All
 * calls block; safe on any thread, for one gangd at a time.
 */
#ifndef DAEMON_STATION_STREAM_CACHE_H
#define DAEMON_STATION_STREAM_CACHE_H

#include <stddef.h>
#include <stdint.h>

/* What the directory may hold: those that were used last. */
#define STREAM_CACHE_FILES_MAX 16
#define STREAM_CACHE_BYTES_MAX (64 << 20)

/* On the file system, which is the book's too: less is never left by a file of the cache. */
#define STREAM_CACHE_KEEP_FREE (64 << 20)

/* The stream that is kept for `n` bytes of content, malloc()ed, of at most `size_max` bytes; its size in `*size`. NULL:
 * there is none, or it cannot be read. One that is larger, damaged or of another content is removed. */
uint8_t *stream_cache_read(const char *directory, const uint8_t *content, size_t n, uint32_t size_max, uint32_t *size)
    __attribute__((warn_unused_result));

/* Keeps the stream for this content, and removes files beyond the limits. Makes the directory, but not those above it.
 * 0 or an error's number: then nothing is kept. A power cut may leave a damaged file, which is found when it is read.
 */
int stream_cache_write(const char *directory, const uint8_t *content, size_t n, const uint8_t *stream, uint32_t size)
    __attribute__((warn_unused_result));

#endif
