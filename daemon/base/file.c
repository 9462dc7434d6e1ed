/* SPDX-License-Identifier: MIT */
#include "daemon/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Reads until `size` bytes or the end; -1 with errno. */
static ssize_t read_up_to(int fd, char *bytes, size_t size)
{
    size_t n = 0;
    while (n < size) {
        ssize_t got = read(fd, bytes + n, size - n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        n += (size_t)got;
    }
    return (ssize_t)n;
}

/* Why it is not read, or 0. */
static int check(int fd, size_t max, struct stat *info)
{
    if (fstat(fd, info) != 0)
        return errno;
    if (!S_ISREG(info->st_mode))
        return S_ISDIR(info->st_mode) ? EISDIR : EINVAL;
    return (uintmax_t)info->st_size > max ? EFBIG : 0;
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* Whether nothing was written to the file since `before`. */
static bool is_unchanged(int fd, const struct stat *before)
{
    struct stat now;
    return fstat(fd, &now) == 0 && now.st_size == before->st_size && same_time(&now.st_mtim, &before->st_mtim) &&
           same_time(&now.st_ctim, &before->st_ctim);
}

static char *read_open(int fd, size_t max, size_t *len)
{
    struct stat before;
    int error = check(fd, max, &before);
    *len = error ? 0 : (size_t)before.st_size;
    /* The last byte shows a file that grew; it becomes the NUL. */
    char *bytes = error ? NULL : malloc(*len + 1);
    ssize_t n = bytes ? read_up_to(fd, bytes, *len + 1) : -1;
    if (bytes && n == (ssize_t)*len && is_unchanged(fd, &before)) {
        bytes[*len] = '\0';
        return bytes;
    }
    if (!error)
        error = n < 0 ? errno : EAGAIN;
    free(bytes);
    errno = error;
    return NULL;
}

char *file_read(int directory, const char *path, size_t max, size_t *len)
{
    /* O_NONBLOCK: the open() of a FIFO does not wait. */
    int fd = openat(directory, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return NULL;
    char *bytes = read_open(fd, max, len);
    int error = errno;
    close(fd);
    errno = error;
    return bytes;
}

const char *file_error(int error)
{
    switch (error) {
    case EINVAL: return "not a file";
    case EAGAIN: return "changes while it is read";
    default: return strerror(error);
    }
}
