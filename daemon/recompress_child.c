/* SPDX-License-Identifier: MIT */
#include "daemon/recompress_child.h"

#include "daemon/base/write_all.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zopfli/zopfli.h>

#define LOWEST_PRIORITY 19

static int fail(const char *what)
{
    fprintf(stderr, "gangd: recompressing: %s: %s\n", what, strerror(errno));
    return EXIT_FAILURE;
}

/* The kernel's choice when memory runs out; it need not be possible. */
static void volunteer_for_oom(void)
{
    static const char most[] = "1000";
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    ssize_t written = write(fd, most, strlen(most));
    (void)written;
    close(fd);
}

/* Without a limit on the number of blocks: the usual one, 15, makes a full image larger than libdeflate does. */
static int compress(const unsigned char *bytes, size_t n)
{
    ZopfliOptions options;
    unsigned char *stream = NULL;
    size_t size = 0;
    ZopfliInitOptions(&options);
    options.blocksplittingmax = 0;
    ZopfliCompress(&options, ZOPFLI_FORMAT_ZLIB, bytes, n, &stream, &size);
    int status = write_all(STDOUT_FILENO, stream, size) ? EXIT_SUCCESS : fail("writing");
    free(stream);
    return status;
}

int recompress_child(const char *parent)
{
    struct stat info;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != atoi(parent)) /* it died before prctl() */
        return EXIT_FAILURE;
    if (setpriority(PRIO_PROCESS, 0, LOWEST_PRIORITY) != 0)
        return fail("cannot lower the priority");
    volunteer_for_oom();
    if (fstat(STDIN_FILENO, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size == 0)
        return fail("standard input is no file with content");
    size_t n = (size_t)info.st_size;
    void *bytes = mmap(NULL, n, PROT_READ, MAP_PRIVATE, STDIN_FILENO, 0);
    if (bytes == MAP_FAILED)
        return fail("reading");
    int status = compress(bytes, n);
    munmap(bytes, n);
    return status;
}
