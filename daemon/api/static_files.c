/* SPDX-License-Identifier: MIT */
#include "daemon/api/static_files.h"

#include "daemon/base/file.h"
#include "daemon/base/memory.h"
#include "proto/link/text.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of all names in the directory; files that are not for the page count too. */
#define NAMES_MAX 65536

struct static_files {
    struct static_file list[STATIC_FILES_MAX];
    size_t n;
};

static const char *type_of(const char *name)
{
    static const struct {
        const char *suffix, *type;
    } types[] = {
        {".html", "text/html; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".ico", "image/x-icon"},
    };
    const char *suffix = strrchr(name, '.');
    for (size_t i = 0; suffix && suffix != name && i < sizeof(types) / sizeof(types[0]); i++)
        if (strcmp(suffix, types[i].suffix) == 0)
            return types[i].type;
    return NULL;
}

/* Leaves file->name NULL if it is none to serve. Returns -1 with errno set. */
static int load_file(const char *directory, const char *name, struct static_file *file)
{
    char path[PATH_MAX];
    file->type = type_of(name);
    if (!file->type)
        return 0;
    text_print(path, sizeof(path), "%s/%s", directory, name);
    file->data = file_read(path, STATIC_FILE_SIZE_MAX, &file->size);
    if (!file->data)
        return errno == EISDIR || errno == EINVAL ? 0 : -1;
    file->name = must_strdup(name);
    return 0;
}

static int refuse_size(const char *path, char *error, size_t error_size)
{
    text_print(error, error_size, "web = %s: more than %d files: is that the page's directory?", path,
               STATIC_FILES_MAX);
    return EFBIG;
}

/* Of the directory's `len` bytes of names. 0 or an error's number. */
static int load_all(struct static_files *files, const char *path, const char *names, size_t len, char *error,
                    size_t error_size)
{
    for (const char *name = names; name < names + len; name += strlen(name) + 1) {
        if (files->n == STATIC_FILES_MAX)
            return refuse_size(path, error, error_size);
        struct static_file *file = &files->list[files->n];
        if (load_file(path, name, file) != 0) {
            int number = errno;
            text_print(error, error_size, "web = %s: %s: %s", path, name, file_error(number));
            return number;
        }
        files->n += file->name ? 1 : 0;
    }
    if (static_files_find(files, "/"))
        return 0;
    text_print(error, error_size, "web = %s: there is no index.html", path);
    return ENOENT;
}

static int load_directory(struct static_files *files, const char *path, char *error, size_t error_size)
{
    size_t len = 0;
    char *names = file_list(path, NAMES_MAX, &len);
    if (!names && errno == EFBIG)
        return refuse_size(path, error, error_size);
    if (!names) {
        int number = errno;
        text_print(error, error_size, "web = %s: %s", path, file_error(number));
        return number;
    }
    int number = load_all(files, path, names, len, error, error_size);
    free(names);
    return number;
}

struct static_files *static_files_load(const char *path, char *error, size_t error_size)
{
    struct static_files *files = must_calloc(1, sizeof(*files));
    int number = load_directory(files, path, error, error_size);
    if (!number)
        return files;
    static_files_free(files);
    errno = number;
    return NULL;
}

const struct static_file *static_files_find(const struct static_files *files, const char *url)
{
    if (!files || url[0] != '/')
        return NULL;
    const char *name = url[1] ? url + 1 : "index.html";
    for (size_t i = 0; i < files->n; i++)
        if (files->list[i].name && strcmp(files->list[i].name, name) == 0)
            return &files->list[i];
    return NULL;
}

void static_files_free(struct static_files *files)
{
    if (!files)
        return;
    for (size_t i = 0; i < files->n; i++) {
        free(files->list[i].name);
        free(files->list[i].data);
    }
    free(files);
}
