/* SPDX-License-Identifier: MIT */
/* A set of sectors of the flash, each by its address / 4096. All zero: empty. */
#ifndef PROTO_IMAGE_SECTOR_SET_H
#define PROTO_IMAGE_SECTOR_SET_H

#include <stdbool.h>
#include <stdint.h>

#define SECTOR_SET_SIZE 4096 /* 16 MB: the largest part the chip can address */

struct sector_set {
    uint8_t bits[SECTOR_SET_SIZE / 8];
};

static inline void sector_set_add(struct sector_set *set, uint32_t sector)
{
    set->bits[sector / 8] |= (uint8_t)(1u << sector % 8);
}

static inline bool sector_set_has(const struct sector_set *set, uint32_t sector)
{
    return set->bits[sector / 8] >> sector % 8 & 1;
}

#endif
