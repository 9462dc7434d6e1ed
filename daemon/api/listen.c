/* SPDX-License-Identifier: MIT */
#include "daemon/api/listen.h"
#include "daemon/base/log.h"
#include "proto/link/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

/* Behind the last descriptor that systemd passes, from SD_LISTEN_FDS_START on (sd_listen_fds(3)). */
static int passed_end(void)
{
    int n = sd_listen_fds(0);
    return SD_LISTEN_FDS_START + (n > 0 ? n : 0);
}

/* The one among them that listens at an address, or on a Unix socket's path; -1 if there is none. */
static int find_passed(const struct sockaddr *address, socklen_t len)
{
    for (int fd = SD_LISTEN_FDS_START; fd < passed_end(); fd++) {
        const struct sockaddr_un *local = (const struct sockaddr_un *)address;
        int fits = address->sa_family == AF_UNIX ? sd_is_socket_unix(fd, SOCK_STREAM, 1, local->sun_path, 0)
                                                 : sd_is_socket_sockaddr(fd, SOCK_STREAM, address, len, 1);
        if (fits > 0 && fcntl(fd, F_SETFL, O_NONBLOCK) == 0)
            return fd;
    }
    return -1;
}

/* Clears the way for bind(): true if nothing is at the address, or what was there is dead and gone. */
static bool clear_stale(const struct sockaddr_un *address, char *error, size_t error_size)
{
    const char *path = address->sun_path;
    struct stat st;
    if (lstat(path, &st) != 0)
        return true; /* if it is there and cannot be seen, bind() says why */
    if (!S_ISSOCK(st.st_mode)) {
        text_print(error, error_size, "socket %s: there is a file of that name that is no socket", path);
        return false;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        text_print(error, error_size, "socket %s: %s", path, strerror(errno));
        return false;
    }
    /* A full backlog (EAGAIN) also means that somebody is there. */
    bool dead = connect(fd, (const struct sockaddr *)address, sizeof(*address)) != 0 && errno == ECONNREFUSED;
    close(fd);
    if (!dead) {
        text_print(error, error_size, "socket %s: another gangd listens on it", path);
        return false;
    }
    if (unlink(path) != 0) {
        text_print(error, error_size, "socket %s: the file of an earlier gangd cannot be removed: %s", path,
                   strerror(errno));
        return false;
    }
    return true;
}

static bool give_to_group(const char *path, const char *name, char *error, size_t error_size)
{
    if (name[0] == '\0')
        return true;
    errno = 0;
    /* At start-up, before there are other threads that ask for groups. */
    const struct group *group = getgrnam(name);
    if (!group) {
        text_print(error, error_size, "socket %s: there is no group \"%s\" on this machine", path, name);
        return false;
    }
    if (chown(path, (uid_t)-1, group->gr_gid) != 0) {
        text_print(error, error_size, "socket %s: cannot be given to the group \"%s\": %s", path, name,
                   strerror(errno));
        return false;
    }
    return true;
}

/* systemd gave the socket its group, and knows nothing of our configuration. */
static void compare_group(const char *path, const char *name)
{
    struct stat st;
    const struct group *group = name[0] ? getgrnam(name) : NULL;
    if (name[0] && (!group || (stat(path, &st) == 0 && st.st_gid != group->gr_gid)))
        log_warning("http",
                    "%s has the group that gangd.socket gives it, not \"%s\" as [http] group says: systemctl edit "
                    "gangd.socket, SocketGroup=%s",
                    path, name, name);
}

int listen_unix(const char *path, const char *group, bool *passed, char *error, size_t error_size)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address.sun_path)) {
        text_print(error, error_size, "socket %s: a path of more than %zu characters", path,
                   sizeof(address.sun_path) - 1);
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = find_passed((const struct sockaddr *)&address, sizeof(address));
    *passed = fd >= 0;
    if (*passed) {
        compare_group(path, group);
        return fd;
    }
    if (!clear_stale(&address, error, error_size))
        return -1;

    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        text_print(error, error_size, "socket %s: %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    /* Nobody can connect before listen(), so the mode that bind() gave it does not matter. */
    bool ready = give_to_group(path, group, error, error_size);
    if (ready && (chmod(path, 0660) != 0 || listen(fd, SOMAXCONN) != 0)) {
        text_print(error, error_size, "socket %s: %s", path, strerror(errno));
        ready = false;
    }
    if (!ready) {
        close(fd);
        unlink(path);
        return -1;
    }
    return fd;
}

static uint16_t port_of(int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address = {0};
    socklen_t len = sizeof(address);
    if (getsockname(fd, &address.any, &len) != 0)
        return 0;
    return ntohs(address.any.sa_family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port);
}

int listen_tcp(const char *key, const char *address, uint16_t *port, char *error, size_t error_size)
{
    char service[8];
    snprintf(service, sizeof(service), "%u", *port);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV}, *found = NULL;
    hints.ai_flags |= strcmp(address, "localhost") == 0 ? 0 : AI_NUMERICHOST; /* no name server is asked */
    int result = getaddrinfo(address, service, &hints, &found);
    if (result != 0) {
        text_print(error, error_size, "%s = %s:%u: %s", key, address, *port, gai_strerror(result));
        return -1;
    }
    int fd = find_passed(found->ai_addr, found->ai_addrlen);
    if (fd >= 0) {
        *port = port_of(fd);
        freeaddrinfo(found);
        return fd;
    }
    fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
        bind(fd, found->ai_addr, found->ai_addrlen) != 0 || listen(fd, SOMAXCONN) != 0) {
        text_print(error, error_size, "%s = %s:%u: %s", key, address, *port, strerror(errno));
        if (fd >= 0)
            close(fd);
        fd = -1;
    } else {
        *port = port_of(fd);
    }
    freeaddrinfo(found);
    return fd;
}

void listen_close_others(const int *used, size_t n)
{
    for (int fd = SD_LISTEN_FDS_START; fd < passed_end(); fd++) {
        bool is_used = false;
        for (size_t i = 0; i < n; i++)
            is_used |= used[i] == fd;
        if (is_used)
            continue;
        log_warning("http",
                    "systemd passes a socket that [http] does not name, and gangd does not answer on it: change "
                    "gangd.socket as well");
        close(fd);
    }
}
