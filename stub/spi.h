/* SPDX-License-Identifier: MIT */
/*
 * The flash part on SPI0, accessed through the controller's registers.
 *
 * Erases and programs are only begun; the part continues while the stub inflates or receives. An erase and
 * spi_read() first wait for the previous operation, so that the next one, or spi_finish(), reports a part that does not
 * finish in time; the others say what they expect. The
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
#define SPI_READ_MAX    64u        /* the same */
#define SPI_SIZE_MAX    0x1000000u /* addresses have 24 bits */

/* The end of the sector that `address` is in, or `address` itself if it is the beginning of one. */
static inline uint32_t spi_sectors_end(uint32_t address)
{
    return (address + SPI_SECTOR - 1) & ~(SPI_SECTOR - 1);
}

void spi_attach(void);

/* From now on the SPI clock and the reads are those of the flags WIRE_STREAM_DUAL and WIRE_STREAM_DIVIDER; others are
 * ignored. Until spi_read_slowly(), which restores what spi_attach() has set. */
void spi_read_faster(uint32_t flags);
void spi_read_slowly(void);

/* The reply to RDID, first byte lowest: manufacturer, type, capacity. */
uint32_t spi_flash_id(void);

/* Whether the part is still busy. Reads its status once. */
bool spi_busy(void);

/* Whether the end of the operation begun last has not been seen yet. */
bool spi_running(void);

/* Whether spi_busy() has found the part busy for longer than the operation begun last may take. */
bool spi_overdue(void);

/* Whether a program is about to end, by the time that programs have taken so far. Then nothing else should be begun. */
bool spi_ends_soon(void);

/* Waits for the end of a program that is about to end. Returns false if there is none, or if it is overdue. */
bool spi_await_end(void);

/* Waits for a fraction of the time that the operation begun last takes. */
void spi_pause(void);

/* Waits until the part has finished. WIRE_ERR_SLOW if the time limit is exceeded. */
enum wire_error spi_finish(void);

/* Removes the write protection of the whole part, which a ROM loader's FLASH_END sets. WIRE_ERR_UNLOCK if it
 * remains. */
enum wire_error spi_unlock(void);

/* WIRE_ERR_SLOW: the part did not finish the previous operation. WIRE_ERR_SPI: it does not accept the write enable.
 * WIRE_ERR_UNLOCK: it has ignored the erase, which parts do in protected areas, also after the locks of its blocks were
 * opened. */
enum wire_error spi_erase_sector(uint32_t address);
enum wire_error spi_erase_block(uint32_t address);
enum wire_error spi_erase_chip(void);
/* 1 to SPI_PROGRAM_MAX bytes within one page, erased and not yet programmed. spi_stage() puts them into the controller,
 * which may be done while the part is busy, and they stay there while only spi_busy() and spi_overdue() are called.
 * spi_program() begins to program them; the part must not be busy. Whether it accepts the write enable has been seen
 * when it was erased. */
void spi_stage(const uint8_t *bytes, size_t n);
void spi_program(uint32_t address, size_t n);
/* Any number of bytes; the unused bytes of the last word are undefined. */
enum wire_error spi_read(uint32_t address, uint32_t *words, size_t n);
/* As spi_read() for 1 to SPI_READ_MAX bytes, in two steps, between which the CPU is free; only other memory may be used
 * meanwhile, not the part. It must not be busy. */
void spi_read_begin(uint32_t address, size_t n);
void spi_read_end(uint32_t *words, size_t n);
/* In place of spi_read_end(), of SPI_READ_MAX bytes: whether all of them are blank. If not, they stay in the
 * controller, as if by spi_stage(). */
bool spi_read_end_blank(void);

#endif
