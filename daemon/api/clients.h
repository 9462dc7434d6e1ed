/* SPDX-License-Identifier: MIT */
/*
 * The connections of one listening socket, and since when each of them has made gangd wait for a whole request: one
 * that takes too long is closed, so that slow clients cannot occupy the socket. On the loop's thread.
 */
#ifndef DAEMON_API_CLIENTS_H
#define DAEMON_API_CLIENTS_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

/* Milliseconds from accept() to the end of the first request, header and body. */
#define CLIENTS_FIRST_REQUEST_MS 10000
/* Milliseconds from the end of an answer to the end of the next request on that connection. */
#define CLIENTS_NEXT_REQUEST_MS 30000
/* Milliseconds to a whole request while all connections are in use. */
#define CLIENTS_CROWDED_MS 1000

struct client;

struct clients {
    LIST_HEAD(client_list, client) list;
    size_t n, max;
    uint64_t now; /* milliseconds, of a clock that never steps: the caller sets it before MHD runs */
};

/* `max`: the limit of connections that MHD has. */
void clients_init(struct clients *clients, size_t max);

/* MHD_NotifyConnectionCallback; `clients` is a struct clients. */
void clients_notify(void *clients, struct MHD_Connection *connection, void **client,
                    enum MHD_ConnectionNotificationCode code);

/* The request on `connection` has come whole; its answer has ended. */
void clients_request_came(struct MHD_Connection *connection);
void clients_request_ended(struct MHD_Connection *connection, const struct clients *clients);

/* The answer on `connection` will be an event stream, which lasts as long as its client likes. False if half of the
 * connections are such streams already: the others are for requests that end. */
bool clients_begin_stream(struct MHD_Connection *connection, const struct clients *clients)
    __attribute__((warn_unused_result));

/* How many streams there may be. */
size_t clients_streams_max(const struct clients *clients);

/* Shuts down the connections whose request is late at `clients->now`: MHD closes them when it runs next. */
void clients_drop_late(struct clients *clients);

#endif
