/* SPDX-License-Identifier: MIT */
/*
 * What the ROM does after reset: the banner, then what the straps say: the serial loader, an image from flash, or
 * waiting for a host on the SDIO pins.
 *
 * From flash it reads 16 bytes at a time into a piece of memory, in which headers lie and what is left of segments; the
 * rest goes straight to where it belongs. It reports on each segment: where to, how long, how much of the piece was
 * left for it ("room"), how much of the last piece it took ("tail"). The texts are those of published boot logs.
 */
#ifndef BOARDSIM_ROM_BOOT_H
#define BOARDSIM_ROM_BOOT_H

#include <stdbool.h>
#include <stdint.h>

#define ROM_BOOT_PIECE 16u

struct chip;

enum rom_boot_state {
    BOOT_START,   /* hardware comes up */
    BOOT_PRINT,   /* the banner comes now */
    BOOT_BANNER,  /* it is being sent */
    BOOT_HEADER,  /* of the image, and of its first segment */
    BOOT_MODE,    /* the part takes in how it will be read */
    BOOT_SEGMENT, /* a segment's header is read */
    BOOT_DATA,    /* a segment is read */
    BOOT_CHECK,   /* all segments are */
    BOOT_ENTER,   /* the image is started */
    BOOT_ENDED,
};

struct rom_boot {
    enum rom_boot_state state;
    uint32_t at;                   /* the flash address from which it reads next */
    uint8_t piece[ROM_BOOT_PIECE]; /* what it read last */
    unsigned head, tail,
        used;          /* bytes of the piece: under headers, under data behind them; both, or all if it is done */
    unsigned segments; /* still to come */
    uint32_t entry, address, length, left;
    uint8_t sum;
};

void rom_boot_start(struct chip *chip);

/* Boots from flash without banner: where the ROM goes on when loaded code returns. */
void rom_boot_start_from_flash(struct chip *chip);

/* Goes on; returns when to call again, CHIP_NEVER for "at the next event". */
uint64_t rom_boot_step(struct chip *chip);

#endif
