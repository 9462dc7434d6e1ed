/* SPDX-License-Identifier: MIT */
#include "tools/boardsim/board/spi.h"

#include <string.h>

#include "tools/boardsim/board/nor.h"

#define CLOCK_UNDIVIDED (1u << 31)
#define CLOCK_BY_FOUR   0x00003043u /* what the ROM sets: 13 MHz from 52 */
#define CTRL_WRSR_2B    (1u << 22)

#define USR_COMMAND (1u << 31)
#define USR_ADDRESS (1u << 30)
#define USR_DUMMY   (1u << 29)
#define USR_MISO    (1u << 28)
#define USR_MOSI    (1u << 27)

#define BUFFER 64u

/* One chip-select on the wire. */
struct transfer {
    uint8_t out[1 + 4 + 32 + BUFFER];
    size_t n;
    uint8_t in[BUFFER];
    size_t m;
    unsigned bits;
    bool zeros; /* is all that comes back */
};

void spi_reset(struct spi *spi)
{
    struct nor *nor = spi->nor;

    memset(spi, 0, sizeof *spi);
    spi->nor = nor;
    spi->regs[SPI_CLOCK / 4] = CLOCK_BY_FOUR;
}

unsigned spi_bit_cycles(const struct spi *spi)
{
    uint32_t clock = spi->regs[SPI_CLOCK / 4];

    if (clock & CLOCK_UNDIVIDED)
        return 1;
    return ((clock >> 12 & 0x3f) + 1) * ((clock >> 18 & 0x1fff) + 1);
}

static uint8_t buffer_byte(const struct spi *spi, size_t i)
{
    return (uint8_t)(spi->regs[SPI_W0 / 4 + i / 4] >> (i % 4 * 8));
}

static void fill_buffer(struct spi *spi, const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t *word = &spi->regs[SPI_W0 / 4 + i / 4];
        unsigned shift = i % 4 * 8;

        *word = (*word & ~(0xffu << shift)) | (uint32_t)bytes[i] << shift;
    }
}

static void put_command(struct transfer *t, uint8_t command)
{
    t->out[t->n++] = command;
    t->bits += 8;
}

static void put_address(struct transfer *t, uint32_t address, unsigned bytes)
{
    while (bytes-- > 0) {
        t->out[t->n++] = (uint8_t)(address >> (8 * bytes));
        t->bits += 8;
    }
}

static void put_data(struct spi *spi, struct transfer *t, size_t n)
{
    if (n > BUFFER)
        n = BUFFER;
    for (size_t i = 0; i < n; i++)
        t->out[t->n++] = buffer_byte(spi, i);
    t->bits += 8 * (unsigned)n;
}

static void want(struct transfer *t, size_t m)
{
    t->m = m > BUFFER ? BUFFER : m;
    t->bits += 8 * (unsigned)t->m;
}

static void finish(struct spi *spi, uint64_t now, struct transfer *t)
{
    spi->done = now + (uint64_t)t->bits * spi_bit_cycles(spi);
    memset(t->in, t->zeros ? 0 : 0xff, sizeof t->in);
    if (spi->attached && spi->nor && !t->zeros)
        nor_transfer(spi->nor, spi->done, t->out, t->n, t->in, t->m);
}

/* The free form: command, address, dummies, data out, data in, each if USR says so. The address leaves from the top of
 * the ADDR register. */
static void free_form(struct spi *spi, struct transfer *t)
{
    uint32_t usr = spi->regs[SPI_USR / 4], usr1 = spi->regs[SPI_USR1 / 4], usr2 = spi->regs[SPI_USR2 / 4];

    if (usr & USR_COMMAND)
        put_command(t, (uint8_t)usr2);
    if (usr & USR_ADDRESS) {
        unsigned bits = (usr1 >> 26) + 1;

        if (bits > 32)
            bits = 32;
        put_address(t, spi->regs[SPI_ADDR / 4] >> (32 - bits), (bits + 7) / 8);
    }
    if (usr & USR_DUMMY) {
        unsigned bits = (usr1 & 0xff) + 1;

        memset(t->out + t->n, 0, bits / 8);
        t->n += bits / 8;
        t->bits += bits;
    }
    if (usr & USR_MOSI)
        put_data(spi, t, ((usr1 >> 17 & 0x1ff) + 8) / 8);
    if (usr & USR_MISO)
        want(t, ((usr1 >> 8 & 0x1ff) + 8) / 8);
}

/* Clocks of address and dummies, and of each byte, are those of the pins in use. */
static const struct read_mode {
    uint32_t ctrl;
    uint8_t command;
    unsigned address, dummy, byte; /* clocks */
    bool quad;
} read_modes[] = {
    {SPI_CTRL_QIO, 0xeb, 6, 6, 2, true},    {SPI_CTRL_QOUT, 0x6b, 24, 8, 2, true},
    {SPI_CTRL_DIO, 0xbb, 12, 4, 4, false},  {SPI_CTRL_DOUT, 0x3b, 24, 8, 4, false},
    {SPI_CTRL_FAST, 0x0b, 24, 8, 8, false}, {0, 0x03, 24, 0, 8, false},
};

