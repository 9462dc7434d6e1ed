/* SPDX-License-Identifier: MIT */
/*
 * Memory without which gangd cannot go on: slots, ports, the book's jobs, events. These functions never return NULL.
 * When no memory is left they write "out of memory" to the log and call abort(); systemd starts gangd again, and
 * attempts that were open become `interrupted` at that start, so the book stays complete.
 *
 * Where a request decides how much it is (pages of an export, HTTP answers, the image of a reload) use malloc() and
 * refuse the request when it returns NULL. docs/architecture.md states the rule.
 *
 * All functions are safe on every thread. The caller owns what they return, and releases it with free().
 */
#ifndef DAEMON_BASE_MEMORY_H
#define DAEMON_BASE_MEMORY_H

#include <stddef.h>

/* To be called once, before there is a second thread: memory of 256 KB and more, of images above all, goes back to the
 * system when it is freed. Otherwise glibc raises that bound to the largest block that was freed (up to 32 MB;
 * malloc/malloc.c, "dynamic mmap threshold") and keeps what is freed below it, in each of its arenas: after a few
 * reloads gangd would have the memory of a few images. */
void memory_return_large(void);

/* `size` bytes, at least 1, that are not set. For json_set_alloc_funcs(): a JSON object without a member for which
 * there was no memory would be a wrong answer. */
void *must_malloc(size_t size) __attribute__((warn_unused_result, returns_nonnull, malloc, alloc_size(1)));

/* `count` members of `size` bytes, all zero. `count` and `size` are at least 1. */
void *must_calloc(size_t count, size_t size)
    __attribute__((warn_unused_result, returns_nonnull, malloc, alloc_size(1, 2)));

/* Changes `memory` (or NULL) to `count` members of `size` bytes, which may move it; members that are added are not set.
 * `count` and `size` are at least 1. */
void *must_realloc(void *memory, size_t count, size_t size)
    __attribute__((warn_unused_result, returns_nonnull, alloc_size(2, 3)));

/* A copy of `text`. */
char *must_strdup(const char *text) __attribute__((warn_unused_result, returns_nonnull, malloc));

/* Gives memory that was freed back to the kernel, after work that needed much of it for a moment: the C library would
 * keep it for the next time. Takes some milliseconds. */
void memory_trim(void);

#endif
