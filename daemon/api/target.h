/* SPDX-License-Identifier: MIT */
/*
 * The target of a request, "/PATH?NAME=VALUE&…", split and percent-decoded. libmicrohttpd decodes it too, but lets
 * broken escapes pass, and 1.0.1 spoils the good ones before them: a filter could arrive empty.
 */
#ifndef DAEMON_API_TARGET_H
#define DAEMON_API_TARGET_H

#include <stdbool.h>
#include <stddef.h>

#define TARGET_PARAMETERS_MAX 32

/* Any bytes, also NUL; each ends with a NUL besides. Without '=' the value is "". */
struct target_parameter {
    const char *name, *value;
    size_t name_len, value_len;
};

/* Points into the text that it was made of. */
struct target {
    const char *path; /* holds no NUL */
    struct target_parameter parameters[TARGET_PARAMETERS_MAX];
    size_t n;
};

/* Takes `text` apart, in place. False and a sentence (printable ASCII, 128 bytes are enough): an escape that is none, a
 * NUL in the path, too many parameters, or one that comes twice. */
bool target_parse(struct target *target, char *text, char *error, size_t error_size)
    __attribute__((warn_unused_result));

/* NULL if it was not given. */
const struct target_parameter *target_find(const struct target *target, const char *name);

#endif
