/* SPDX-License-Identifier: MIT */
/* The header of an application slot. The image maker fills it in; the firmware's boot part searches for it. */
#ifndef DEMO_APP_HEADER_H
#define DEMO_APP_HEADER_H

#include <stdint.h>

#define APP_MAGIC 0x50504144u /* "DAPP" */

/* Offset of a slot in its megabyte, after the boot part. */
#define APP_OFFSET 0x1000u

struct app_header {
    uint32_t magic;
    uint32_t entry;
    uint32_t crystal_mhz; /* of the board: 26 or 40. The chip cannot detect it */
};

#endif
