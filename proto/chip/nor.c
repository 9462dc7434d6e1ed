/* SPDX-License-Identifier: MIT */
#include "proto/chip/nor.h"

bool nor_identify(uint32_t id, struct flash_part *part)
{
    id &= 0xFFFFFF;
    uint8_t capacity = (uint8_t)(id >> 16);
    part->manufacturer = (uint8_t)id;
    part->device = (uint16_t)((id & 0xFF00) | capacity);
    part->size = capacity >= 18 && capacity <= 24 ? 1u << capacity : 0;
    return id != 0 && id != 0xFFFFFF;
}
