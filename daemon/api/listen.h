/* SPDX-License-Identifier: MIT */
/*
 * Listening sockets: those that systemd passes (gangd.socket, sd_listen_fds(3)), where one is at the address that is
 * wanted, else new ones. A passed one outlives gangd: who connects during a restart waits for the next gangd.
 *
 * Both return a non-blocking descriptor that the caller closes, or -1 and a sentence that names the socket. They block
 * for a moment; for start-up only.
 */
#ifndef DAEMON_API_LISTEN_H
#define DAEMON_API_LISTEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A Unix socket at `path` with mode 0660 and `group` ("": left as it comes). The socket file of a gangd that is dead is
 * replaced; one that answers, or a file that is no socket, is left alone and refused. `*passed` tells whether it is
 * systemd's: then mode, group and the file are systemd's too, and the file stays; a
 * group that is not `group` is warned of. */
int listen_unix(const char *path, const char *group, bool *passed, char *error, size_t error_size)
    __attribute__((warn_unused_result));

/* `key`: the configuration's, for messages. `address` is numeric, IPv4 or IPv6, or "localhost"; `*port` 0 lets the
 * kernel choose, or takes any port that systemd passes at this address, and is set to what it is. */
int listen_tcp(const char *key, const char *address, uint16_t *port, char *error, size_t error_size)
    __attribute__((warn_unused_result));

/* Closes the passed sockets that are not among the `n` used ones, and warns of each. */
void listen_close_others(const int *used, size_t n);

#endif
