/* SPDX-License-Identifier: MIT */
/*
 * How the ROM works on the flash part: read, program, erase, piece by piece, so that time passes and interrupts come in
 * between. One job does what one of SPIRead, SPIWrite, SPIErase…, SPIUnlock does; the loader uses the same.
 */
#ifndef BOARDSIM_ROM_FLASH_H
#define BOARDSIM_ROM_FLASH_H

#include <stdbool.h>
#include <stdint.h>

struct chip;

/* As SPIParamCfg sets it. */
struct rom_flash {
    uint32_t size, block, sector, page;
};

/* What the ROM assumes before anyone tells it better. */
#define ROM_FLASH_DEFAULT ((struct rom_flash){4u << 20, 65536, 4096, 256})

enum flash_kind {
    FLASH_READ,    /* into memory */
    FLASH_PROGRAM, /* from memory */
    FLASH_ERASE,   /* whole sectors, by blocks where they fit if `blocks` */
    FLASH_ERASE_CHIP,
    FLASH_STATUS, /* writes `value` to the status register */
};

struct flash_job {
    enum flash_kind kind;
    uint32_t address, left; /* bytes */
    uint32_t memory;
    uint32_t value;
    bool blocks;
    bool started;
    bool bad_memory; /* the job ended at an address that is no RAM */
};

/* Goes on with the job. Returns the time at which to call again, or 0 when it is done. */
uint64_t flash_job_step(struct chip *chip, struct flash_job *job);

/* Switches the pins to the flash, as SelectSpiFunction does. */
void rom_flash_select(struct chip *chip);

/* As spi_flash_attach: selects the flash, and wakes it (ABh): a part in deep power-down stays so over a reset of the
 * chip. Returns when that is done. */
uint64_t rom_flash_attach(struct chip *chip);

#endif
