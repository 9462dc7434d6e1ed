/* SPDX-License-Identifier: MIT */
#include "daemon/api/static_files.h"

#include "daemon/base/file.h"
#include "daemon/base/memory.h"
#include "proto/link/text.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
static int load_file(int dir, const char *name, struct static_file *file)
{
    file->type = type_of(name);
    if (!file->type)
        return 0;
    file->data = file_read(dir, name, STATIC_FILE_SIZE_MAX, &file->size);
    if (!file->data)
        return errno == EISDIR || errno == EINVAL ? 0 : -1;
    file->name = must_strdup(name);
    return 0;
}

static bool load_all(struct static_files *files, DIR *dir, const char *path, char *error, size_t error_size)
{
    const struct dirent *entry;
    while ((entry = readdir(dir))) {
        if (entry->d_name[0] == '.')
            continue;
        if (files->n == STATIC_FILES_MAX) {
            text_print(error, error_size, "web = %s: more than %d files: is that the page's directory?", path,
                       STATIC_FILES_MAX);
            return false;
        }
        struct static_file *file = &files->list[files->n];
        if (load_file(dirfd(dir), entry->d_name, file) != 0) {
            text_print(error, error_size, "web = %s: %s: %s", path, entry->d_name, file_error(errno));
            return false;
        }
        files->n += file->name ? 1 : 0;
    }
    if (!static_files_find(files, "/")) {
        text_print(error, error_size, "web = %s: there is no index.html", path);
        return false;
    }
    return true;
}

struct static_files *static_files_load(const char *path, char *error, size_t error_size)
{
    DIR *dir = opendir(path);
    if (!dir) {
        text_print(error, error_size, "web = %s: %s", path, strerror(errno));
        return NULL;
    }
    struct static_files *files = must_calloc(1, sizeof(*files));
    if (!load_all(files, dir, path, error, error_size)) {
        static_files_free(files);
        files = NULL;
    }
    closedir(dir);
    return files;
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
