/* SPDX-License-Identifier: MIT */
/* Numbers of 32 bits in network order. */
#ifndef TESTS_BE32_H
#define TESTS_BE32_H

#include <stdint.h>

static inline void put_be32(uint8_t *at, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> (24 - 8 * i));
}

static inline uint32_t get_be32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

#endif
