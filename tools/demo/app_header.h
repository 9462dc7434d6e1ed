/* SPDX-License-Identifier: MIT */
/* How an application slot begins: what the firmware's boot part looks for, and what the image maker fills in. */
#ifndef DEMO_APP_HEADER_H
#define DEMO_APP_HEADER_H

#include <stdint.h>

#define APP_MAGIC 0x50504144u /* "DAPP" */

/* A slot begins this far into its megabyte, behind the boot part. */
#define APP_OFFSET 0x1000u

struct app_header {
    uint32_t magic;
    uint32_t entry;
    uint32_t crystal_mhz; /* of the board: 26 or 40. The chip cannot tell */
};

#endif
