/* SPDX-License-Identifier: MIT */
/*
 * How the ROM sets up the way to the flash: the SPI controller's read mode and clock, and the flash cache. Addresses,
 * arguments and register bits are those of published linker scripts and disassemblies of the ROM.
 */
#ifndef BOARDSIM_ROM_CACHE_H
#define BOARDSIM_ROM_CACHE_H

#include <stdint.h>

struct chip;

/* As in byte 2 of an image's header. */
enum rom_spi_mode { ROM_SPI_QIO, ROM_SPI_QOUT, ROM_SPI_DIO, ROM_SPI_DOUT, ROM_SPI_FAST, ROM_SPI_SLOW };

/* From now on the flash is read in this mode (6 and more are as ROM_SPI_SLOW), at the APB clock divided by `divider`
 * (from 1). */
void rom_spi_config(struct chip *chip, unsigned mode, unsigned divider);

/* Tells the part to use its third and fourth data pin for data, or no longer to, by its status registers. Returns when
 * the command has been sent; the part is busy then. The ROM writes two bytes at once, so parts that want it otherwise
 * do not notice. */
uint64_t rom_spi_set_quad(struct chip *chip, uint64_t now, unsigned mode);

#endif
