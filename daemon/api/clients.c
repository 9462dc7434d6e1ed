/* SPDX-License-Identifier: MIT */
#include "daemon/api/clients.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

struct client {
    int fd;           /* MHD's */
    bool waited_for;  /* no request is being answered */
    bool streams;     /* the answer is an event stream */
    uint64_t since;   /* when the wait began */
    uint64_t allowed; /* how long it may take */
    LIST_ENTRY(client) link;
};

void clients_init(struct clients *clients, size_t max)
{
    *clients = (struct clients){.max = max};
    LIST_INIT(&clients->list);
}

static void await_request(struct client *client, const struct clients *clients, uint64_t allowed)
{
    client->waited_for = true;
    client->streams = false;
    client->since = clients->now;
    client->allowed = allowed;
}

/* Out of memory, the connection has the idle time-out alone. */
static void begin(struct clients *clients, struct MHD_Connection *connection, void **context)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct client *client = info ? calloc(1, sizeof(*client)) : NULL;
    *context = client;
    clients->n++;
    if (!client)
        return;
    client->fd = info->connect_fd;
    await_request(client, clients, CLIENTS_FIRST_REQUEST_MS);
    LIST_INSERT_HEAD(&clients->list, client, link);
}

static void end(struct clients *clients, void **context)
{
    struct client *client = *context;
    *context = NULL;
    clients->n--;
    if (!client)
        return;
    LIST_REMOVE(client, link);
    free(client);
}

void clients_notify(void *cls, struct MHD_Connection *connection, void **context,
                    enum MHD_ConnectionNotificationCode code)
{
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        begin(cls, connection, context);
    else
        end(cls, context);
}

static struct client *client_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

void clients_request_came(struct MHD_Connection *connection)
{
    struct client *client = client_of(connection);
    if (client)
        client->waited_for = false;
}

void clients_request_ended(struct MHD_Connection *connection, const struct clients *clients)
{
    struct client *client = client_of(connection);
    if (client)
        await_request(client, clients, CLIENTS_NEXT_REQUEST_MS);
}

size_t clients_streams_max(const struct clients *clients)
{
    return clients->max / 2;
}

/* MHD does not look at a suspended connection, so it learns late that a client has gone. */
static bool has_gone(const struct client *client)
{
    char byte;
    ssize_t n = recv(client->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

bool clients_begin_stream(struct MHD_Connection *connection, const struct clients *clients)
{
    size_t n = 0;
    struct client *client;
    LIST_FOREACH(client, &clients->list, link)
    if (client->streams && !has_gone(client))
        n++;
    client = client_of(connection);
    if (!client || n >= clients_streams_max(clients))
        return false;
    client->streams = true;
    return true;
}

void clients_drop_late(struct clients *clients)
{
    bool crowded = clients->n >= clients->max;
    struct client *client;
    LIST_FOREACH(client, &clients->list, link)
    {
        uint64_t allowed = crowded ? CLIENTS_CROWDED_MS : client->allowed;
        if (!client->waited_for || clients->now - client->since < allowed)
            continue;
        /* MHD owns the descriptor, and learns from epoll that it has ended. */
        shutdown(client->fd, SHUT_RDWR);
    }
}
