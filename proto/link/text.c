/* SPDX-License-Identifier: MIT */
#include "proto/link/text.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* The bytes of a letter behind its first one. */
static bool is_continuation(char byte)
{
    return ((unsigned char)byte & 0xC0) == 0x80;
}

static size_t letter_length(char first)
{
    unsigned char byte = (unsigned char)first;
    return byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1;
}

/* Takes the beginning of a letter from the end of `text`, which was cut behind `len` bytes. */
static void drop_half_letter(char *text, size_t len)
{
    size_t first = len;
    while (first > 0 && len - first < 3 && is_continuation(text[first - 1]))
        first--;
    if (first > 0 && letter_length(text[first - 1]) > len - first + 1)
        text[first - 1] = '\0';
}

void text_copy(char *to, size_t size, const char *from)
{
    if (size == 0)
        return;
    size_t len = strnlen(from, size);
    bool cut = len == size;
    len -= cut ? 1 : 0;
    memcpy(to, from, len);
    to[len] = '\0';
    if (cut)
        drop_half_letter(to, len);
}

void text_vprint(char *to, size_t size, const char *format, va_list arguments)
{
    int len = vsnprintf(to, size, format, arguments);
    if (size > 0 && len >= (int)size)
        drop_half_letter(to, size - 1);
}

void text_print(char *to, size_t size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    text_vprint(to, size, format, arguments);
    va_end(arguments);
}

const char *text_tail(const char *text, size_t most)
{
    size_t len = strlen(text);
    const char *tail = text + (len > most ? len - most : 0);
    while (tail > text && is_continuation(*tail))
        tail++;
    return tail;
}
