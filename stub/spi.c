/* SPDX-License-Identifier: MIT */
#include "stub/spi.h"

#include "stub/rom.h"

struct spi_registers {
    uint32_t cmd;
    uint32_t addr; /* of a PP or READ: the number of bytes in the top byte */
    uint32_t ctrl, ctrl1;
    uint32_t rd_status;
    uint32_t ctrl2, clock;
    uint32_t usr, usr1, usr2;
    uint32_t unused[6];
    uint32_t w[16];
};
#define SPI ((volatile struct spi_registers *)0x60000200)

#define CMD_READ (1u << 31)
#define CMD_WREN (1u << 30)
#define CMD_RDID (1u << 28)
#define CMD_RDSR (1u << 27)
#define CMD_PP   (1u << 25)
#define CMD_SE   (1u << 24)
#define CMD_BE   (1u << 23)
#define CMD_CE   (1u << 22)
#define CMD_USR  (1u << 18)

#define USR_COMMAND     (1u << 31)
#define USR_MISO        (1u << 28)
#define USR_MOSI        (1u << 27)
#define USR1_MISO(bits) (((bits) - 1) << 8)
#define USR1_MOSI(bits) (((bits) - 1) << 17)
#define USR2_OPCODE(op) (7u << 28 | (op))
#define OPCODE_WRSR     0x01
#define OPCODE_WRSR2    0x31
#define OPCODE_RDSR2    0x35

#define SR1_WIP 0x01
#define SR1_WEL 0x02
/* BP0 to BP2, and BP3, which is TB on other parts. Bit 6 is kept: it is QE on some parts, and on no part does it
 * protect anything alone. Bit 7, SRP0, is kept too: it selects the function of the WP pin. */
#define SR1_PROTECT 0x3c

/* CMP inverts the protection: the area that the bits above leave free is protected instead. */
#define SR2_CMP 0x40

/* On parts of these makers, the opcode that reads SR2 on other parts means "enter quad mode", after which the part no
 * longer accepts the stub's commands. Micron shares its manufacturer id with a maker whose parts have SR2; the memory
 * type distinguishes them. */
#define MAKER_MACRONIX  0xc2
#define MAKER_ISSI      0x9d
#define MAKER_MICRON    0x20
#define MICRON_TYPE     0xba
#define MICRON_TYPE_1V8 0xbb

#define NO_ANSWER 0xff /* read from a part without SR2 */

/* Time limit of an operation, and the interval of polling for its end. */
struct limit {
    uint32_t us, step;
};
static const struct limit program_limit = {10 * 1000, 5};
static const struct limit status_limit = {200 * 1000, 50};
static const struct limit sector_limit = {800 * 1000, 50};
static const struct limit block_limit = {4 * 1000 * 1000, 50};
static const struct limit chip_limit = {400 * 1000 * 1000, 1000};

/* The limit of the operation begun last. An erase that was begun before the stub was started may still be in progress;
 * with this initial limit a host that reads registers does not have to wait for its end. */
static const struct limit *running = &status_limit;

static void command(uint32_t bit)
{
    SPI->cmd = bit;
    while (SPI->cmd != 0)
        ;
}

static uint32_t read_status(void)
{
    command(CMD_RDSR);
    return SPI->rd_status & 0xff;
}

static uint32_t read_status_2(void)
{
    SPI->usr = USR_COMMAND | USR_MISO;
    SPI->usr1 = USR1_MISO(8);
    SPI->usr2 = USR2_OPCODE(OPCODE_RDSR2);
    command(CMD_USR);
    return SPI->w[0] & 0xff;
}

bool spi_busy(void)
{
    return read_status() & SR1_WIP;
}

enum wire_error spi_finish(void)
{
    for (uint32_t us = 0; spi_busy(); us += running->step) {
        if (us >= running->us)
            return WIRE_ERR_SLOW;
        ets_delay_us(running->step);
    }
    return WIRE_OK;
}

/* Waits for the previous operation and sends a write enable for the next. */
static enum wire_error enable_write(void)
{
    enum wire_error error = spi_finish();
    if (error != WIRE_OK)
        return error;
    command(CMD_WREN);
    return read_status() & SR1_WEL ? WIRE_OK : WIRE_ERR_SPI;
}

static void begin(uint32_t bit, uint32_t address, const struct limit *limit)
{
    SPI->addr = address;
    command(bit);
    running = limit;
}

/* An erase takes at least milliseconds. A part that is not busy right after the command has therefore ignored it, which
 * parts do in protected areas. */
