/* SPDX-License-Identifier: MIT */
/* What the ROM does after reset: the banner, then the serial loader or an image from flash. */
#ifndef BOARDSIM_BOOT_H
#define BOARDSIM_BOOT_H

#include <stdbool.h>
#include <stdint.h>

struct chip;

enum boot_state {
    BOOT_START,  /* hardware comes up */
    BOOT_PRINT,  /* the banner comes now */
    BOOT_BANNER, /* it is being sent */
    BOOT_FLASH,  /* the image is read */
    BOOT_ENTER,  /* its report is being sent */
    BOOT_FAILED,
};

struct boot {
    enum boot_state state;
    uint32_t entry;
};

void boot_start(struct chip *chip);

/* Boots from flash without banner: where the ROM goes on when loaded code returns. */
void boot_from_flash(struct chip *chip);

/* Goes on; returns when to call again, CHIP_NEVER for "at the next event". */
uint64_t boot_step(struct chip *chip);

#endif
