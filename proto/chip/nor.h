/* SPDX-License-Identifier: MIT */
/* The flash part, a SPI NOR chip, from its JEDEC id. Source: docs/flash-parts.md. */
#ifndef PROTO_CHIP_NOR_H
#define PROTO_CHIP_NOR_H

#include "proto/link/check.h"

#include <stdbool.h>
#include <stdint.h>

/* `id` as RDID leaves it in SPI W0: manufacturer in the low byte, then memory type, then capacity. */
struct flash_part {
    uint8_t manufacturer;
    uint16_t device; /* memory type and capacity: 0x4016 */
    uint32_t size;   /* bytes; 0: the capacity byte names none from 256 KB to 16 MB */
};

/* False: nothing answered (all ones or all zeros). */
MUST_CHECK bool nor_identify(uint32_t id, struct flash_part *part);

#endif
