/* SPDX-License-Identifier: MIT */
/*
 * The local sockets: libmicrohttpd driven by the loop through its epoll descriptor. docs/api.md is its manual.
 */
#ifndef DAEMON_API_HTTP_H
#define DAEMON_API_HTTP_H

#include "daemon/api/events.h"
#include "daemon/config/config.h"
#include "daemon/station/station.h"

#include <uv.h>

struct http;

/* Reads the page's files and listens on config's Unix socket (mode 0660, its group) and TCP addresses. NULL and a
 * sentence in `error` that names the socket or file; but if the page's files do not answer, it starts without them.
 * `station` and `events` must outlive it; `config` is not kept. */
struct http *http_start(uv_loop_t *loop, const struct config *config, struct station *station, struct events *events,
                        char *error, size_t error_size) __attribute__((warn_unused_result));

/* The TCP port it listens on: with port 0 in the configuration, the one that the kernel chose. 0 without TCP. For
 * tests. */
uint16_t http_port(const struct http *http);
/* The same of the read-only listener. */
uint16_t http_watch_port(const struct http *http);

/* Ends all connections, streams included, and removes the Unix socket. No call of station, events or book comes after
 * it. The loop must run once more to free what it holds of libuv. NULL is fine. */
void http_stop(struct http *http);

#endif
