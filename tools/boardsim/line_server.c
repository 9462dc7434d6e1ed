/* SPDX-License-Identifier: MIT */
#include "tools/boardsim/line_server.h"

#include "tools/boardsim/preload/port_lines.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 128

struct connection {
    struct connection *next;
    int fd;
    void *port; /* NULL: nothing was asked yet */
};

struct line_server {
    const struct line_server_events *events;
    void *data;
    int socket, epoll, stop;
    pthread_t thread;
    struct connection *connections;
};

static int watch(struct line_server *server, int fd, void *data)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = data};

    return epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &event);
}

static void take_connection(struct line_server *server)
{
    struct connection *connection = calloc(1, sizeof *connection);
    int fd = accept4(server->socket, NULL, NULL, SOCK_CLOEXEC);

    if (!connection || fd < 0 || watch(server, fd, connection) != 0) {
        if (fd >= 0)
            close(fd);
        free(connection);
        return;
    }
    connection->fd = fd;
    connection->next = server->connections;
    server->connections = connection;
}

static void drop_connection(struct line_server *server, struct connection *connection)
{
    struct connection **at = &server->connections;

    while (*at != connection)
        at = &(*at)->next;
    *at = connection->next;
    if (connection->port)
        server->events->closed(connection->port);
    close(connection->fd);
    free(connection);
}

static void serve(struct line_server *server, struct connection *connection)
{
    struct port_lines_request request;

    if (recv(connection->fd, &request, sizeof request, 0) != sizeof request) {
        drop_connection(server, connection);
        return;
    }
    request.pty[sizeof request.pty - 1] = '\0';
    if (!connection->port)
        connection->port = server->events->opened(server->data, request.pty);
    int lines = request.lines;
    int error = connection->port ? server->events->request(connection->port, request.request, &lines) : EIO;
    struct port_lines_answer answer = {error, lines};
    if (send(connection->fd, &answer, sizeof answer, MSG_NOSIGNAL) != sizeof answer)
        drop_connection(server, connection);
}

static void *serve_all(void *data)
{
    struct line_server *server = data;
    struct epoll_event event;

    for (;;) {
        if (epoll_wait(server->epoll, &event, 1, -1) < 1)
            continue;
        if (event.data.ptr == server)
            return NULL;
        if (event.data.ptr)
            serve(server, event.data.ptr);
        else
            take_connection(server);
    }
}

static int listen_at(struct line_server *server, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    return bind(server->socket, (struct sockaddr *)&address, sizeof address) || listen(server->socket, BACKLOG) ? -1
                                                                                                                : 0;
}

static void close_all(struct line_server *server)
{
    const int fds[] = {server->socket, server->epoll, server->stop};

    for (unsigned i = 0; i < 3; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    free(server);
}

struct line_server *line_server_new(const char *path, const struct line_server_events *events, void *data)
{
    struct line_server *server = calloc(1, sizeof *server);

    if (!server)
        return NULL;
    server->events = events;
    server->data = data;
    server->socket = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    server->epoll = epoll_create1(EPOLL_CLOEXEC);
    server->stop = eventfd(0, EFD_CLOEXEC);
    if (server->socket < 0 || server->epoll < 0 || server->stop < 0 || listen_at(server, path) != 0 ||
        watch(server, server->socket, NULL) != 0 || watch(server, server->stop, server) != 0 ||
        pthread_create(&server->thread, NULL, serve_all, server) != 0) {
        close_all(server);
        return NULL;
    }
    return server;
}

void line_server_free(struct line_server *server)
{
    eventfd_write(server->stop, 1);
    pthread_join(server->thread, NULL);
    while (server->connections)
        drop_connection(server, server->connections);
    close_all(server);
}
