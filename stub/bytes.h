/* SPDX-License-Identifier: MIT */
/* Numbers of 16 and 32 bits in bytes, lowest first, at any address. */
#ifndef STUB_BYTES_H
#define STUB_BYTES_H

#include <stdint.h>

uint32_t get_16(const uint8_t *from);
uint32_t get_32(const uint8_t *from);
void put_16(uint8_t *to, uint32_t value);
void put_32(uint8_t *to, uint32_t value);

#endif