static enum wire_error erase(uint32_t bit, uint32_t address, const struct limit *limit)
{
    enum wire_error error = enable_write();
    if (error != WIRE_OK)
        return error;
    begin(bit, address, limit);
    return spi_busy() ? WIRE_OK : WIRE_ERR_UNLOCK;
}

enum wire_error spi_erase_sector(uint32_t address)
{
    return erase(CMD_SE, address, &sector_limit);
}

enum wire_error spi_erase_block(uint32_t address)
{
    return erase(CMD_BE, address, &block_limit);
}

enum wire_error spi_erase_chip(void)
{
    return erase(CMD_CE, 0, &chip_limit);
}

static uint32_t word_of(const uint8_t *bytes, size_t n)
{
    uint32_t word = 0;
    for (size_t i = 0; i < n && i < 4; i++)
        word |= (uint32_t)bytes[i] << (8 * i);
    return word;
}

enum wire_error spi_program(uint32_t address, const uint8_t *bytes, size_t n)
{
    enum wire_error error = enable_write();
    if (error != WIRE_OK)
        return error;
    for (size_t i = 0; i < n; i += 4)
        SPI->w[i / 4] = word_of(bytes + i, n - i);
    begin(CMD_PP, address | n << 24, &program_limit);
    return WIRE_OK;
}

enum wire_error spi_read(uint32_t address, uint32_t *words, size_t n)
{
    enum wire_error error = spi_finish();
    if (error != WIRE_OK)
        return error;
    while (n > 0) {
        size_t part = n < sizeof(SPI->w) ? n : sizeof(SPI->w);
        SPI->addr = address | part << 24;
        command(CMD_READ);
        for (size_t i = 0; i < (part + 3) / 4; i++)
            *words++ = SPI->w[i];
        address += part;
        n -= part;
    }
    return WIRE_OK;
}

uint32_t spi_flash_id(void)
{
    command(CMD_RDID);
    return SPI->w[0] & 0xffffff;
}

static enum wire_error write_status(uint32_t opcode, uint32_t value, uint32_t bits)
{
    enum wire_error error = enable_write();
    if (error != WIRE_OK)
        return error;
    SPI->usr = USR_COMMAND | USR_MOSI;
    SPI->usr1 = USR1_MOSI(bits);
    SPI->usr2 = USR2_OPCODE(opcode);
    SPI->w[0] = value;
    command(CMD_USR);
    running = &status_limit;
    return spi_finish();
}

static bool may_have_sr2(void)
{
    uint32_t id = spi_flash_id(), maker = id & 0xff, type = id >> 8 & 0xff;
    if (maker == MAKER_MICRON)
        return type != MICRON_TYPE && type != MICRON_TYPE_1V8;
    return maker != MAKER_MACRONIX && maker != MAKER_ISSI;
}

enum wire_error spi_unlock(void)
{
    enum wire_error error = spi_finish();
    if (error != WIRE_OK)
        return error;
    bool has_sr2 = may_have_sr2();
    uint32_t sr1 = read_status(), sr2 = has_sr2 ? read_status_2() : NO_ANSWER;
    has_sr2 = sr2 != NO_ANSWER;
    if (!(sr1 & SR1_PROTECT) && !(has_sr2 && sr2 & SR2_CMP))
        return WIRE_OK;
    sr1 &= ~(SR1_PROTECT | SR1_WEL);
    sr2 &= ~SR2_CMP;

    /* Some parts clear SR2, and with it QE, when SR1 is written alone. So both are written with one command. Other
     * parts refuse the command with two bytes; they keep SR2 and have a separate command for it. */
    if (has_sr2)
        error = write_status(OPCODE_WRSR, sr1 | sr2 << 8, 16);
    if (error == WIRE_OK && (read_status() & SR1_PROTECT))
        error = write_status(OPCODE_WRSR, sr1, 8);
    if (error == WIRE_OK && has_sr2 && read_status_2() != sr2)
        error = write_status(OPCODE_WRSR2, sr2, 8);
    if (error != WIRE_OK)
        return error;
    if ((read_status() & SR1_PROTECT) || (has_sr2 && read_status_2() != sr2))
        return WIRE_ERR_UNLOCK;
    return WIRE_OK;
}

void spi_attach(void)
{
    SelectSpiFunction();
    spi_flash_attach();
    SPIParamCfg(0, SPI_SIZE_MAX, SPI_BLOCK, SPI_SECTOR, SPI_PAGE, 0xffff);
}
