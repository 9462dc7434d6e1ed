/* SPDX-License-Identifier: MIT */
/*
 * The SPI0 controller at 0x60000200, through which the chip reaches its flash part: the canned commands and the free
 * form ("USR") of docs/esp8266.md section 4. A transfer takes the clocks of its bits, on one, two or four data pins.
 * The phases of USR use more than one pin as CTRL's modes (reading) and USR's own (writing) say; a part that is read by
 * another number of pins than its command means gives nothing.
 */
#ifndef BOARDSIM_SPI_H
#define BOARDSIM_SPI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nor;
struct observer; /* observer.h */

enum {
    SPI_CMD = 0x00,
    SPI_ADDR = 0x04,
    SPI_CTRL = 0x08,
    SPI_RD_STATUS = 0x10,
    SPI_CLOCK = 0x18,
    SPI_USR = 0x1c,
    SPI_USR1 = 0x20,
    SPI_USR2 = 0x24,
    SPI_W0 = 0x40,
    SPI_EXT2 = 0xf8,
    SPI_SIZE = 0x100,
};

#define SPI_CMD_READ (1u << 31)
#define SPI_CMD_WREN (1u << 30)
#define SPI_CMD_WRDI (1u << 29)
#define SPI_CMD_RDID (1u << 28)
#define SPI_CMD_RDSR (1u << 27)
#define SPI_CMD_WRSR (1u << 26)
#define SPI_CMD_PP   (1u << 25)
#define SPI_CMD_SE   (1u << 24)
#define SPI_CMD_BE   (1u << 23)
#define SPI_CMD_CE   (1u << 22)
#define SPI_CMD_DP   (1u << 21)
#define SPI_CMD_RES  (1u << 20)
#define SPI_CMD_USR  (1u << 18)

#define SPI_USR_COMMAND    (1u << 31)
#define SPI_USR_ADDRESS    (1u << 30)
#define SPI_USR_DUMMY      (1u << 29)
#define SPI_USR_MISO       (1u << 28)
#define SPI_USR_MOSI       (1u << 27)
#define SPI_USR_MOSI_HIGH  (1u << 25) /* the data is in W8 to W15 */
#define SPI_USR_MISO_HIGH  (1u << 24)
#define SPI_USR_WRITE_QIO  (1u << 15) /* address and data by so many pins */
#define SPI_USR_WRITE_DIO  (1u << 14)
#define SPI_USR_WRITE_QUAD (1u << 13) /* the data alone */
#define SPI_USR_WRITE_DUAL (1u << 12)
#define SPI_USR_WRITE_BIG  (1u << 11) /* the highest byte of each word first */
#define SPI_USR_READ_BIG   (1u << 10)

#define SPI_CTRL_WRITE_LSB (1u << 26) /* the lowest bit of each byte first */
#define SPI_CTRL_READ_LSB  (1u << 25)
#define SPI_CTRL_STATUS_16 (1u << 22) /* the canned WRSR writes two bytes */

/* CTRL: how the canned READ and the cache read. None of the modes: by command 03h, one bit at a time. */
#define SPI_CTRL_FAST  (1u << 13)
#define SPI_CTRL_DOUT  (1u << 14)
#define SPI_CTRL_CACHE (1u << 17) /* the cache may read */
#define SPI_CTRL_QOUT  (1u << 20)
#define SPI_CTRL_DIO   (1u << 23)
#define SPI_CTRL_QIO   (1u << 24)
#define SPI_CTRL_MODES (SPI_CTRL_FAST | SPI_CTRL_DOUT | SPI_CTRL_QOUT | SPI_CTRL_DIO | SPI_CTRL_QIO)

struct spi {
    struct nor *nor;
    const struct observer *observer; /* NULL: none */
    bool attached;                   /* the pins are switched to the controller: before that no flash is seen */
    uint32_t regs[SPI_SIZE / 4];
    uint64_t done;        /* end of the last transfer */
    bool only_reads;      /* the last transfer was a status read: it changed nothing */
    uint32_t last_result; /* its answer */
};

void spi_reset(struct spi *spi);

static inline bool spi_busy(const struct spi *spi, uint64_t now)
{
    return now < spi->done;
}

/* Cycles of the APB clock that one SPI bit takes, as SPI_CLOCK says. Outside of spi.c for tests only. */
unsigned spi_bit_cycles(const struct spi *spi);

uint32_t spi_load(const struct spi *spi, uint64_t now, uint32_t offset);

/* Returns true if the store changed nothing that the program could see by repeating it (same register value, or a
 * status read with the same answer as the last): a loop of nothing else is waiting. */
bool spi_store(struct spi *spi, uint64_t now, uint32_t offset, uint32_t value);

/* CTRL lets the cache read. */
bool spi_serves_cache(const struct spi *spi);

/* A read by the cache, past the registers: n bytes, up to 64, as soon as the controller is free. Returns when it is
 * done. */
uint64_t spi_fetch(struct spi *spi, uint64_t now, uint32_t address, uint8_t *bytes, size_t n);

#endif
