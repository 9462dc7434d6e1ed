/* SPDX-License-Identifier: MIT */
/*
 * A test that builds a virtual /dev and /sys with umockdev needs umockdev's library in front of libc, from the start of
 * the process.
 */
#ifndef TESTS_PRELOAD_H
#define TESTS_PRELOAD_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Starts the program anew with umockdev preloaded, unless it is already. To be called first in main(). A sanitizer's
 * library insists on being in front of all others. */
static inline void preload_umockdev(char **argv)
{
    static const char library[] = "libumockdev-preload.so.0";
    const char *loaded = getenv("LD_PRELOAD");
    if (loaded && strstr(loaded, library))
        return;
    char preload[600] = "", line[512];
    FILE *maps = fopen("/proc/self/maps", "r");
    while (maps && preload[0] == '\0' && fgets(line, sizeof(line), maps)) {
        line[strcspn(line, "\n")] = '\0';
        const char *path = strchr(line, '/');
        if (path && strstr(path, "/libasan.so"))
            snprintf(preload, sizeof(preload), "%s ", path);
    }
    if (maps)
        fclose(maps);
    snprintf(preload + strlen(preload), sizeof(preload) - strlen(preload), "%s", library);
    setenv("LD_PRELOAD", preload, 1);
    char self[4096] = "";
    if (readlink("/proc/self/exe", self, sizeof(self) - 1) > 0)
        execv(self, argv);
    perror("cannot start anew with umockdev");
    exit(2);
}

#endif
