/* SPDX-License-Identifier: MIT */
/*
 * Recompression: when a golden image has been loaded, the data of its streams is compressed once more by zopfli, which
 * takes a hundred times as long as the load and makes it about half a percent smaller. It replaces the data for the
 * attempts that begin afterwards, and is kept in files (daemon/station/stream_cache.h) for the next load.
 *
 * zopfli can be neither stopped nor kept from taking memory. So it works in a process of its own at the lowest priority
 * (daemon/station/compressor.h), and a thread waits for it and does all that may block. All calls, and the callback, on
 * the loop's thread.
 */
#ifndef DAEMON_STATION_RECOMPRESS_H
#define DAEMON_STATION_RECOMPRESS_H

#include "daemon/config/product.h"

#include <uv.h>

struct recompress;

/* The program that compresses. NULL, as at first: none, and nothing is to be recompressed. */
extern const char *recompress_program;

/* Recompresses each part of the product's golden image, and at the end replaces the streams that have become smaller;
 * then `done` comes, once, and the recompression is gone. A failure is logged, and leaves its part as it is.
 * `directory`: of the cache. NULL, and the log says so, if no thread can be started. */
struct recompress *recompress_start(uv_loop_t *loop, struct product *product, const char *directory,
                                    void (*done)(void *data), void *data) __attribute__((warn_unused_result));

/* Kills the process; nothing is replaced, and `done` does not come any more. NULL is fine. All is freed as the loop
 * runs on. */
void recompress_cancel(struct recompress *recompress);

#endif
