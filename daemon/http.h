/* SPDX-License-Identifier: MIT */
/*
 * The local sockets: libmicrohttpd driven by the loop through its epoll descriptor. docs/api.md is its manual.
 */
#ifndef DAEMON_HTTP_H
#define DAEMON_HTTP_H

#include "daemon/config.h"
#include "daemon/events.h"
#include "daemon/station.h"

#include <uv.h>

struct http;

/* Listens on config's Unix socket (mode 0660, its group) and TCP address. NULL and a sentence in `error` that names the
 * socket. `station` and `events` must outlive it. */
struct http *http_start(uv_loop_t *loop, const struct config *config, struct station *station, struct events *events,
                        char *error, size_t error_size);
/* Ends all connections, streams included, and removes the Unix socket. */
void http_stop(struct http *http);

#endif
