/* SPDX-License-Identifier: MIT */
/* The four one-time words at 0x3FF00050, from which everyone computes the MAC and the chip id. */
#ifndef BOARDSIM_EFUSE_H
#define BOARDSIM_EFUSE_H

#include <stdbool.h>
#include <stdint.h>

/* The words of a plain ESP8266 with this MAC. `clone`: words that lead to no known OUI. */
void efuse_words(uint32_t words[4], const uint8_t mac[6], bool clone);

#endif
