/* SPDX-License-Identifier: MIT */
#include "tools/boardsim/board/flash/spi.h"

#include <string.h>

#include "tools/boardsim/board/flash/nor.h"
#include "tools/boardsim/board/flash/nor_commands.h"
#include "tools/boardsim/board/observer/observer.h"

#define CLOCK_UNDIVIDED   (1u << 31)
#define CLOCK_BY_FOUR     0x00003043u /* what the ROM sets: 13 MHz from 52 */
#define LOADER_BIT_CYCLES 4u

#define BUFFER 64u

/* One chip-select on the wire. */
struct spi_transfer {
    uint8_t out[2 + 4 + 32 + BUFFER];
    size_t n;
    uint8_t in[BUFFER];
    size_t m;
    unsigned clocks;
    unsigned pins; /* that the data comes in by */
    bool zeros;    /* is all that comes back */
};

void spi_reset(struct spi *spi)
{
    struct spi kept = {.nor = spi->nor, .observer = spi->observer};

    *spi = kept;
    spi->regs[SPI_CLOCK / 4] = CLOCK_BY_FOUR;
}

unsigned spi_bit_cycles(const struct spi *spi)
{
    uint32_t clock = spi->regs[SPI_CLOCK / 4];

    if (clock & CLOCK_UNDIVIDED)
        return 1;
    return ((clock >> 12 & 0x3f) + 1) * ((clock >> 18 & 0x1fff) + 1);
}

static uint8_t reversed(uint8_t byte)
{
    uint8_t result = 0;

    for (unsigned i = 0; i < 8; i++)
        result |= (uint8_t)((byte >> i & 1) << (7 - i));
    return result;
}

/* Where byte i of the data is in the W registers. */
struct place {
    uint32_t *word;
    unsigned shift;
};

static struct place place_of(struct spi *spi, size_t i, bool high, bool big)
{
    size_t at = i + (high ? BUFFER / 2 : 0);

    return (struct place){&spi->regs[SPI_W0 / 4 + at / 4], (unsigned)(big ? 3 - at % 4 : at % 4) * 8};
}

static size_t room(size_t n, bool high)
{
    size_t most = high ? BUFFER / 2 : BUFFER;

    return n < most ? n : most;
}

static void put_byte(struct spi_transfer *t, uint8_t byte, unsigned pins)
{
    t->out[t->n++] = byte;
    t->clocks += 8 / pins;
}

static void put_address(struct spi_transfer *t, uint32_t address, unsigned bytes, unsigned pins)
{
    while (bytes-- > 0)
        put_byte(t, (uint8_t)(address >> (8 * bytes)), pins);
}

static void put_data(struct spi *spi, struct spi_transfer *t, size_t n, unsigned pins)
{
    uint32_t usr = spi->regs[SPI_USR / 4];
    bool high = usr & SPI_USR_MOSI_HIGH, lsb = spi->regs[SPI_CTRL / 4] & SPI_CTRL_WRITE_LSB;

    n = room(n, high);
    for (size_t i = 0; i < n; i++) {
        struct place place = place_of(spi, i, high, usr & SPI_USR_WRITE_BIG);
        uint8_t byte = (uint8_t)(*place.word >> place.shift);

        put_byte(t, lsb ? reversed(byte) : byte, pins);
    }
}

static void want(struct spi_transfer *t, size_t m, unsigned pins)
{
    t->m = m < BUFFER ? m : BUFFER;
    t->pins = pins;
    t->clocks += 8 / pins * (unsigned)t->m;
}

static void take_data(struct spi *spi, const struct spi_transfer *t)
{
    uint32_t usr = spi->regs[SPI_USR / 4];
    bool high = usr & SPI_USR_MISO_HIGH, lsb = spi->regs[SPI_CTRL / 4] & SPI_CTRL_READ_LSB;

    for (size_t i = 0; i < room(t->m, high); i++) {
        struct place place = place_of(spi, i, high, usr & SPI_USR_READ_BIG);
        uint32_t byte = lsb ? reversed(t->in[i]) : t->in[i];

        *place.word = (*place.word & ~(0xffu << place.shift)) | byte << place.shift;
    }
}

/* How many pins the part gives its data by. */
static unsigned pins_of(uint8_t command)
{
    switch (command) {
    case NOR_FAST_READ_QUAD_OUTPUT:
    case NOR_FAST_READ_QUAD_IO: return 4;
    case NOR_FAST_READ_DUAL_OUTPUT:
    case NOR_FAST_READ_DUAL_IO: return 2;
    default: return 1;
    }
}

static bool reads_array(uint8_t command)
{
    return command == NOR_READ || command == NOR_FAST_READ || pins_of(command) > 1;
}

