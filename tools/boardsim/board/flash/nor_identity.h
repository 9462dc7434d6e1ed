/* SPDX-License-Identifier: MIT */
/*
 * What a flash part tells of itself besides the JEDEC id: device id (90h, ABh), unique id (4Bh) and the table of
 * serial flash discoverable parameters (5Ah, JEDEC JESD216). Each function fills `in`, m bytes; what the part has not
 * got is left as it is.
 */
#ifndef BOARDSIM_NOR_IDENTITY_H
#define BOARDSIM_NOR_IDENTITY_H

#include <stddef.h>
#include <stdint.h>

#include "tools/boardsim/board/flash/nor_parts.h"

#define NOR_UNIQUE_MAX 16

/* 9Fh, once: the three or four bytes of `id`, the highest first. */
void nor_identity_jedec(uint32_t id, uint8_t *in, size_t m);

/* ABh: the device id, over and over. It is one less than the id's capacity. */
void nor_identity_device(uint32_t id, uint8_t *in, size_t m);

/* 90h: manufacturer and device id, over and over; the other way round from an odd address. */
void nor_identity_manufacturer(uint32_t id, uint32_t address, uint8_t *in, size_t m);

/* 4Bh: as many bytes as the part has, of what `seed` gives. */
void nor_identity_unique(const struct nor_part *part, uint64_t seed, uint8_t *in, size_t m);

/* 5Ah, from `address` on: revision 1.0, the basic table alone. */
void nor_identity_sfdp(const struct nor_part *part, uint32_t address, uint8_t *in, size_t m);

#endif
