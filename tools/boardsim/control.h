/* SPDX-License-Identifier: MIT */
/*
 * The control socket: a test driver gives the operator's commands one line at a time, and gets one line back for each,
 * "ok", "ok …" or "error: …", when it has been carried out. A `wait` answers when it is over. Lines that come meanwhile
 * stay in line.
 */
#ifndef BOARDSIM_CONTROL_H
#define BOARDSIM_CONTROL_H

#include "tools/boardsim/rack.h"

#include <poll.h>
#include <stdbool.h>

#define CONTROL_CLIENTS 8

struct control;

/* Listens on a Unix socket that must not exist yet; control_free() removes it. NULL with a sentence in `error`. */
__attribute__((warn_unused_result)) struct control *control_new(const char *path, char *error, size_t size);
void control_free(struct control *control);

/* Descriptors to poll: 1 + CONTROL_CLIENTS, unused ones are -1. */
void control_fds(const struct control *control, struct pollfd fds[1 + CONTROL_CLIENTS]);
/* Serves what can be served now. `waiting`: a client waits for the rack, so call again soon. Returns whether `quit`
 * was ordered. */
bool control_tick(struct control *control, struct rack *rack, bool *waiting);

#endif
