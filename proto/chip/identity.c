/* SPDX-License-Identifier: MIT */
#include "proto/chip/identity.h"

#include <string.h>

#define EFUSE0_ESP8285 (1u << 4)
#define EFUSE2_ESP8285 (1u << 16)

/* The OUI stands in word 3 on newer chips; older ones have a number for it in word 1. */
static bool find_oui(const uint32_t efuse[CHIP_EFUSE_WORDS], uint8_t oui[3])
{
    static const uint8_t numbered[][3] = {{0x18, 0xFE, 0x34}, {0xAC, 0xD0, 0x74}};
    uint32_t number = efuse[1] >> 16 & 0xFF;
    if (efuse[3] != 0) {
        oui[0] = (uint8_t)(efuse[3] >> 16);
        oui[1] = (uint8_t)(efuse[3] >> 8);
        oui[2] = (uint8_t)efuse[3];
        return true;
    }
    if (number >= sizeof(numbered) / sizeof(numbered[0]))
        return false;
    memcpy(oui, numbered[number], 3);
    return true;
}

bool chip_identify(const uint32_t efuse[CHIP_EFUSE_WORDS], struct chip_identity *identity)
{
    memset(identity, 0, sizeof(*identity));
    bool known = find_oui(efuse, identity->mac);
    identity->mac[3] = (uint8_t)(efuse[1] >> 8);
    identity->mac[4] = (uint8_t)efuse[1];
    identity->mac[5] = (uint8_t)(efuse[0] >> 24);
    identity->chip_id = efuse[0] >> 24 | (efuse[1] & 0xFFFFFF) << 8;
    bool esp8285 = (efuse[0] & EFUSE0_ESP8285) || (efuse[2] & EFUSE2_ESP8285);
    identity->name = esp8285 ? "ESP8285" : "ESP8266EX";
    return known;
}
