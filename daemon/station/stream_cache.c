/* SPDX-License-Identifier: MIT */
#include "daemon/station/stream_cache.h"

#include "daemon/base/file.h"
#include "daemon/base/log.h"
#include "daemon/base/memory.h"
#include "daemon/base/write_all.h"
#include "proto/image/deflate.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sha2.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define ENDING     ".zlib"
#define UNFINISHED ".new" /* behind ENDING, until the file is complete */

/* Of the file of this content. */
static void print_path(char path[PATH_MAX], const char *directory, const uint8_t *content, size_t n)
{
    char digest[SHA256_DIGEST_STRING_LENGTH];
    SHA256Data(content, n, digest);
    snprintf(path, PATH_MAX, "%s/%s" ENDING, directory, digest);
}

uint8_t *stream_cache_read(const char *directory, const uint8_t *content, size_t n, uint32_t size_max, uint32_t *size)
{
    char path[PATH_MAX];
    size_t length;
    print_path(path, directory, content, n);
    uint8_t *stream = (uint8_t *)file_read(path, size_max, &length);
    if (!stream && errno != EFBIG)
        return NULL;
    if (stream && inflates_to(stream, length, content, n)) {
        utimensat(AT_FDCWD, path, NULL, 0); /* used now: removed later than others */
        *size = (uint32_t)length;
        return stream;
    }
    free(stream);
    log_warning("golden", "%s: damaged or of no use, removed", path);
    unlink(path);
    return NULL;
}

/* Limits. */

struct file {
    char name[NAME_MAX + 1];
    struct timespec used;
    off_t size;
};

static int by_last_use(const void *a, const void *b)
{
    const struct timespec *x = &((const struct file *)a)->used, *y = &((const struct file *)b)->used;
    if (x->tv_sec != y->tv_sec)
        return x->tv_sec < y->tv_sec ? 1 : -1;
    return x->tv_nsec < y->tv_nsec ? 1 : x->tv_nsec > y->tv_nsec ? -1 : 0;
}

static bool ends_with(const char *name, const char *ending)
{
    size_t length = strlen(name), n = strlen(ending);
    return length > n && strcmp(name + length - n, ending) == 0;
}

/* Lists the cache's files, malloc()ed, and removes unfinished ones. `fd`: of the directory. */
static struct file *list_files(DIR *directory, int fd, size_t *n)
{
    struct file *files = NULL;
    struct stat info;
    *n = 0;
    for (struct dirent *entry; (entry = readdir(directory));) {
        if (ends_with(entry->d_name, ENDING UNFINISHED))
            unlinkat(fd, entry->d_name, 0);
        if (!ends_with(entry->d_name, ENDING) || fstatat(fd, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        files = must_realloc(files, *n + 1, sizeof(*files));
        struct file *file = &files[(*n)++];
        *file = (struct file){.used = info.st_mtim, .size = info.st_size};
        memcpy(file->name, entry->d_name, strlen(entry->d_name) + 1);
    }
    return files;
}

static void remove_least_used(DIR *directory, int fd)
{
    size_t n;
    off_t total = 0;
    struct file *files = list_files(directory, fd, &n);
    if (n > 0)
        qsort(files, n, sizeof(*files), by_last_use);
    for (size_t i = 0; i < n; i++) {
        total += files[i].size;
        if (i >= STREAM_CACHE_FILES_MAX || total > STREAM_CACHE_BYTES_MAX)
            unlinkat(fd, files[i].name, 0);
    }
    free(files);
}

static void remove_beyond_limits(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
    if (directory) {
        remove_least_used(directory, fd);
        closedir(directory);
    } else if (fd >= 0) {
        close(fd);
    }
}

/* Writing. */

static bool has_room(const char *directory, uint32_t size)
{
    struct statvfs info;
    return statvfs(directory, &info) != 0 ||
           (uint64_t)info.f_bavail * info.f_frsize >= (uint64_t)size + STREAM_CACHE_KEEP_FREE;
}

static int write_file(const char *path, const uint8_t *bytes, size_t n)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (fd < 0)
        return errno;
    int error = write_all(fd, bytes, n) ? 0 : errno;
    if (close(fd) != 0 && !error)
        error = errno;
    return error;
}

/* One that is cancelled may still be at work when the next one has begun. */
static pthread_mutex_t writing = PTHREAD_MUTEX_INITIALIZER;

int stream_cache_write(const char *directory, const uint8_t *content, size_t n, const uint8_t *stream, uint32_t size)
{
    char path[PATH_MAX], unfinished[PATH_MAX + sizeof(UNFINISHED)];
    if (mkdir(directory, 0750) != 0 && errno != EEXIST)
        return errno;
    if (!has_room(directory, size))
        return ENOSPC;
    print_path(path, directory, content, n);
    snprintf(unfinished, sizeof(unfinished), "%s" UNFINISHED, path);
    pthread_mutex_lock(&writing);
    int error = write_file(unfinished, stream, size);
    if (!error && rename(unfinished, path) != 0)
        error = errno;
    remove_beyond_limits(directory);
    pthread_mutex_unlock(&writing);
    return error;
}
