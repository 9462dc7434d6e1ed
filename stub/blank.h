/* SPDX-License-Identifier: MIT */
#ifndef STUB_BLANK_H
#define STUB_BLANK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether all bytes are 0xFF, as in erased flash. */
static inline bool blank(const uint8_t *bytes, size_t n)
{
    if (((uintptr_t)bytes & 3) == 0)
        for (; n >= 16; n -= 16, bytes += 16) {
            const uint32_t *words = (const uint32_t *)bytes;
            if ((words[0] & words[1] & words[2] & words[3]) != UINT32_MAX)
                return false;
        }
    for (; n > 0; n--)
        if (*bytes++ != 0xff)
            return false;
    return true;
}

#endif
