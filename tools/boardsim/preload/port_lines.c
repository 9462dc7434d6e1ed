/* SPDX-License-Identifier: MIT */
/*
 * Preloaded as preload.c is, for the back end "wire": takes ports, and /proc, past umockdev's preload. That would give
 * a port an ioctl connection and a place in its list, and makes of each read, write and name some system calls and a
 * lock: more than all that a host does itself. And it answers the requests for modem lines that a pty refuses.
 */
#include "tools/boardsim/preload/port_lines.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define EXPORTED        __attribute__((visibility("default")))
#define DESCRIPTORS_MAX 4096

typedef int open_function(const char *, int, ...);
typedef DIR *opendir_function(const char *);
typedef int ioctl_function(int, unsigned long, ...);
typedef int close_function(int);
typedef ssize_t read_function(int, void *, size_t);
typedef ssize_t write_function(int, const void *, size_t);
typedef ssize_t readlinkat_function(int, const char *, char *, size_t);
typedef int fstatat_function(int, const char *, struct stat *, int);

EXPORTED int preload_open(const char *path, int flags, ...);
EXPORTED DIR *preload_opendir(const char *path);
EXPORTED int preload_ioctl(int fd, unsigned long request, ...);
EXPORTED int preload_close(int fd);
EXPORTED ssize_t preload_read(int fd, void *bytes, size_t n);
EXPORTED ssize_t preload_write(int fd, const void *bytes, size_t n);
EXPORTED ssize_t preload_readlinkat(int directory, const char *path, char *target, size_t size);
EXPORTED int preload_fstatat(int directory, const char *path, struct stat *status, int flags);

/* The connection of each descriptor that has one; 0: it has none. */
static atomic_int connections[DESCRIPTORS_MAX];

static int next_close(int fd)
{
    static close_function *next;

    if (!next)
        next = (close_function *)dlsym(RTLD_NEXT, "close");
    return next(fd);
}

/* The pty behind "/dev/ttyUSB3" into `pty`. False if it is no port of boardsim's. */
static bool find_pty(const char *path, char pty[PATH_MAX])
{
    const char *root = getenv("UMOCKDEV_DIR");
    char node[PATH_MAX];
    if (!root || !getenv(PORT_LINES_SOCKET) || strncmp(path, "/dev/ttyUSB", strlen("/dev/ttyUSB")) != 0)
        return false;
    snprintf(node, sizeof node, "%s%s", root, path);
    ssize_t n = readlink(node, pty, PATH_MAX - 1);
    if (n > 0)
        pty[n] = '\0';
    return n > 0;
}

/* What the test bed has nothing of. */
static bool is_elsewhere(const char *path)
{
    return path[0] == '/' && strncmp(path, "/dev", 4) != 0 && strncmp(path, "/sys", 4) != 0 &&
           strncmp(path, "/run", 4) != 0 && getenv(PORT_LINES_SOCKET);
}

int preload_open(const char *path, int flags, ...)
{
    static open_function *next;
    char pty[PATH_MAX];
    mode_t mode = 0;
    if (flags & (O_CREAT | O_TMPFILE)) {
        va_list arguments;
        va_start(arguments, flags);
        mode = va_arg(arguments, mode_t);
        va_end(arguments);
    }

    if (!next)
        next = (open_function *)dlsym(RTLD_NEXT, "open");
    int error = errno;
    if (find_pty(path, pty))
        return (int)syscall(SYS_openat, AT_FDCWD, pty, flags, mode);
    errno = error;
    if (is_elsewhere(path))
        return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    return next(path, flags, mode);
}

DIR *preload_opendir(const char *path)
{
    static opendir_function *next;

    if (is_elsewhere(path)) {
        int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd >= 0 ? fdopendir(fd) : NULL;
    }
    if (!next)
        next = (opendir_function *)dlsym(RTLD_NEXT, "opendir");
    return next(path);
}

static bool is_line_request(unsigned long request)
{
    return request == TIOCMGET || request == TIOCMSET || request == TIOCMBIS || request == TIOCMBIC;
}

static int connect_to_boardsim(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *path = getenv(PORT_LINES_SOCKET);
    int fd = path ? socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0) : -1;

    if (fd < 0)
        return -1;
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    next_close(fd);
    return -1;
}

static int connection_of(int fd)
{
    if (fd < 0 || fd >= DESCRIPTORS_MAX)
        return -1;
    int connection = connections[fd];
    if (connection == 0)
        connections[fd] = connection = connect_to_boardsim();
    return connection;
}

/* Returns an errno. */
static int ask(int fd, unsigned long request, int *lines)
{
    struct port_lines_request message = {.request = (uint32_t)request, .lines = *lines};
    struct port_lines_answer answer;
    char link[32];
    int connection = connection_of(fd);

    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, message.pty, sizeof message.pty - 1);
    if (connection <= 0 || n < 0 || send(connection, &message, sizeof message, MSG_NOSIGNAL) != sizeof message ||
        recv(connection, &answer, sizeof answer, 0) != sizeof answer)
        return ENOTTY;
    *lines = answer.lines;
    return answer.error;
}

int preload_ioctl(int fd, unsigned long request, ...)
{
    static ioctl_function *next;
    va_list arguments;
    va_start(arguments, request);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);

    if (!next)
        next = (ioctl_function *)dlsym(RTLD_NEXT, "ioctl");
    int result = next(fd, request, argument);
    if (result == 0 || !is_line_request(request) || (errno != ENOTTY && errno != EINVAL))
        return result;
    errno = ask(fd, request, argument);
    return errno ? -1 : 0;
}

int preload_close(int fd)
{
    if (fd >= 0 && fd < DESCRIPTORS_MAX) {
        int connection = atomic_exchange(&connections[fd], 0);
        if (connection > 0)
            next_close(connection);
    }
    return next_close(fd);
}

static bool is_port(int fd)
{
    return fd >= 0 && fd < DESCRIPTORS_MAX && connections[fd] > 0;
}

ssize_t preload_read(int fd, void *bytes, size_t n)
{
    static read_function *next;

    if (is_port(fd))
        return syscall(SYS_read, fd, bytes, n);
    if (!next)
        next = (read_function *)dlsym(RTLD_NEXT, "read");
    return next(fd, bytes, n);
}

ssize_t preload_write(int fd, const void *bytes, size_t n)
{
    static write_function *next;

    if (is_port(fd))
        return syscall(SYS_write, fd, bytes, n);
    if (!next)
        next = (write_function *)dlsym(RTLD_NEXT, "write");
    return next(fd, bytes, n);
}

/* Names within a directory that is open: gangd asks for those of /proc/PID/fd alone. */
static bool is_inside(const char *path)
{
    return path[0] && path[0] != '/' && getenv(PORT_LINES_SOCKET);
}

ssize_t preload_readlinkat(int directory, const char *path, char *target, size_t size)
{
    static readlinkat_function *next;

    if (is_inside(path))
        return syscall(SYS_readlinkat, directory, path, target, size);
    if (!next)
        next = (readlinkat_function *)dlsym(RTLD_NEXT, "readlinkat");
    return next(directory, path, target, size);
}

int preload_fstatat(int directory, const char *path, struct stat *status, int flags)
{
    static fstatat_function *next;

#ifdef SYS_newfstatat
    if (is_inside(path))
        return (int)syscall(SYS_newfstatat, directory, path, status, flags);
#endif
    if (!next)
        next = (fstatat_function *)dlsym(RTLD_NEXT, "fstatat");
    return next(directory, path, status, flags);
}
