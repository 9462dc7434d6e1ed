/* SPDX-License-Identifier: MIT */
/*
 * The flash part behind SPI0, by the controller's registers.
 *
 * Erases and programs are only begun: the part works on while the stub inflates or receives. Every call begins by
 * waiting for the operation before it, so a part that does not finish in time shows at the next call, or at
 * spi_finish(). The time limits are twice the largest maximum of the parts in use, for worn and cold ones.
 */
#ifndef STUB_SPI_H
#define STUB_SPI_H

#include "proto/link/wire.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SPI_SECTOR      0x1000u
#define SPI_BLOCK       0x10000u
#define SPI_PAGE        256u       /* a program must not cross its end */
#define SPI_PROGRAM_MAX 64u        /* the controller's buffer */
#define SPI_SIZE_MAX    0x1000000u /* addresses have 24 bits */

void spi_attach(void);

/* As RDID answers, first byte lowest: manufacturer, type, capacity. */
uint32_t spi_flash_id(void);

/* Whether the part still works. One look at its status. */
bool spi_busy(void);

/* Waits until the part has finished. WIRE_ERR_SLOW if that takes longer than it may. */
enum wire_error spi_finish(void);

/* Takes the write protection of the whole part off; a ROM FLASH_END leaves it on. WIRE_ERR_UNLOCK if it stays. */
enum wire_error spi_unlock(void);

/* WIRE_ERR_SLOW: the part did not finish what was begun before. WIRE_ERR_SPI: it does not let itself be written.
 * WIRE_ERR_UNLOCK: it has ignored the command, as parts do where they are protected. */
enum wire_error spi_erase_sector(uint32_t address);
enum wire_error spi_erase_block(uint32_t address);
enum wire_error spi_erase_chip(void);
/* 1 to SPI_PROGRAM_MAX bytes within one page, erased and not yet programmed. */
enum wire_error spi_program(uint32_t address, const uint8_t *bytes, size_t n);
/* Any number of bytes; the last word is filled up with what is of no meaning. */
enum wire_error spi_read(uint32_t address, uint32_t *words, size_t n);

#endif
