/* SPDX-License-Identifier: MIT */
/*
 * The table of serial flash discoverable parameters (JEDEC JESD216), which most newer parts answer to the command 5Ah:
 * a header of 8 bytes, then headers of 8 bytes for each table. The first of them is the basic table's; its second word
 * is the density. Bytes come lowest first. Words here are as the SPI controller's registers hold them.
 */
#ifndef PROTO_CHIP_SFDP_H
#define PROTO_CHIP_SFDP_H

#include "proto/link/check.h"

#include <stdbool.h>
#include <stdint.h>

#define SFDP_HEADER_WORDS 4

/* From the first 16 bytes the address of the basic table's density. False: this is no SFDP header. */
MUST_CHECK bool sfdp_find_density(const uint32_t header[SFDP_HEADER_WORDS], uint32_t *address);

/* Bytes of a part of this density; 0: none from 256 KB to 16 MB. */
uint32_t sfdp_size(uint32_t density);

#endif
