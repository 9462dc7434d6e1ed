/* SPDX-License-Identifier: MIT */
#include "stub/bytes.h"

uint32_t get_16(const uint8_t *from)
{
    return from[0] | (uint32_t)from[1] << 8;
}

uint32_t get_32(const uint8_t *from)
{
    return get_16(from) | get_16(from + 2) << 16;
}

void put_16(uint8_t *to, uint32_t value)
{
    to[0] = (uint8_t)value;
    to[1] = (uint8_t)(value >> 8);
}

void put_32(uint8_t *to, uint32_t value)
{
    put_16(to, value);
    put_16(to + 2, value >> 16);
}
