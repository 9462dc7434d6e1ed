/* SPDX-License-Identifier: MIT */
/*
 * The flash of a wire-level board: its content without its time. Sectors of equal content are one in memory, whichever
 * boards have them, so a hundred boards with one image take the memory of one. Boards may run in different threads.
 */
#ifndef BOARDSIM_WIRE_FLASH_H
#define BOARDSIM_WIRE_FLASH_H

#include <md5.h>
#include <stdbool.h>
#include <stdint.h>

#define WIRE_SECTOR 4096u

struct wire_flash {
    struct wire_sector **sectors; /* NULL: blank */
    uint32_t size;                /* bytes, a multiple of WIRE_SECTOR */
};

/* Blank. False when out of memory. */
__attribute__((warn_unused_result)) bool wire_flash_init(struct wire_flash *flash, uint32_t size);
void wire_flash_free(struct wire_flash *flash);

/* WIRE_SECTOR bytes: valid until the sector is put or copied to. */
const uint8_t *wire_flash_sector(const struct wire_flash *flash, uint32_t sector);
/* Sets a sector's content. When out of memory it stays blank: then its digest is wrong. */
void wire_flash_put(struct wire_flash *flash, uint32_t sector, const uint8_t bytes[WIRE_SECTOR]);

/* Adds n bytes at `address`, all within the flash, to the digest. */
void wire_flash_digest(const struct wire_flash *flash, uint32_t address, uint32_t n, MD5_CTX *md5);

#endif
