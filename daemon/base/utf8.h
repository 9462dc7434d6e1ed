/* SPDX-License-Identifier: MIT */
/*
 * Text from outside (USB strings, the configuration) before it goes into JSON, the log or the book.
 */
#ifndef DAEMON_BASE_UTF8_H
#define DAEMON_BASE_UTF8_H

#include <stddef.h>

/* Bytes (1 to 4) of the printable UTF-8 character at `s`, where `n` bytes are; 0 if there is none: a control character,
 * an encoding that is cut off, overlong or beyond Unicode. */
size_t utf8_char(const char *s, size_t n);

/* Copies `from` into `to` (`size` bytes with the final NUL, at least 1). Bytes that are no printable character become
 * '?'; what does not fit is cut off between two characters. */
void utf8_copy(char *to, size_t size, const char *from);

/* Replaces each ASCII control character of `text` by '?', so that output of one line stays one line. */
void utf8_replace_controls(char *text);

#endif
