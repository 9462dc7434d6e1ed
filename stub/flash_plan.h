/* SPDX-License-Identifier: MIT */
/* What becomes of each sector of a streamed write job's region. Without a plan all sectors are WIRE_PLAN_DATA. */
#ifndef STUB_FLASH_PLAN_H
#define STUB_FLASH_PLAN_H

#include "proto/link/wire.h"

#include <stddef.h>
#include <stdint.h>

/* Forgets the plan. `offset` is the region's beginning, a multiple of the sector's size. */
void plan_begin(uint32_t offset);

/* Appends bytes of the plan: one word of 16 bits for each sector, low byte first; see WIRE_PLAN_DATA in wire.h. What
 * exceeds the largest flash is ignored. */
void plan_add(const uint8_t *bytes, size_t n);

/* WIRE_PLAN_DATA and so on. */
unsigned plan_kind(uint32_t address);

/* Of a WIRE_PLAN_COPY: the address of the byte that belongs at `address`. */
uint32_t plan_source(uint32_t address);

#endif
