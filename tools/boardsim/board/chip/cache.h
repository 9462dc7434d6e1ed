/* SPDX-License-Identifier: MIT */
/*
 * The flash cache: a window of 1 MB at 0x40200000 onto the flash, read-only, for code and for aligned words. Lines of
 * 32 bytes are read over SPI when they are missing. They are kept in the upper part of IRAM, which the cache takes away
 * from programs: 16 or 32 KB of it.
 *
 * Two registers rule it, which the ROM's Cache_Read_Enable and Cache_Read_Disable set (bits as that ROM code uses
 * them): CONTROL switches it on and off and selects which megabyte of the flash is in the window; BLOCKS, how much of
 * IRAM it has.
 */
#ifndef BOARDSIM_CACHE_H
#define BOARDSIM_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "tools/boardsim/board/cpu/lx106.h"

struct spi;

#define CACHE_WINDOW      0x40200000u
#define CACHE_WINDOW_SIZE 0x00100000u

#define CACHE_LINE  LX106_LINE
#define CACHE_LINES (32768u / CACHE_LINE)

/* Offsets of the registers from 0x3ff00000. */
#define CACHE_CONTROL 0x0cu
#define CACHE_BLOCKS  0x24u

#define CACHE_CONTROL_FLUSH    (1u << 0) /* while set, all lines are forgotten; */
#define CACHE_CONTROL_FLUSHED  (1u << 1) /* and this is set when that is done */
#define CACHE_CONTROL_ON       (1u << 8)
#define CACHE_CONTROL_PAIR     (7u << 16) /* which two megabytes of the flash */
#define CACHE_CONTROL_ODD      (3u << 24) /* either bit: the second of the two */
#define CACHE_CONTROL_32K      (1u << 26)
#define CACHE_BLOCKS_UPPER_16K (1u << 3) /* 0x4010c000 and up */
#define CACHE_BLOCKS_LOWER_16K (1u << 4) /* 0x40108000 and up */

struct cache {
    uint32_t control, blocks;
    uint32_t tags[CACHE_LINES]; /* flash address of the line, plus 1; 0: none */
    uint64_t fills;             /* lines read since power-on */
};

void cache_reset(struct cache *cache);

/* Offset is that of one of the two registers. */
uint32_t cache_load(const struct cache *cache, uint32_t offset);
void cache_store(struct cache *cache, uint32_t offset, uint32_t value);

/* The line that `address`, anywhere in the window, is part of. It is kept in `iram`. `*then` is when the CPU has it:
 * now, or the end of the transfer. NULL if the cache is off. */
const uint8_t *cache_line(struct cache *cache, struct spi *spi, uint8_t *iram, uint64_t now, uint32_t address,
                          uint64_t *then);

#endif
