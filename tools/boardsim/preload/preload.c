/* SPDX-License-Identifier: MIT */
/*
 * Preloaded into COMMAND in front of umockdev's preload, whose realpath() (0.17.16) takes the test bed's directory off
 * the front of every result. A tty of the test bed is a link to a pty of the host's: that result does not begin with
 * the directory and may be shorter, and the program dies of it. Such a name is answered here; all else is passed on.
 *
 * It is built without sanitizers: a program need not have them. The linker gives the functions the names that they
 * stand in for (rules.mk).
 */
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "tools/boardsim/preload/node_name.h"

typedef char *realpath_function(const char *, char *);

#define EXPORTED __attribute__((visibility("default")))

EXPORTED char *preload_realpath(const char *path, char *resolved);
EXPORTED char *preload_realpath_chk(const char *path, char *resolved, size_t size);
EXPORTED char *preload_canonicalize_file_name(const char *path);

/* The answer if the path is a node of the test bed's: in `resolved`, or allocated if that is NULL. */
static char *answer(const char *path, char *resolved)
{
    const char *root = getenv("UMOCKDEV_DIR");
    char name[PATH_MAX];
    int error = errno;
    bool found = root && path && node_name(root, path, name, sizeof name);

    errno = error;
    if (!found)
        return NULL;
    return resolved ? memcpy(resolved, name, strlen(name) + 1) : strdup(name);
}

static void *next(const char *function)
{
    return dlsym(RTLD_NEXT, function);
}

char *preload_realpath(const char *path, char *resolved)
{
    char *name = answer(path, resolved);

    return name ? name : ((realpath_function *)next("realpath"))(path, resolved);
}

char *preload_realpath_chk(const char *path, char *resolved, size_t size)
{
    char *name = size < PATH_MAX ? NULL : answer(path, resolved);

    return name ? name : ((char *(*)(const char *, char *, size_t))next("__realpath_chk"))(path, resolved, size);
}

char *preload_canonicalize_file_name(const char *path)
{
    char *name = answer(path, NULL);

    return name ? name : ((char *(*)(const char *))next("canonicalize_file_name"))(path);
}
