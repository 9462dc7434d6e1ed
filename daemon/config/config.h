/* SPDX-License-Identifier: MIT */
/*
 * gangd.conf: INI, read by libinih, strict. An unknown section or key, a value out of range or a missing file is an
 * error with file and line. config/gangd.conf is the manual of every key.
 */
#ifndef DAEMON_CONFIG_CONFIG_H
#define DAEMON_CONFIG_CONFIG_H

#include "daemon/config/settings.h"

#include <stddef.h>

/* Reads `path` into `config`. Returns 0, or -1 with "FILE:LINE: what is wrong" in `error` (1024 bytes are enough; more
 * is cut). The files that it names are not opened here. Not for two threads at a time: inih has global settings. */
int config_read(struct config *config, const char *path, char *error, size_t error_size)
    __attribute__((warn_unused_result));

/* The whole file, of at most 1 MB, as file_read() gives it: malloc()ed; NULL with errno. A pipe is read to its end, so
 * this waits for whoever writes into it. */
char *config_text(const char *path, size_t *length) __attribute__((warn_unused_result));

/* As config_read(), from `len` bytes in memory; `name` stands for the file in messages. */
int config_parse(struct config *config, const char *name, const char *text, size_t len, char *error, size_t error_size)
    __attribute__((warn_unused_result));

#endif
