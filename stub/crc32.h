/* SPDX-License-Identifier: MIT */
/* CRC-32 as in zlib (polynomial EDB88320, reflected, all ones before and after). */
#ifndef STUB_CRC32_H
#define STUB_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* Makes the tables. Before the first crc32_of(). */
void crc32_init(void);

/* Of n bytes from a multiple of 4 on. Of IRAM, whose bytes cannot be read one by one, n is a multiple of 4 too. */
uint32_t crc32_of(const uint8_t *bytes, size_t n);

/* Of the bytes whose CRC is `crc` and these behind them. */
uint32_t crc32_append(uint32_t crc, const uint8_t *bytes, size_t n);

#endif
