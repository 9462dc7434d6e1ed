/* SPDX-License-Identifier: MIT */
/*
 * gangd.conf: INI, read by libinih, strict. An unknown section or key, a value out of range or a missing file is an
 * error with file and line. config/gangd.conf is the manual of every key.
 */
#ifndef DAEMON_CONFIG_CONFIG_H
#define DAEMON_CONFIG_CONFIG_H

#include "daemon/base/error_list.h"
#include "daemon/config/settings.h"

#include <stdarg.h>
#include <stddef.h>

#define CONFIG_ERRORS_MAX 8192 /* bytes for all errors of a usual file */

/* Reads `path` into `config`. Returns 0, or -1 with all errors in `error` (daemon/base/error_list.h), each
 * "FILE:LINE: what is wrong". The files that it names are not opened here. A file system that does not answer is an
 * error after FILE_PATIENCE_SECONDS. Not for two threads at a time: inih has global settings. */
int config_read(struct config *config, const char *path, char *error, size_t error_size)
    __attribute__((warn_unused_result));

/* The whole file, of at most 1 MB, as file_read_any() gives it: malloc()ed; NULL with errno. */
char *config_text(const char *path, size_t *length) __attribute__((warn_unused_result));

/* As config_read(), from `len` bytes in memory; `name` stands for the file in messages. */
int config_parse(struct config *config, const char *name, const char *text, size_t len, char *error, size_t error_size)
    __attribute__((warn_unused_result));

/* The line that gives the key; 0: none does. Of a slot's keys: the line in the last slot. */
unsigned config_key_line(const struct config *config, const char *section, const char *name);

/* The line that gives the file at that offset; 0: none does. */
unsigned config_file_line(const struct config *config, uint32_t offset);

/* Adds "FILE:LINE: …", or "FILE: …" for line 0. */
void config_complain(struct error_list *errors, const struct config *config, unsigned line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void config_vcomplain(struct error_list *errors, const struct config *config, unsigned line, const char *format,
                      va_list arguments) __attribute__((format(printf, 4, 0)));

#endif
