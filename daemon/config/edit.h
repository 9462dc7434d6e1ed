/* SPDX-License-Identifier: MIT */
/*
 * Writes places into gangd.conf, for "gangctl slots learn". All else in the file stays as it is, byte for byte:
 * comments, other keys and sections, their order, the ends of lines.
 */
#ifndef DAEMON_CONFIG_EDIT_H
#define DAEMON_CONFIG_EDIT_H

#include <stddef.h>

/* A [slot NAME] and its path. */
struct config_place {
    char name[64];
    char path[160];
};

/* For config_edit_file(), and public for tests and the fuzzer: `text` (`len` bytes of a configuration) with the places
 * in it, malloc()ed and NUL-terminated, its length in `new_len`. A [slot NAME] that is there gets its path, others come
 * at the end, in the order given. Whether the result is a valid configuration is for config_parse() to say. */
char *config_edit_text(const char *text, size_t len, const struct config_place *places, size_t n, size_t *new_len)
    __attribute__((warn_unused_result));

/* The same with a file. The new text is checked as gangd would check it, written beside the file, and takes its place
 * with its mode and owner in one step; the old one stays as `file`~. A symbolic link stays one. Returns 0, or -1 with
 * all errors (daemon/base/error_list.h), which name the file; then the file is as it was. Blocks until it is on the
 * disk. */
int config_edit_file(const char *file, const struct config_place *places, size_t n, char *error, size_t error_size)
    __attribute__((warn_unused_result));

/* Whether config_edit_file() could write there: 0, or -1 with a sentence. */
int config_edit_allowed(const char *file, char *error, size_t error_size) __attribute__((warn_unused_result));

#endif
