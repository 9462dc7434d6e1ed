/* SPDX-License-Identifier: MIT */
/*
 * All errors of one input, as a text with a line for each and no '\n' behind the last.
 */
#ifndef DAEMON_BASE_ERROR_LIST_H
#define DAEMON_BASE_ERROR_LIST_H

#include <stdarg.h>
#include <stddef.h>

/* Bytes of a line with its end, at most. */
#define ERROR_LIST_LINE_MAX 1400

/* `text` is the caller's, `size` bytes with the final NUL. */
struct error_list {
    char *text;
    size_t size, used;        /* bytes of the errors, without the NUL and the line about those left out */
    unsigned count, left_out; /* errors, and how many of them `text` has no room for */
};

/* Begins with no error and an empty text. */
void error_list_init(struct error_list *list, char *text, size_t size);

/* Adds a sentence without a '\n' in it; it is cut at ERROR_LIST_LINE_MAX - 1 bytes. Unprintable bytes become '?'.
 * Without room only the first is cut; any other is left out, and a last line says how many are. */
void error_list_add(struct error_list *list, const char *format, ...) __attribute__((format(printf, 2, 3)));
void error_list_vadd(struct error_list *list, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

/* The text on one line: the first error, "(and 2 more errors)". For a place that shows one sentence. */
void error_list_summary(const char *text, char *summary, size_t size);

/* Calls `take` with each line of the text. */
void error_list_each(const char *text, void (*take)(const char *line));

/* Copies the first line of the text and returns the rest, "" at the end. */
const char *error_list_next(const char *text, char *line, size_t size);

#endif
