/* SPDX-License-Identifier: MIT */
/* Who a unit is: MAC, chip id and type from the efuses, the flash part from its id. Source: esp8266.md section 3. */
#ifndef PROTO_CHIP_IDENTITY_H
#define PROTO_CHIP_IDENTITY_H

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
bool chip_identify(const uint32_t efuse[CHIP_EFUSE_WORDS], struct chip_identity *identity);

/* `id` as RDID leaves it in SPI W0: manufacturer in the low byte, then memory type, then capacity. */
struct flash_part {
    uint8_t manufacturer;
    uint16_t device; /* memory type and capacity: 0x4016 */
    uint32_t size;   /* bytes; 0: the capacity byte names none from 256 KB to 16 MB */
};

/* False: nothing answered (all ones or all zeros). */
bool flash_identify(uint32_t id, struct flash_part *part);

#endif
