/* SPDX-License-Identifier: MIT */
#include "proto/chip/sfdp.h"

#include "proto/chip/nor.h"

#define SIGNATURE 0x50444653u /* "SFDP" */
#define BASIC     0x00u       /* low byte of the basic table's number; its high byte is FFh, or 0 in revision 1.0 */
#define DENSITY   1u          /* number of its word */

bool sfdp_find_density(const uint32_t header[SFDP_HEADER_WORDS], uint32_t *address)
{
    uint32_t words = header[2] >> 24;
    *address = (header[3] & 0xFFFFFF) + 4 * DENSITY;
    return header[0] == SIGNATURE && (header[2] & 0xFF) == BASIC && words > DENSITY;
}

/* The number of the last bit; above 2 Gbit, with the highest bit set, the exponent. No such part is for an ESP8266. */
uint32_t sfdp_size(uint32_t density)
{
    uint32_t bytes = density / 8 + 1;
    bool whole = density % 8 == 7 && (bytes & (bytes - 1)) == 0;
    return whole && bytes >= NOR_SIZE_MIN && bytes <= NOR_SIZE_MAX ? bytes : 0;
}
