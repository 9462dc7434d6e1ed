/* SPDX-License-Identifier: MIT */
/*
 * The words for the values of an enum: its names in the API, the configuration and the book.
 */
#ifndef DAEMON_BASE_WORDS_H
#define DAEMON_BASE_WORDS_H

#include <stddef.h>

/* The index of `word` in `words` (`count` of them, none NULL); -1 if it is none of them. */
int words_find(const char *const *words, size_t count, const char *word) __attribute__((warn_unused_result));

#endif
