/* SPDX-License-Identifier: MIT */
#include "stub/crc32.h"

#include "stub/cold.h"

#define POLYNOMIAL 0xedb88320u

/* table[k][b]: the sum of byte b followed by k bytes of zero. With four tables a word is added at once. */
static uint32_t table[4][256];

COLD void crc32_init(void)
{
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t sum = byte;
        for (unsigned bit = 0; bit < 8; bit++)
            sum = sum >> 1 ^ (sum & 1 ? POLYNOMIAL : 0);
        table[0][byte] = sum;
    }
    for (unsigned zeros = 1; zeros < 4; zeros++)
        for (uint32_t byte = 0; byte < 256; byte++) {
            uint32_t before = table[zeros - 1][byte];
            table[zeros][byte] = before >> 8 ^ table[0][before & 0xff];
        }
}

uint32_t crc32_append(uint32_t crc, const uint8_t *bytes, size_t n)
{
    uint32_t sum = ~crc;
    for (const uint8_t *end = bytes + (n & ~(size_t)3); bytes != end; bytes += 4) {
        sum ^= *(const uint32_t *)bytes;
        sum = table[3][sum & 0xff] ^ table[2][sum >> 8 & 0xff] ^ table[1][sum >> 16 & 0xff] ^ table[0][sum >> 24];
    }
    for (n &= 3; n > 0; n--)
        sum = sum >> 8 ^ table[0][(sum ^ *bytes++) & 0xff];
    return ~sum;
}

uint32_t crc32_of(const uint8_t *bytes, size_t n)
{
    return crc32_append(0, bytes, n);
}
