/* SPDX-License-Identifier: MIT */
/*
 * The keys that a reload does not change: those of the book and of the sockets.
 */
#ifndef DAEMON_CONFIG_RESTART_H
#define DAEMON_CONFIG_RESTART_H

#include "daemon/config/settings.h"

/* Gives these keys in `fresh` the values of `in_force`. `kept` is called for each that was another, with a sentence
 * that names the line, the key and the value in force; it is valid during the call. */
void config_keep(struct config *fresh, const struct config *in_force, void (*kept)(const char *sentence));

#endif
