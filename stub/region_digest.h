/* SPDX-License-Identifier: MIT */
/* The digest of a region as the part returns it, made at once: the part is read while the CPU computes. */
#ifndef STUB_REGION_DIGEST_H
#define STUB_REGION_DIGEST_H

#include "proto/link/wire.h"

#include <stdint.h>

/* Reads [offset, offset + size) and stores its MD5. Unless `sums` is NULL, `offset` is the beginning of a sector, and a
 * word for each sector that the region touches is stored there: its sum as described at WIRE_CAN_DIGEST_SECTORS. Then
 * the last sector is read to its end. WIRE_ERR_SLOW: the part does not finish what it was doing. */
enum wire_error region_digest(uint32_t offset, uint32_t size, uint8_t result[16], uint32_t *sums);

#endif