static void put_read(const struct spi *spi, struct transfer *t, uint32_t address, size_t n)
{
    const struct read_mode *mode = read_modes;

    while (mode->ctrl && !(spi->regs[SPI_CTRL / 4] & mode->ctrl))
        mode++;
    put_command(t, mode->command);
    put_address(t, address, 3);
    if (mode->dummy)
        put_address(t, 0, mode->command == 0xeb ? 3 : 1);
    want(t, n);
    t->bits = 8 + mode->address + mode->dummy + mode->byte * (unsigned)t->m;
    /* Boot logs of boards whose flash was to be read by four pins and does not know how: zeros. */
    t->zeros = mode->quad && spi->nor && !nor_answers_quad(spi->nor);
}

/* Returns true if all that happened is a status read with the same answer as the one before. */
static bool start(struct spi *spi, uint64_t now, uint32_t command)
{
    uint32_t address = spi->regs[SPI_ADDR / 4] & 0xffffff, length = spi->regs[SPI_ADDR / 4] >> 24;
    struct transfer t = {.n = 0};
    bool status_read, same;
    uint32_t result;

    if (command & SPI_CMD_USR) {
        free_form(spi, &t);
    } else if (command & SPI_CMD_READ) {
        put_read(spi, &t, address, length);
    } else if (command & SPI_CMD_PP) {
        put_command(&t, 0x02);
        put_address(&t, address, 3);
        put_data(spi, &t, length);
    } else if (command & SPI_CMD_WREN) {
        put_command(&t, 0x06);
    } else if (command & SPI_CMD_WRDI) {
        put_command(&t, 0x04);
    } else if (command & SPI_CMD_RDID) {
        put_command(&t, 0x9f);
        want(&t, 3);
    } else if (command & SPI_CMD_RDSR) {
        put_command(&t, 0x05);
        want(&t, 1);
    } else if (command & SPI_CMD_WRSR) {
        uint32_t status = spi->regs[SPI_RD_STATUS / 4];

        put_command(&t, 0x01);
        put_command(&t, (uint8_t)status);
        if (spi->regs[SPI_CTRL / 4] & CTRL_WRSR_2B)
            put_command(&t, (uint8_t)(status >> 8));
    } else if (command & SPI_CMD_SE) {
        put_command(&t, 0x20);
        put_address(&t, address, 3);
    } else if (command & SPI_CMD_BE) {
        put_command(&t, 0xd8);
        put_address(&t, address, 3);
    } else if (command & SPI_CMD_CE) {
        put_command(&t, 0xc7);
    } else {
        return true;
    }
    finish(spi, now, &t);

    if (command & SPI_CMD_RDSR)
        spi->regs[SPI_RD_STATUS / 4] = t.in[0];
    else if (command & SPI_CMD_RDID)
        spi->regs[SPI_W0 / 4] = t.in[0] | (uint32_t)t.in[1] << 8 | (uint32_t)t.in[2] << 16;
    else if (t.m > 0)
        fill_buffer(spi, t.in, t.m);

    status_read = t.n > 0 && t.out[0] == 0x05;
    result = t.in[0];
    same = status_read && spi->only_reads && result == spi->last_result;
    spi->only_reads = status_read;
    spi->last_result = result;
    return same;
}

uint32_t spi_load(const struct spi *spi, uint64_t now, uint32_t offset)
{
    if (offset == SPI_CMD)
        return spi_busy(spi, now) ? spi->regs[0] : 0;
    if (offset == SPI_EXT2)
        return spi_busy(spi, now) ? 2 : 0;
    return spi->regs[offset / 4];
}

bool spi_store(struct spi *spi, uint64_t now, uint32_t offset, uint32_t value)
{
    bool same = spi->regs[offset / 4] == value;

    if (offset == SPI_CMD) {
        /* A command given while one runs is lost. */
        if (spi_busy(spi, now))
            return true;
        spi->regs[0] = value;
        return start(spi, now, value);
    }
    if (offset == SPI_EXT2)
        return true;
    /* A USR read leaves its answer in W0 and the like; a program that clears them first waits no less. */
    spi->regs[offset / 4] = value;
    return same || (offset >= SPI_W0 && spi->only_reads);
}

bool spi_serves_cache(const struct spi *spi)
{
    return spi->regs[SPI_CTRL / 4] & SPI_CTRL_CACHE;
}

uint64_t spi_fetch(struct spi *spi, uint64_t now, uint32_t address, uint8_t *bytes, size_t n)
{
    struct transfer t = {.n = 0};

    put_read(spi, &t, address, n);
    finish(spi, spi_busy(spi, now) ? spi->done : now, &t);
    memcpy(bytes, t.in, n);
    return spi->done;
}
