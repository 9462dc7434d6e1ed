/* SPDX-License-Identifier: MIT */
#include "daemon/station/reload.h"

#include "daemon/base/clock.h"
#include "daemon/base/memory.h"
#include "proto/link/text.h"

#include <stdlib.h>

struct reload {
    uv_work_t work;
    reload_cb done; /* NULL: abandoned */
    void *data;
    int64_t started;
    char path[512];
    struct config config;
    struct product *product;
    char errors[CONFIG_ERRORS_MAX];
};

static void work(uv_work_t *request)
{
    struct reload *reload = request->data;
    if (config_read(&reload->config, reload->path, reload->errors, sizeof(reload->errors)) == 0)
        reload->product = product_load(&reload->config, reload->errors, sizeof(reload->errors));
}

static void on_done(uv_work_t *request, int status)
{
    struct reload *reload = request->data;
    if (reload->done && status == 0)
        reload->done(reload->data, &reload->config, reload->product, reload->errors);
    else
        product_unref(reload->product);
    free(reload);
}

struct reload *reload_start(uv_loop_t *loop, const char *path, reload_cb done, void *data)
{
    struct reload *reload = must_calloc(1, sizeof(*reload));
    reload->work.data = reload;
    reload->done = done;
    reload->data = data;
    reload->started = steady_clock_us();
    text_copy(reload->path, sizeof(reload->path), path);
    uv_queue_work(loop, &reload->work, work, on_done);
    return reload;
}

void reload_abandon(struct reload *reload)
{
    reload->done = NULL;
}

unsigned reload_seconds(const struct reload *reload)
{
    return (unsigned)((steady_clock_us() - reload->started) / 1000000);
}
