/* SPDX-License-Identifier: MIT */
/*
 * The keys that a reload does not change: those of the book and of the sockets.
 */
#ifndef DAEMON_CONFIG_RESTART_H
#define DAEMON_CONFIG_RESTART_H

#include "daemon/base/error_list.h"
#include "daemon/config/settings.h"

/* Gives these keys in `fresh` the values of `in_force`. Adds to `kept` for each that was another a sentence with the
 * line, the key and the value in force. */
void config_keep(struct config *fresh, const struct config *in_force, struct error_list *kept);

#endif
