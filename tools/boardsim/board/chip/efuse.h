/* SPDX-License-Identifier: MIT */
/*
 * The four one-time words at 0x3FF00050, from which everyone computes the MAC, the chip id and which chip this is
 * (docs/esp8266.md section 3).
 */
#ifndef BOARDSIM_EFUSE_H
#define BOARDSIM_EFUSE_H

#include <stdbool.h>
#include <stdint.h>

/* A chip of the family, by what is burnt besides the MAC. */
struct efuse_chip {
    const char *name;
    uint32_t words[4];
    uint32_t flash; /* bytes of flash in the package, as the words encode it; 0: none */
};

/* Ends with a chip whose name is NULL. The first one is what a board has if nothing else is said. */
extern const struct efuse_chip efuse_chips[];

/* NULL if there is no chip of that name (case matters). */
const struct efuse_chip *efuse_find(const char *name);

/* The words of that chip with this MAC. The OUIs 18:fe:34 and ac:d0:74 have a number in the second word; any other one
 * but 00:00:00, or any at all if the chip has bits of its own in the fourth word, is kept there. `clone`: words that
 * lead to no known OUI. */
void efuse_words(uint32_t words[4], const struct efuse_chip *chip, const uint8_t mac[6], bool clone);

#endif
