/* SPDX-License-Identifier: MIT */
/*
 * The updates of boards that hold a part of the golden image already (proto/image/update.h). They are made in the
 * loop's thread pool, and the latest ones are kept: boards of one batch mostly hold the same. All calls on the loop's
 * thread.
 */
#ifndef DAEMON_STATION_UPDATES_H
#define DAEMON_STATION_UPDATES_H

#include "daemon/config/product.h"
#include "proto/image/update.h"

#include <uv.h>

#define UPDATES_KEPT    4 /* each is as large as what it sends: at most about the deflated image */
#define UPDATES_AT_ONCE 4 /* being made; a board that needs another one waits */

struct updates;

struct shared_update {
    struct update *update;
    struct product *product; /* whose image it is; a reference */
    unsigned references;
};

struct updates *updates_new(uv_loop_t *loop);

/* `product` is in force from now on: what was made for another is forgotten, and nothing is kept for one any more.
 * NULL: none is in force. */
void updates_take_product(struct updates *updates, const struct product *product);

/* What is being made then is thrown away when it is done. */
void updates_free(struct updates *updates);

/* The update of the product's image in which `kept` is left as it is, with a reference for the caller. NULL: it is not
 * there yet, and is being made: to be asked for again; or the product is no longer in force. */
struct shared_update *updates_find(struct updates *updates, struct product *product, const struct sector_set *kept)
    __attribute__((warn_unused_result));

void shared_update_unref(struct shared_update *shared); /* NULL is fine */

#endif
