/* SPDX-License-Identifier: MIT */
/*
 * The modem lines of a port that is a plain pty, which has none: COMMAND's preload asks boardsim for them, at the Unix
 * socket (SOCK_SEQPACKET) that PORT_LINES_SOCKET in the environment names. There is one connection for each descriptor
 * of a port, made at its first request and closed with it: so boardsim knows when a port is closed.
 */
#ifndef BOARDSIM_PORT_LINES_H
#define BOARDSIM_PORT_LINES_H

#include <stdint.h>

#define PORT_LINES_SOCKET "BOARDSIM_PORT_LINES"

/* TIOCMGET, TIOCMSET, TIOCMBIS or TIOCMBIC. */
struct port_lines_request {
    uint32_t request;
    int32_t lines;
    char pty[32]; /* "/dev/pts/7" */
};

struct port_lines_answer {
    int32_t error; /* an errno; 0: done */
    int32_t lines;
};

#endif
