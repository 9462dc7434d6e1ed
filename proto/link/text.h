/* SPDX-License-Identifier: MIT */
/*
 * Texts in buffers of a fixed size. What does not fit is cut between two letters of UTF-8, never within one: half a
 * letter is no text for JSON, the journal or a terminal. Bytes that are no UTF-8 are copied as they are.
 */
#ifndef PROTO_LINK_TEXT_H
#define PROTO_LINK_TEXT_H

#include <stdarg.h>
#include <stddef.h>

/* `size` is that of `to`, with the final NUL; 0: nothing is written. `from` must not overlap `to`. */
void text_copy(char *to, size_t size, const char *from);
void text_print(char *to, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
void text_vprint(char *to, size_t size, const char *format, va_list arguments) __attribute__((format(printf, 3, 0)));

/* The end of `text`, of at most `most` bytes; it begins with a whole letter. */
const char *text_tail(const char *text, size_t most);

#endif
