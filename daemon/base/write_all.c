/* SPDX-License-Identifier: MIT */
#include "daemon/base/write_all.h"

#include <errno.h>
#include <unistd.h>

bool write_all(int fd, const void *bytes, size_t n)
{
    const char *rest = bytes;
    while (n > 0) {
        ssize_t written = write(fd, rest, n);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        rest += written;
        n -= (size_t)written;
    }
    return true;
}
