/* SPDX-License-Identifier: MIT */
#include "daemon/base/utf8.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

size_t utf8_char(const char *s, size_t n)
{
    if (n == 0)
        return 0;
    uint8_t first = (uint8_t)s[0];
    if (first < 0x80)
        return first >= 0x20 && first != 0x7F ? 1 : 0;

    size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || length > n)
        return 0;
    uint32_t code = first & (0x7FU >> length);
    for (size_t i = 1; i < length; i++) {
        if (((uint8_t)s[i] & 0xC0) != 0x80)
            return 0;
        code = code << 6 | ((uint8_t)s[i] & 0x3F);
    }
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    bool overlong = code < smallest[length];
    bool surrogate = code >= 0xD800 && code <= 0xDFFF;
    bool control = code < 0xA0;
    return overlong || surrogate || control || code > 0x10FFFF ? 0 : length;
}

void utf8_copy(char *to, size_t size, const char *from)
{
    size_t left = strlen(from);
    size_t used = 0;
    while (left > 0) {
        size_t length = utf8_char(from, left);
        size_t taken = length > 0 ? length : 1;
        if (used + taken >= size)
            break;
        if (length > 0)
            memcpy(to + used, from, length);
        else
            to[used] = '?';
        used += taken;
        from += taken;
        left -= taken;
    }
    to[used] = '\0';
}

void utf8_replace_controls(char *text)
{
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7F)
            *c = '?';
}
