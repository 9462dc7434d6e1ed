/* SPDX-License-Identifier: MIT */
#include "proto/image/stream_flags.h"

#include "proto/link/wire.h"

/* Of the boot image's header. */
#define HEADER_SIZE  8
#define HEADER_MAGIC 0xE9
#define AT_MODE      2 /* 0 QIO, 1 QOUT, 2 DIO, 3 DOUT */
#define MODES        4
#define AT_CLOCK     3 /* the low four bits */

static const uint8_t *boot_header(const struct golden *golden)
{
    const struct golden_part *part = &golden->parts[0];
    bool has_one = part->offset == 0 && part->size >= HEADER_SIZE && part->bytes[0] == HEADER_MAGIC;
    return has_one ? part->bytes : NULL;
}

/* "40", "26" and "20 MHz" are APB / 2, / 3 and / 4. "80 MHz" is read at the fastest clock that a stub can do. */
static uint32_t spi_divider(const uint8_t *header)
{
    switch (header[AT_CLOCK] & 0xF) {
    case 0x0:
    case 0xF: return 2;
    case 0x1: return 3;
    case 0x2: return 4;
    default: return 0;
    }
}

uint32_t stream_read_flags(const struct golden *golden)
{
    const uint8_t *header = boot_header(golden);
    if (!header)
        return 0;
    uint32_t divider = spi_divider(header) << WIRE_STREAM_DIVIDER_SHIFT;
    return header[AT_MODE] < MODES ? divider | WIRE_STREAM_DUAL : divider;
}
