/* SPDX-License-Identifier: MIT */
#include "daemon/station/recompress.h"

#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/base/memory.h"
#include "daemon/station/compressor.h"
#include "daemon/station/stream_cache.h"
#include "proto/image/deflate.h"
#include "proto/link/text.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

const char *recompress_program;

/* Of the content of a part's stream, beyond the part itself: the plan, and the rest of the last sector. */
#define CONTENT_EXTRA 65536

struct recompress {
    uv_async_t ended;
    uv_thread_t thread;
    struct compressor compressor;
    struct product *product;
    char directory[PATH_MAX];
    void (*done)(void *data); /* NULL: cancelled */
    void *data;
    uint64_t began;
    /* Of the thread, until it has ended: for each part the smaller stream, or NULL. */
    struct smaller {
        uint8_t *stream;
        uint32_t size;
    } smaller[GOLDEN_PARTS_MAX];
};

/* On the thread. */

static void keep(const struct recompress *recompress, const uint8_t *content, size_t n, const struct smaller *smaller)
{
    int error = stream_cache_write(recompress->directory, content, n, smaller->stream, smaller->size);
    if (error)
        log_warning("golden", "the recompressed image is not kept in %s: %s", recompress->directory, strerror(error));
}

/* The part's own stream is kept where nothing smaller was found, so that the search is not made again. */
static struct smaller compress(struct recompress *recompress, const struct golden_part *part, const uint8_t *content,
                               size_t n)
{
    size_t size;
    struct smaller made = {.stream = compressor_run(&recompress->compressor, content, n, &size)};
    if (!made.stream)
        return made;
    if (size < part->stream.size && inflates_to(made.stream, size, content, n)) {
        made.size = (uint32_t)size;
        keep(recompress, content, n, &made);
        return made;
    }
    free(made.stream);
    if (size >= part->stream.size)
        keep(recompress, content, n, &(struct smaller){part->stream.bytes, part->stream.size});
    return (struct smaller){0};
}

static struct smaller find_smaller(struct recompress *recompress, const struct golden_part *part)
{
    struct smaller found = {0};
    size_t n;
    uint8_t *content = inflate_bytes(part->stream.bytes, part->stream.size, part->padded_size + CONTENT_EXTRA, &n);
    if (!content)
        return found;
    found.stream = stream_cache_read(recompress->directory, content, n, part->stream.size, &found.size);
    if (!found.stream)
        found = compress(recompress, part, content, n);
    free(content);
    return found;
}

static void work(void *data)
{
    struct recompress *recompress = data;
    const struct golden *golden = recompress->product->golden;
    for (size_t i = 0; i < golden->n_parts; i++)
        recompress->smaller[i] = find_smaller(recompress, &golden->parts[i]);
    uv_async_send(&recompress->ended);
}

/* On the loop's thread. */

static void replace_streams(struct recompress *recompress)
{
    struct golden *golden = recompress->product->golden;
    uint32_t before = 0, after = 0;
    for (size_t i = 0; i < golden->n_parts; i++) {
        before += golden->parts[i].stream.size;
        if (recompress->smaller[i].stream)
            golden_replace_stream(golden, i, recompress->smaller[i].stream, recompress->smaller[i].size);
        recompress->smaller[i].stream = NULL;
        after += golden->parts[i].stream.size;
    }
    log_info("golden", "recompressed in %.1f s: %u bytes for a board instead of %u, %.2f %% less",
             (double)(steady_clock_us() - recompress->began) / 1e6, after, before, 100.0 * (before - after) / before);
}

static void on_closed(uv_handle_t *handle)
{
    struct recompress *recompress = handle->data;
    for (size_t i = 0; i < GOLDEN_PARTS_MAX; i++)
        free(recompress->smaller[i].stream);
    compressor_end(&recompress->compressor);
    product_unref(recompress->product);
    free(recompress);
}

static void on_ended(uv_async_t *handle)
{
    struct recompress *recompress = handle->data;
    uv_thread_join(&recompress->thread);
    if (recompress->done) {
        replace_streams(recompress);
        recompress->done(recompress->data);
    }
    uv_close((uv_handle_t *)handle, on_closed);
}

struct recompress *recompress_start(uv_loop_t *loop, struct product *product, const char *directory,
                                    void (*done)(void *data), void *data)
{
    struct recompress *recompress = must_calloc(1, sizeof(*recompress));
    recompress->product = product_ref(product);
    recompress->done = done;
    recompress->data = data;
    recompress->began = steady_clock_us();
    text_copy(recompress->directory, sizeof(recompress->directory), directory);
    compressor_init(&recompress->compressor, recompress_program);
    uv_async_init(loop, &recompress->ended, on_ended);
    recompress->ended.data = recompress;
    if (uv_thread_create(&recompress->thread, work, recompress) == 0)
        return recompress;
    log_warning("golden", "not recompressed: no thread can be started");
    uv_close((uv_handle_t *)&recompress->ended, on_closed);
    return NULL;
}

void recompress_cancel(struct recompress *recompress)
{
    if (!recompress)
        return;
    recompress->done = NULL;
    compressor_kill(&recompress->compressor);
}
