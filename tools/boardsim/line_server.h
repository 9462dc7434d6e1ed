/* SPDX-License-Identifier: MIT */
/* boardsim's side of preload/port_lines.h: a thread that answers requests for the modem lines of ports. */
#ifndef BOARDSIM_LINE_SERVER_H
#define BOARDSIM_LINE_SERVER_H

struct line_server;

/* All are called from the server's thread. */
struct line_server_events {
    /* A descriptor of this pty makes its first request. Returns the port; NULL: there is none. */
    void *(*opened)(void *data, const char *pty);
    /* TIOCMGET, TIOCMSET, TIOCMBIS or TIOCMBIC of that port. Returns an errno. */
    int (*request)(void *port, unsigned request, int *lines);
    /* That descriptor is closed. */
    void (*closed)(void *port);
};

/* Listens at `path`. `events` must outlive it. NULL with errno set. */
__attribute__((warn_unused_result)) struct line_server *
line_server_new(const char *path, const struct line_server_events *events, void *data);
void line_server_free(struct line_server *server);

#endif