/* BOARD_ACTIVITY_COUNT: none of them. */
static enum board_activity activity_of(uint8_t command)
{
    switch (command) {
    case NOR_PAGE_PROGRAM: return BOARD_ACTIVITY_PROGRAM;
    case NOR_ERASE_4K:
    case NOR_ERASE_32K:
    case NOR_ERASE_64K:
    case NOR_ERASE_CHIP:
    case NOR_ERASE_CHIP_TOO: return BOARD_ACTIVITY_ERASE;
    default: return reads_array(command) ? BOARD_ACTIVITY_READ : BOARD_ACTIVITY_COUNT;
    }
}

/* `ready`: the part's before the transfer. It is the same after a command that was not carried out. */
static void report(const struct spi *spi, uint64_t began, uint64_t ready, uint8_t command)
{
    enum board_activity activity = activity_of(command);

    if (activity == BOARD_ACTIVITY_READ)
        observe(spi->observer, activity, began, spi->done);
    else if (activity != BOARD_ACTIVITY_COUNT && nor_ready(spi->nor) != ready)
        observe(spi->observer, activity, began, nor_ready(spi->nor));
}

static void finish(struct spi *spi, uint64_t now, struct spi_transfer *t)
{
    spi->done = now + (uint64_t)t->clocks * spi_bit_cycles(spi);
    memset(t->in, t->zeros ? 0 : 0xff, sizeof t->in);
    if (!spi->attached || !spi->nor || t->zeros)
        return;
    uint64_t ready = nor_ready(spi->nor);
    nor_transfer(spi->nor, spi->done, t->out, t->n, t->in, t->m);
    report(spi, now, ready, t->out[0]);
    if (t->m > 0 && t->pins != pins_of(t->out[0]))
        memset(t->in, 0xff, sizeof t->in);
    if (reads_array(t->out[0]) && spi_bit_cycles(spi) < LOADER_BIT_CYCLES && nor_fails_fast_reads(spi->nor))
        t->in[0] ^= 0x10;
}

static unsigned pins_for(uint32_t value, uint32_t four, uint32_t two)
{
    return value & four ? 4 : value & two ? 2 : 1;
}

/* The free form: command, address, dummies, data out, data in, each if USR says so. The address leaves from the top of
 * the ADDR register. */
static void free_form(struct spi *spi, struct spi_transfer *t)
{
    uint32_t usr = spi->regs[SPI_USR / 4], usr1 = spi->regs[SPI_USR1 / 4], usr2 = spi->regs[SPI_USR2 / 4];
    uint32_t ctrl = spi->regs[SPI_CTRL / 4];

    if (usr & SPI_USR_COMMAND) {
        put_byte(t, (uint8_t)usr2, 1);
        if (usr2 >> 28 > 7)
            put_byte(t, (uint8_t)(usr2 >> 8), 1);
    }
    if (usr & SPI_USR_ADDRESS) {
        unsigned last = usr1 >> 26 < 31 ? usr1 >> 26 : 31; /* number of the last bit, from the top */
        unsigned pins = usr & SPI_USR_MOSI ? pins_for(usr, SPI_USR_WRITE_QIO, SPI_USR_WRITE_DIO)
                                           : pins_for(ctrl, SPI_CTRL_QIO, SPI_CTRL_DIO);

        put_address(t, spi->regs[SPI_ADDR / 4] >> (31 - last), last / 8 + 1, pins);
    }
    if (usr & SPI_USR_DUMMY) {
        unsigned clocks = (usr1 & 0xff) + 1;

        memset(t->out + t->n, 0, clocks / 8);
        t->n += clocks / 8;
        t->clocks += clocks;
    }
    if (usr & SPI_USR_MOSI)
        put_data(spi, t, ((usr1 >> 17 & 0x1ff) + 8) / 8,
                 pins_for(usr, SPI_USR_WRITE_QIO | SPI_USR_WRITE_QUAD, SPI_USR_WRITE_DIO | SPI_USR_WRITE_DUAL));
    if (usr & SPI_USR_MISO)
        want(t, ((usr1 >> 8 & 0x1ff) + 8) / 8,
             pins_for(ctrl, SPI_CTRL_QIO | SPI_CTRL_QOUT, SPI_CTRL_DIO | SPI_CTRL_DOUT));
}

/* Clocks of address and dummies, and of each byte, are those of the pins in use. */
static const struct read_mode {
    uint32_t ctrl;
    uint8_t command;
    unsigned address, dummy, byte; /* clocks */
    bool quad;
} read_modes[] = {
    {SPI_CTRL_QIO, NOR_FAST_READ_QUAD_IO, 6, 6, 2, true},   {SPI_CTRL_QOUT, NOR_FAST_READ_QUAD_OUTPUT, 24, 8, 2, true},
    {SPI_CTRL_DIO, NOR_FAST_READ_DUAL_IO, 12, 4, 4, false}, {SPI_CTRL_DOUT, NOR_FAST_READ_DUAL_OUTPUT, 24, 8, 4, false},
    {SPI_CTRL_FAST, NOR_FAST_READ, 24, 8, 8, false},        {0, NOR_READ, 24, 0, 8, false},
};

