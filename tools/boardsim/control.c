/* SPDX-License-Identifier: MIT */
#include "tools/boardsim/control.h"

#include "tools/boardsim/operator.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct client {
    int fd; /* -1: none */
    char input[1024];
    size_t used;
    bool waiting;
    struct operator_wait wait;
};

struct control {
    int fd;
    char path[sizeof((struct sockaddr_un *)0)->sun_path];
    struct client clients[CONTROL_CLIENTS];
};

struct control *control_new(const char *path, char *error, size_t size)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        snprintf(error, size, "%.400s: too long for a socket's path", path);
        return NULL;
    }
    struct control *control = calloc(1, sizeof *control);
    if (!control) {
        snprintf(error, size, "out of memory");
        return NULL;
    }
    for (size_t i = 0; i < CONTROL_CLIENTS; i++)
        control->clients[i].fd = -1;
    memcpy(address.sun_path, path, strlen(path));
    control->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (control->fd >= 0 && bind(control->fd, (struct sockaddr *)&address, sizeof address) == 0) {
        memcpy(control->path, path, strlen(path));
        if (listen(control->fd, CONTROL_CLIENTS) == 0)
            return control;
    }
    snprintf(error, size, "%s: %s", path, strerror(errno));
    control_free(control);
    return NULL;
}

void control_free(struct control *control)
{
    if (!control)
        return;
    for (size_t i = 0; i < CONTROL_CLIENTS; i++)
        if (control->clients[i].fd >= 0)
            close(control->clients[i].fd);
    if (control->fd >= 0)
        close(control->fd);
    if (*control->path)
        unlink(control->path);
    free(control);
}

void control_fds(const struct control *control, struct pollfd fds[1 + CONTROL_CLIENTS])
{
    fds[0] = (struct pollfd){control->fd, POLLIN, 0};
    for (size_t i = 0; i < CONTROL_CLIENTS; i++)
        /* One that waits has nothing to say that would be heard. */
        fds[1 + i] = (struct pollfd){control->clients[i].waiting ? -1 : control->clients[i].fd, POLLIN, 0};
}

static void hang_up(struct client *client)
{
    close(client->fd);
    *client = (struct client){.fd = -1};
}

static void accept_client(struct control *control)
{
    int fd = accept4(control->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
        if (control->clients[i].fd < 0) {
            control->clients[i].fd = fd;
            return;
        }
    }
    close(fd);
}

static bool reply(struct client *client, enum operator_result result, const char *answer)
{
    char line[OPERATOR_ANSWER + 16];
    const char *verdict = result == OPERATOR_REFUSED ? "error: " : *answer ? "ok " : "ok";
    int length = snprintf(line, sizeof line, "%s%s\n", verdict, answer);
    return send(client->fd, line, (size_t)length, MSG_NOSIGNAL) == length;
}

/* Takes the first line out of the input; false if there is no whole one. */
static bool next_line(struct client *client, char line[sizeof client->input])
{
    char *end = memchr(client->input, '\n', client->used);
    if (!end)
        return false;
    size_t length = (size_t)(end - client->input);
    memcpy(line, client->input, length);
    line[length] = '\0';
    client->used -= length + 1;
    memmove(client->input, end + 1, client->used);
    return true;
}

/* Returns false when the client is to be hung up on. */
static bool receive(struct client *client)
{
    size_t room = sizeof client->input - client->used;
    if (room == 0)
        return false; /* a line without end */
    ssize_t n = recv(client->fd, client->input + client->used, room, 0);
    if (n > 0)
        client->used += (size_t)n;
    return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

static bool serve(struct client *client, struct rack *rack)
{
    char line[sizeof client->input];
    char answer[OPERATOR_ANSWER];
    bool quit = false;
    for (;;) {
        enum operator_result result;
        if (client->waiting)
            result = operator_wait(rack, &client->wait, answer);
        else if (next_line(client, line))
            result = operator_command(rack, line, &client->wait, answer);
        else
            return quit;
        client->waiting = result == OPERATOR_WAITS;
        if (client->waiting)
            return quit;
        quit = quit || result == OPERATOR_QUIT;
        if (!reply(client, result, answer)) {
            hang_up(client);
            return quit;
        }
    }
}

bool control_tick(struct control *control, struct rack *rack, bool *waiting)
{
    bool quit = false;
    accept_client(control);
    for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
        struct client *client = &control->clients[i];
        if (client->fd < 0)
            continue;
        bool alive = client->waiting || receive(client);
        quit = serve(client, rack) || quit;
        if (!alive && client->fd >= 0)
            hang_up(client);
        *waiting = *waiting || client->waiting;
    }
    return quit;
}
