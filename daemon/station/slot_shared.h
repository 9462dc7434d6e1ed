/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_STATION_SLOT_SHARED_H
#define DAEMON_STATION_SLOT_SHARED_H

#include "daemon/book/book.h"
#include "daemon/config/config.h"
#include "daemon/config/product.h"
#include "daemon/station/updates.h"

#include <stdbool.h>
#include <uv.h>

struct slot;

/* What all slots share; the station's. It outlives the slots. */
struct slot_shared {
    uv_loop_t *loop;
    struct book *book;
    const struct config *config; /* in force */
    struct product *product;     /* in force; NULL: no golden image */
    struct updates *updates;
    const char *blocked; /* why no board may be flashed now: a sentence; NULL: none */
    bool paused;         /* what would begin now is left alone; a board that came with its adapter, until it is plugged
                          * in again or retried */
    bool brltty_installed; /* at the start of gangd */
    void (*changed)(void *data, struct slot *slot);
    void (*closed)(void *data, const struct attempt *attempt); /* its verdict is in the book */
    void *data;
};

/* Why no attempt may begin on this station: a sentence, valid until the caller returns to the loop; NULL: it may. */
const char *slot_shared_hindrance(const struct slot_shared *shared);

#endif
