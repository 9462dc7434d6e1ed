/* SPDX-License-Identifier: MIT */
#include "tools/boardsim/preload/node_name.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINKS_MAX 40

/* Appends one component to a canonical path; "." and ".." are resolved. False if it does not fit. */
static bool append(char *path, size_t size, const char *component, size_t n)
{
    size_t length = strlen(path);

    if (n == 0 || (n == 1 && component[0] == '.'))
        return true;
    if (n == 2 && component[0] == '.' && component[1] == '.') {
        char *slash = strrchr(path, '/');

        if (slash)
            *slash = '\0';
        return true;
    }
    if (length + n + 2 > size)
        return false;
    path[length] = '/';
    memcpy(path + length + 1, component, n);
    path[length + 1 + n] = '\0';
    return true;
}

/* `path` behind `base`, which is canonical; "" is the root. */
static bool join(char *base, size_t size, const char *path)
{
    if (*path == '/')
        *base = '\0';
    while (*path) {
        size_t n = strcspn(path, "/");

        if (!append(base, size, path, n))
            return false;
        path += n + (path[n] == '/');
    }
    return true;
}

static bool in_dev(const char *path)
{
    return strncmp(path, "/dev/", 5) == 0;
}

/* What the link at `path` within `root` points to; false if there is no link. */
static bool target_of(const char *root, const char *path, char *target, size_t size)
{
    char whole[2 * PATH_MAX];
    ssize_t n;

    if (snprintf(whole, sizeof whole, "%s%s", root, path) >= (int)sizeof whole)
        return false;
    n = readlink(whole, target, size - 1);
    if (n < 0 || (size_t)n >= size - 1)
        return false;
    target[n] = '\0';
    return true;
}

/* Goes on from the link at `name`. False where its target does not fit. */
static bool follow(const char *root, char *name, size_t size, const char *target)
{
    size_t n = strlen(root);

    *strrchr(name, '/') = '\0';
    if (strncmp(target, root, n) == 0 && target[n] == '/')
        target += n;
    return join(name, size, target);
}

/* Out of the test bed: to a pty of the host's. */
static bool leads_out(const char *root, const char *target)
{
    size_t n = strlen(root);

    return *target == '/' && (strncmp(target, root, n) != 0 || target[n] != '/');
}

bool node_name(const char *root, const char *path, char *name, size_t size)
{
    char target[PATH_MAX];

    if (*path != '/' || size == 0)
        return false;
    *name = '\0';
    if (!join(name, size, path))
        return false;
    for (unsigned links = 0; links < LINKS_MAX && in_dev(name) && target_of(root, name, target, sizeof target);
         links++) {
        if (leads_out(root, target))
            return true;
        if (!follow(root, name, size, target))
            return false;
    }
    return false;
}
