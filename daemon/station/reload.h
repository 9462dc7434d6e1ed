/* SPDX-License-Identifier: MIT */
/*
 * Reads configuration, golden image and stub anew, on a worker of the loop: it takes a second or two, or longer if a
 * file system does not answer. All calls and callbacks on the loop's thread.
 */
#ifndef DAEMON_STATION_RELOAD_H
#define DAEMON_STATION_RELOAD_H

#include "daemon/config/product.h"

#include <uv.h>

struct reload;

/* The result: `config` and one reference to `product`, which the callee gets; or `product` NULL and all errors
 * (daemon/base/error_list.h). Valid during the call. */
typedef void (*reload_cb)(void *data, const struct config *config, struct product *product, const char *errors);

/* Reads the file `path`. `done` comes once, unless the reload is abandoned; the reload is gone then. */
struct reload *reload_start(uv_loop_t *loop, const char *path, reload_cb done, void *data);

/* `done` does not come any more. */
void reload_abandon(struct reload *reload);

/* Seconds since its start. */
unsigned reload_seconds(const struct reload *reload);

#endif
