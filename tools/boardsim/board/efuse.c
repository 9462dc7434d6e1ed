/* SPDX-License-Identifier: MIT */
#include "tools/boardsim/board/efuse.h"

/* In bits 23:16 of the second word, if the fourth holds no OUI. */
#define OUI_18FE34  0u
#define OUI_ACD074  1u
#define OUI_UNKNOWN 7u

void efuse_words(uint32_t words[4], const uint8_t mac[6], bool clone)
{
    uint32_t oui = (uint32_t)mac[0] << 16 | (uint32_t)mac[1] << 8 | mac[2];
    uint32_t kind = clone ? OUI_UNKNOWN : oui == 0xacd074 ? OUI_ACD074 : OUI_18FE34;

    words[0] = (uint32_t)mac[5] << 24;
    words[1] = kind << 16 | (uint32_t)mac[3] << 8 | mac[4];
    words[2] = 0;
    words[3] = clone || oui == 0x18fe34 || oui == 0xacd074 ? 0 : oui;
}
