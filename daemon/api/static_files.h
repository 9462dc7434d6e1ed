/* SPDX-License-Identifier: MIT */
/*
 * The page: the files of one directory, read once at start. What is asked for is looked up in this list and nowhere
 * else, so no request can name another file of the machine.
 */
#ifndef DAEMON_API_STATIC_FILES_H
#define DAEMON_API_STATIC_FILES_H

#include <stddef.h>

/* Enough for a page; a directory with more is not one. */
#define STATIC_FILES_MAX     64
#define STATIC_FILE_SIZE_MAX (4 * 1024 * 1024)

struct static_file {
    char *name; /* without directory */
    const char *type;
    char *data;
    size_t size;
};

struct static_files;

/* Reads the .html, .css, .js, .svg, .png and .ico files of `dir`; others, hidden ones and directories are left alone.
 * NULL and a sentence in `error` that names the file, also if there is no index.html; errno is ETIMEDOUT if the file
 * system does not answer. */
struct static_files *static_files_load(const char *dir, char *error, size_t error_size)
    __attribute__((warn_unused_result));

/* The file for a URL path ("/" is index.html), or NULL. Lives as long as the list; `files` may be
 * NULL for an empty one. */
const struct static_file *static_files_find(const struct static_files *files, const char *url)
    __attribute__((warn_unused_result));

/* NULL is fine. */
void static_files_free(struct static_files *files);

#endif