static void put_read(const struct spi *spi, struct spi_transfer *t, uint32_t address, size_t n)
{
    const struct read_mode *mode = read_modes;

    while (mode->ctrl && !(spi->regs[SPI_CTRL / 4] & mode->ctrl))
        mode++;
    put_byte(t, mode->command, 1);
    put_address(t, address, 3, 1);
    if (mode->dummy)
        put_address(t, 0, mode->command == NOR_FAST_READ_QUAD_IO ? 3 : 1, 1);
    want(t, n, pins_of(mode->command));
    t->clocks = 8 + mode->address + mode->dummy + mode->byte * (unsigned)t->m;
    /* Boot logs of boards whose flash was to be read by four pins and does not know how: zeros. */
    t->zeros = mode->quad && spi->nor && !nor_answers_quad(spi->nor);
}

/* The canned commands but READ and USR; of several bits the first counts. */
static const struct canned {
    uint32_t bit;
    uint8_t command;
    bool addressed;
    uint8_t in; /* bytes */
} canned[] = {
    {SPI_CMD_WREN, NOR_WRITE_ENABLE, false, 0},
    {SPI_CMD_WRDI, NOR_WRITE_DISABLE, false, 0},
    {SPI_CMD_RDID, NOR_READ_ID, false, 3},
    {SPI_CMD_RDSR, NOR_READ_STATUS_1, false, 1},
    {SPI_CMD_WRSR, NOR_WRITE_STATUS_1, false, 0},
    {SPI_CMD_PP, NOR_PAGE_PROGRAM, true, 0},
    {SPI_CMD_SE, NOR_ERASE_4K, true, 0},
    {SPI_CMD_BE, NOR_ERASE_64K, true, 0},
    {SPI_CMD_CE, NOR_ERASE_CHIP, false, 0},
    {SPI_CMD_DP, NOR_SLEEP, false, 0},
    {SPI_CMD_RES, NOR_WAKE, false, 0},
};

static bool put_canned(struct spi *spi, struct spi_transfer *t, uint32_t command)
{
    uint32_t address = spi->regs[SPI_ADDR / 4], status = spi->regs[SPI_RD_STATUS / 4];
    const struct canned *c = canned, *end = canned + sizeof canned / sizeof *canned;

    while (c < end && !(command & c->bit))
        c++;
    if (c == end)
        return false;
    put_byte(t, c->command, 1);
    if (c->addressed)
        put_address(t, address & 0xffffff, 3, 1);
    if (c->in > 0)
        want(t, c->in, 1);
    if (c->bit == SPI_CMD_PP)
        put_data(spi, t, address >> 24, 1);
    if (c->bit == SPI_CMD_WRSR)
        put_byte(t, (uint8_t)status, 1);
    if (c->bit == SPI_CMD_WRSR && spi->regs[SPI_CTRL / 4] & SPI_CTRL_STATUS_16)
        put_byte(t, (uint8_t)(status >> 8), 1);
    return true;
}

/* Returns true if all that happened is a status read with the same answer as the one before. */
static bool start(struct spi *spi, uint64_t now, uint32_t command)
{
    uint32_t address = spi->regs[SPI_ADDR / 4];
    struct spi_transfer t = {.n = 0};
    bool status_read, same;
    uint32_t result;

    if (command & SPI_CMD_USR)
        free_form(spi, &t);
    else if (command & SPI_CMD_READ)
        put_read(spi, &t, address & 0xffffff, address >> 24);
    else if (!put_canned(spi, &t, command))
        return true;
    finish(spi, now, &t);

    if (t.m > 0 && t.out[0] == NOR_READ_STATUS_1 && !(command & SPI_CMD_USR))
        spi->regs[SPI_RD_STATUS / 4] = t.in[0];
    else if (t.m > 0 && t.out[0] == NOR_READ_ID && !(command & SPI_CMD_USR))
        spi->regs[SPI_W0 / 4] = t.in[0] | (uint32_t)t.in[1] << 8 | (uint32_t)t.in[2] << 16;
    else if (t.m > 0)
        take_data(spi, &t);

    status_read = t.n > 0 && t.out[0] == NOR_READ_STATUS_1;
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
    struct spi_transfer t = {.n = 0};

    put_read(spi, &t, address, n);
    finish(spi, spi_busy(spi, now) ? spi->done : now, &t);
    memcpy(bytes, t.in, n);
    return spi->done;
}
