/* SPDX-License-Identifier: MIT */
#include "daemon/station/updates.h"

#include "daemon/base/memory.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

/* One that is being made. */
struct making {
    LIST_ENTRY(making) link;
    uv_work_t work;
    struct updates *updates;
    struct product *product; /* a reference */
    struct sector_set kept;
    struct update *update; /* result; NULL when out of memory */
};

struct updates {
    uv_loop_t *loop;
    const struct product *product; /* in force; only compared */
    bool closed;
    struct shared_update *latest[UPDATES_KEPT]; /* the one used last first; NULL behind them */
    LIST_HEAD(makings, making) makings;
    unsigned n_makings;
};

struct updates *updates_new(uv_loop_t *loop)
{
    struct updates *updates = must_calloc(1, sizeof(*updates));
    updates->loop = loop;
    LIST_INIT(&updates->makings);
    return updates;
}

void shared_update_unref(struct shared_update *shared)
{
    if (!shared || --shared->references > 0)
        return;
    update_free(shared->update);
    product_unref(shared->product);
    free(shared);
}

static void forget(struct updates *updates)
{
    for (size_t i = 0; i < UPDATES_KEPT; i++) {
        shared_update_unref(updates->latest[i]);
        updates->latest[i] = NULL;
    }
}

void updates_take_product(struct updates *updates, const struct product *product)
{
    forget(updates);
    updates->product = product;
}

static void free_unused(struct updates *updates)
{
    if (updates->closed && LIST_EMPTY(&updates->makings))
        free(updates);
}

void updates_free(struct updates *updates)
{
    forget(updates);
    updates->closed = true;
    free_unused(updates);
}

/* `at`: the place that becomes free for it. */
static void put_first(struct updates *updates, struct shared_update *shared, size_t at)
{
    memmove(&updates->latest[1], &updates->latest[0], at * sizeof(shared));
    updates->latest[0] = shared;
}

static void keep(struct updates *updates, struct making *making)
{
    struct shared_update *shared = must_calloc(1, sizeof(*shared));
    *shared =
        (struct shared_update){.update = making->update, .product = product_ref(making->product), .references = 1};
    shared_update_unref(updates->latest[UPDATES_KEPT - 1]);
    put_first(updates, shared, UPDATES_KEPT - 1);
}

static void make(uv_work_t *work)
{
    struct making *making = work->data;
    making->update = update_make(making->product->golden, &making->kept);
}

static void on_made(uv_work_t *work, int status)
{
    struct making *making = work->data;
    struct updates *updates = making->updates;
    (void)status;
    LIST_REMOVE(making, link);
    updates->n_makings--;
    if (making->update && !updates->closed && making->product == updates->product)
        keep(updates, making);
    else
        update_free(making->update);
    product_unref(making->product);
    free(making);
    free_unused(updates);
}

static void start_making(struct updates *updates, struct product *product, const struct sector_set *kept)
{
    struct making *making = must_calloc(1, sizeof(*making));
    making->work.data = making;
    making->updates = updates;
    making->product = product_ref(product);
    making->kept = *kept;
    LIST_INSERT_HEAD(&updates->makings, making, link);
    updates->n_makings++;
    uv_queue_work(updates->loop, &making->work, make, on_made);
}

static bool is_being_made(const struct updates *updates, const struct product *product, const struct sector_set *kept)
{
    const struct making *making;
    LIST_FOREACH(making, &updates->makings, link)
    if (making->product == product && memcmp(&making->kept, kept, sizeof(*kept)) == 0)
        return true;
    return false;
}

struct shared_update *updates_find(struct updates *updates, struct product *product, const struct sector_set *kept)
{
    for (size_t i = 0; i < UPDATES_KEPT && updates->latest[i]; i++) {
        struct shared_update *shared = updates->latest[i];
        if (shared->product != product || memcmp(&shared->update->kept, kept, sizeof(*kept)) != 0)
            continue;
        put_first(updates, shared, i);
        shared->references++;
        return shared;
    }
    if (product == updates->product && updates->n_makings < UPDATES_AT_ONCE && !is_being_made(updates, product, kept))
        start_making(updates, product, kept);
    return NULL;
}
