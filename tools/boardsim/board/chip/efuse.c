/* SPDX-License-Identifier: MIT */
#include "tools/boardsim/board/chip/efuse.h"

#include <stddef.h>
#include <string.h>

/* In bits 23:16 of the second word, if the fourth is 0. */
#define OUI_18FE34  0u
#define OUI_ACD074  1u
#define OUI_UNKNOWN 7u

/* Every chip of the family has the first: Espressif's SDK stops with "Firmware ONLY supports ESP8266!!!" without it. It
 * takes the OUI from the fourth word only if the second is set. */
#define W2_ESP8266   (1u << 15)
#define W2_WHOLE_MAC (1u << 12)

/* Either of these two makes an ESP8285, and a bit tells the part for high temperatures. */
#define W0_ESP8285 (1u << 4)
#define W2_ESP8285 (1u << 16)
#define W0_HOT     (1u << 5)

/* Bits 121 and 122 of the 128: with bit 4 they tell the size of the flash in the package. */
#define W3_SIZE_121 (1u << 25)
#define W3_SIZE_122 (1u << 26)

#define MB (1u << 20)

const struct efuse_chip efuse_chips[] = {
    {"esp8266ex", {0}, 0},
    {"esp8285", {0, 0, W2_ESP8285, 0}, 0}, /* an early one: no size is burnt */
    {"esp8285n08", {W0_ESP8285, 0, W2_ESP8285, 0}, MB},
    {"esp8285h08", {W0_ESP8285 | W0_HOT, 0, W2_ESP8285, 0}, MB},
    {"esp8285n16", {W0_ESP8285, 0, W2_ESP8285, W3_SIZE_122}, 2 * MB},
    {"esp8285h16", {W0_ESP8285 | W0_HOT, 0, W2_ESP8285, W3_SIZE_122}, 2 * MB},
    {"esp8285-2mb", {0, 0, W2_ESP8285, W3_SIZE_121}, 2 * MB}, /* the other way to burn 2 MB */
    {"esp8285-4mb", {0, 0, W2_ESP8285, W3_SIZE_121 | W3_SIZE_122}, 4 * MB},
    {NULL, {0}, 0},
};

const struct efuse_chip *efuse_find(const char *name)
{
    for (const struct efuse_chip *chip = efuse_chips; chip->name; chip++)
        if (strcmp(chip->name, name) == 0)
            return chip;
    return NULL;
}

void efuse_words(uint32_t words[4], const struct efuse_chip *chip, const uint8_t mac[6], bool clone)
{
    uint32_t oui = (uint32_t)mac[0] << 16 | (uint32_t)mac[1] << 8 | mac[2];
    uint32_t kind = clone ? OUI_UNKNOWN : oui == 0xacd074 ? OUI_ACD074 : OUI_18FE34;
    bool numbered = clone || oui == 0x18fe34 || oui == 0xacd074;

    words[0] = chip->words[0] | (uint32_t)mac[5] << 24;
    words[1] = kind << 16 | (uint32_t)mac[3] << 8 | mac[4];
    bool whole = !clone && (!numbered || chip->words[3] != 0);
    words[2] = chip->words[2] | W2_ESP8266 | (whole ? W2_WHOLE_MAC : 0);
    words[3] = chip->words[3] | (whole ? oui : 0);
}
