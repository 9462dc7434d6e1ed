/* SPDX-License-Identifier: MIT */
#include "daemon/base/memory.h"

#include "daemon/base/log.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#define LARGE (256 << 10) /* bytes */

static void *checked(void *memory)
{
    if (!memory) {
        log_error("memory", "out of memory");
        abort();
    }
    return memory;
}

void memory_return_large(void)
{
    (void)mallopt(M_MMAP_THRESHOLD, LARGE);
}

void *must_malloc(size_t size)
{
    return checked(malloc(size));
}

void *must_calloc(size_t count, size_t size)
{
    return checked(calloc(count, size));
}

void *must_realloc(void *memory, size_t count, size_t size)
{
    return checked(reallocarray(memory, count, size));
}

char *must_strdup(const char *text)
{
    return checked(strdup(text));
}

void memory_trim(void)
{
    malloc_trim(0);
}
