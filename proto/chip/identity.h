/* SPDX-License-Identifier: MIT */
/* The identity of a unit: MAC, chip id and type from the efuses. Source: docs/esp8266.md section 3. */
#ifndef PROTO_CHIP_IDENTITY_H
#define PROTO_CHIP_IDENTITY_H

#include "proto/link/check.h"

#include <stdbool.h>
#include <stdint.h>

#define CHIP_MAGIC_ADDRESS 0x40001000
#define CHIP_MAGIC         0xFFF0C101 /* of an ESP8266 */
#define CHIP_EFUSE_ADDRESS 0x3FF00050 /* four words */
#define CHIP_EFUSE_WORDS   4

struct chip_identity {
    uint8_t mac[6];
    uint32_t chip_id; /* as the SDK's system_get_chip_id() */
    const char *name; /* "ESP8266EX" or "ESP8285"; static */
};

/* False: the efuses give no known OUI. The rest of `identity` is set all the same, with an OUI of 00:00:00. */
MUST_CHECK bool chip_identify(const uint32_t efuse[CHIP_EFUSE_WORDS], struct chip_identity *identity);

#endif
