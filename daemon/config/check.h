/* SPDX-License-Identifier: MIT */
/*
 * The places that gangd writes to or serves from: gangd --check-config looks at them without using them.
 */
#ifndef DAEMON_CONFIG_CHECK_H
#define DAEMON_CONFIG_CHECK_H

#include "daemon/config/config.h"

/* Adds an error for each that is not there, or that this process may not use: the directory of the book (and the book,
 * if there is one), the directory of the socket, and, if a page is served, the directory of its files. */
void config_check_places(const struct config *config, struct error_list *errors);

/* Whether the file system of the book answers: SQLite would wait for it as long as the kernel does. 0, or -1 and a
 * sentence in `error`. */
int config_check_book(const struct config *config, char *error, size_t error_size) __attribute__((warn_unused_result));

#endif
