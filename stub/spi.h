/* SPDX-License-Identifier: MIT */
/*
 * The flash part on SPI0, accessed through the controller's registers.
 *
 * Erases and programs are only begun; the part continues while the stub inflates or receives. Every call first waits
 * for the previous operation, so that the next call, or spi_finish(), reports a part that does not finish in time. The
 * time limits are twice the largest maximum of the parts in use, as a margin for worn and cold parts. */
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

/* The reply to RDID, first byte lowest: manufacturer, type, capacity. */
uint32_t spi_flash_id(void);

/* Whether the part is still busy. Reads its status once. */
bool spi_busy(void);

/* Waits until the part has finished. WIRE_ERR_SLOW if the time limit is exceeded. */
enum wire_error spi_finish(void);

/* Removes the write protection of the whole part, which a ROM loader's FLASH_END sets. WIRE_ERR_UNLOCK if it
 * remains. */
enum wire_error spi_unlock(void);

/* WIRE_ERR_SLOW: the part did not finish the previous operation. WIRE_ERR_SPI: it does not accept the write enable.
 * WIRE_ERR_UNLOCK: it has ignored the erase, which parts do in protected areas. */
enum wire_error spi_erase_sector(uint32_t address);
enum wire_error spi_erase_block(uint32_t address);
enum wire_error spi_erase_chip(void);
/* 1 to SPI_PROGRAM_MAX bytes within one page, erased and not yet programmed. */
enum wire_error spi_program(uint32_t address, const uint8_t *bytes, size_t n);
/* Any number of bytes; the unused bytes of the last word are undefined. */
enum wire_error spi_read(uint32_t address, uint32_t *words, size_t n);

#endif
