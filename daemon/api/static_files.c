/* SPDX-License-Identifier: MIT */
#include "daemon/api/static_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* Reads all of `fd`. NULL with errno set. */
static char *read_all(int fd, size_t size)
{
    char *data = malloc(size ? size : 1);
    size_t got = 0;
    while (data && got < size) {
        ssize_t n = read(fd, data + got, size - got);
        if (n > 0) {
            got += (size_t)n;
        } else if (n == 0 || errno != EINTR) {
            if (n == 0)
                errno = EIO; /* it shrank under our hands */
            free(data);
            return NULL;
        }
    }
    return data;
}

/* Leaves file->name NULL if it is none to serve. Returns -1 with errno set. */
static int load_file(int dir, const char *name, struct static_file *file)
{
    file->type = type_of(name);
    if (!file->type)
        return 0;
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return -1;
    struct stat st;
    int result = fstat(fd, &st);
    if (result == 0 && S_ISREG(st.st_mode)) {
        if (st.st_size > STATIC_FILE_SIZE_MAX)
            errno = EFBIG;
        else
            file->data = read_all(fd, (size_t)st.st_size);
        file->size = (size_t)st.st_size;
        file->name = file->data ? strdup(name) : NULL;
        result = file->name ? 0 : -1;
    }
    int saved = errno;
    close(fd);
    if (!file->name) {
        free(file->data);
        file->data = NULL;
    }
    errno = saved;
    return result;
}

static bool load_all(struct static_files *files, DIR *dir, const char *path, char *error, size_t error_size)
{
    const struct dirent *entry;
    while ((entry = readdir(dir))) {
        if (entry->d_name[0] == '.')
            continue;
        if (files->n == STATIC_FILES_MAX) {
            snprintf(error, error_size, "web = %s: more than %d files: is that the page's directory?", path,
                     STATIC_FILES_MAX);
            return false;
        }
        struct static_file *file = &files->list[files->n];
        if (load_file(dirfd(dir), entry->d_name, file) != 0) {
            snprintf(error, error_size, "web = %s: %s: %s", path, entry->d_name, strerror(errno));
            return false;
        }
        files->n += file->name ? 1 : 0;
    }
    if (!static_files_find(files, "/")) {
        snprintf(error, error_size, "web = %s: there is no index.html", path);
        return false;
    }
    return true;
}

struct static_files *static_files_load(const char *path, char *error, size_t error_size)
{
    DIR *dir = opendir(path);
    if (!dir) {
        snprintf(error, error_size, "web = %s: %s", path, strerror(errno));
        return NULL;
    }
    struct static_files *files = calloc(1, sizeof(*files));
    if (!files) {
        snprintf(error, error_size, "web = %s: out of memory", path);
    } else if (!load_all(files, dir, path, error, error_size)) {
        static_files_free(files);
        files = NULL;
    }
    closedir(dir);
    return files;
}

const struct static_file *static_files_find(const struct static_files *files, const char *url)
{
    if (url[0] != '/')
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
