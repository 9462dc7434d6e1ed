/* SPDX-License-Identifier: MIT */
#include "daemon/base/file.h"

#include "daemon/base/memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PIECE (256U << 10) /* bytes of one read(): each that returns shows that the file system answers */

unsigned file_patience_ms = FILE_PATIENCE_SECONDS * 1000;

/* A call to the file system, on a thread of its own, because the kernel may never return from it. */
struct request {
    int (*work)(struct request *request); /* 0 or an error's number */
    char *path;
    int mode; /* of file_access() */
    size_t max;
    char *bytes; /* the result, if `error` is 0 */
    size_t len;
    int error;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned pieces; /* that were read */
    bool done, abandoned;
};

static void free_request(struct request *request)
{
    pthread_mutex_destroy(&request->lock);
    pthread_cond_destroy(&request->changed);
    free(request->bytes);
    free(request->path);
    free(request);
}

static struct request *new_request(int (*work)(struct request *request), const char *path)
{
    struct request *request = must_calloc(1, sizeof(*request));
    request->work = work;
    request->path = must_strdup(path);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&request->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&request->lock, NULL);
    return request;
}

static void *run_request(void *data)
{
    struct request *request = data;
    int error = request->work(request);
    pthread_mutex_lock(&request->lock);
    request->error = error;
    request->done = true;
    bool abandoned = request->abandoned;
    pthread_cond_signal(&request->changed);
    pthread_mutex_unlock(&request->lock);
    if (abandoned)
        free_request(request);
    return NULL;
}

static struct timespec patience_ends(void)
{
    struct timespec end;
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += file_patience_ms / 1000;
    end.tv_nsec += file_patience_ms % 1000 * 1000000L;
    if (end.tv_nsec >= 1000000000L) {
        end.tv_sec++;
        end.tv_nsec -= 1000000000L;
    }
    return end;
}

/* Waits until the request is done, or nothing has come for as long as the patience lasts: then false, and the thread
 * frees it. */
static bool wait_for(struct request *request)
{
    pthread_mutex_lock(&request->lock);
    while (!request->done && !request->abandoned) {
        unsigned pieces = request->pieces;
        struct timespec end = patience_ends();
        int error = 0;
        while (!request->done && request->pieces == pieces && error != ETIMEDOUT)
            error = pthread_cond_timedwait(&request->changed, &request->lock, &end);
        request->abandoned = !request->done && request->pieces == pieces;
    }
    bool done = request->done;
    pthread_mutex_unlock(&request->lock);
    return done;
}

static int start_thread(struct request *request)
{
    pthread_t thread;
    int error = pthread_create(&thread, NULL, run_request, request);
    if (!error)
        pthread_detach(thread);
    return error;
}

/* Does the request, frees it, and returns its error; or 0, with its bytes in `*bytes`. */
static int carry_out(struct request *request, char **bytes, size_t *len)
{
    int error = start_thread(request);
    if (!error && !wait_for(request))
        return ETIMEDOUT;
    if (!error)
        error = request->error;
    if (!error) {
        *bytes = request->bytes;
        *len = request->len;
        request->bytes = NULL;
    }
    free_request(request);
    return error;
}

static void note_piece(struct request *request)
{
    pthread_mutex_lock(&request->lock);
    request->pieces++;
    pthread_cond_signal(&request->changed);
    pthread_mutex_unlock(&request->lock);
}

/* Reads until `size` bytes or the end; -1 with errno. */
static ssize_t read_up_to(struct request *request, int fd, char *bytes, size_t size)
{
    size_t n = 0;
    while (n < size) {
        ssize_t got = read(fd, bytes + n, size - n < PIECE ? size - n : PIECE);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        n += (size_t)got;
        note_piece(request);
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

/* Reads up to `size` bytes into request->bytes, which has room for one more. 0 or an error's number. */
static int read_into(struct request *request, int fd, size_t size, size_t *n)
{
    request->bytes = malloc(size + 1);
    if (!request->bytes)
        return ENOMEM;
    ssize_t got = read_up_to(request, fd, request->bytes, size);
    if (got < 0)
        return errno;
    *n = (size_t)got;
    request->bytes[got] = '\0';
    return 0;
}

/* The open regular file. */
static int read_regular(struct request *request, int fd)
{
    struct stat before;
    int error = check(fd, request->max, &before);
    if (error)
        return error;
    size_t size = (size_t)before.st_size, n = 0;
    error = read_into(request, fd, size + 1, &n); /* the last byte shows a file that grew */
    request->len = size;
    return error ? error : n == size && is_unchanged(fd, &before) ? 0 : EAGAIN;
}

static int read_file(struct request *request)
{
    /* O_NONBLOCK: the open() of a FIFO does not wait. */
    int fd = open(request->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return errno;
    int error = read_regular(request, fd);
    close(fd);
    return error;
}

/* The pipe or device, whose size is not known before its end. */
static int read_stream(struct request *request)
{
    int fd = open(request->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    int error = read_into(request, fd, request->max + 1, &request->len);
    close(fd);
    return !error && request->len > request->max ? EFBIG : error;
}

static int read_any(struct request *request)
{
    struct stat info;
    bool is_stream = stat(request->path, &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode);
    return is_stream ? read_stream(request) : read_file(request);
}

/* Appends the name with its NUL. 0 or an error's number. */
static int add_name(struct request *request, const char *name)
{
    size_t len = strlen(name) + 1;
    if (len > request->max - request->len)
        return EFBIG;
    memcpy(request->bytes + request->len, name, len);
    request->len += len;
    return 0;
}

/* Of the open directory. */
static int list_names(struct request *request, DIR *directory)
{
    const struct dirent *entry;
    int error = 0;
    while (!error && (errno = 0, entry = readdir(directory))) {
        error = entry->d_name[0] == '.' ? 0 : add_name(request, entry->d_name);
        note_piece(request);
    }
    return error ? error : errno;
}

static int list_directory(struct request *request)
{
    request->bytes = malloc(request->max + 1);
    if (!request->bytes)
        return ENOMEM;
    DIR *directory = opendir(request->path);
    if (!directory)
        return errno;
    int error = list_names(request, directory);
    closedir(directory);
    request->bytes[request->len] = '\0';
    return error;
}

static int check_access(struct request *request)
{
    return access(request->path, request->mode) == 0 ? 0 : errno;
}

static char *carry_out_read(struct request *request, size_t max, size_t *len)
{
    char *bytes = NULL;
    request->max = max;
    *len = 0;
    int error = carry_out(request, &bytes, len);
    if (error)
        errno = error;
    return bytes;
}

char *file_read(const char *path, size_t max, size_t *len)
{
    return carry_out_read(new_request(read_file, path), max, len);
}

char *file_read_any(const char *path, size_t max, size_t *len)
{
    return carry_out_read(new_request(read_any, path), max, len);
}

char *file_list(const char *path, size_t max, size_t *len)
{
    return carry_out_read(new_request(list_directory, path), max, len);
}

int file_access(const char *path, int mode)
{
    char *none = NULL;
    size_t len;
    struct request *request = new_request(check_access, path);
    request->mode = mode;
    return carry_out(request, &none, &len);
}

#define TEXT(number)    TEXT_OF(number)
#define TEXT_OF(number) #number

const char *file_error(int error)
{
    switch (error) {
    case EINVAL: return "not a file";
    case EAGAIN: return "changes while it is read";
    case ETIMEDOUT: return "no answer for " TEXT(FILE_PATIENCE_SECONDS) " s";
    default: return strerror(error);
    }
}
