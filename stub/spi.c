/* SPDX-License-Identifier: MIT */
#include "stub/spi.h"

#include "stub/blank.h"
#include "stub/cold.h"
#include "stub/cpu.h"
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

#define CTRL_FAST (1u << 13)
#define CTRL_DUAL (1u << 14)
/* Of FAST, DOUT, QOUT, DIO and QIO the first counts. */
#define CTRL_MODES (1u << 13 | 1u << 14 | 1u << 20 | 1u << 23 | 1u << 24)

/* Of the clock, with the low phase last. */
#define CLOCK_OF(divider) (((divider) - 1) << 12 | ((divider) / 2 - 1) << 6 | ((divider) - 1))

#define USR_COMMAND     (1u << 31)
#define USR_MISO        (1u << 28)
#define USR_MOSI        (1u << 27)
#define USR1_MISO(bits) (((bits) - 1) << 8)
#define USR1_MOSI(bits) (((bits) - 1) << 17)
#define USR2_OPCODE(op) (7u << 28 | (op))
#define OPCODE_WRSR     0x01
#define OPCODE_WRSR2    0x31
#define OPCODE_RDSR2    0x35
#define OPCODE_ULBPR    0x98 /* opens the locks of all blocks */

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

/* Time limit of an operation, and the interval of polling for its end, in microseconds. */
struct limit {
    uint32_t us, step;
};
static const struct limit program_limit = {10 * 1000, 2};
static const struct limit status_limit = {200 * 1000, 50};
static const struct limit sector_limit = {800 * 1000, 50};
static const struct limit block_limit = {4 * 1000 * 1000, 50};
static const struct limit chip_limit = {400 * 1000 * 1000, 1000};

/* The CPU runs at 52 or 80 MHz, as the crystal may be. A power of two between them is exact enough for the limits. */
#define CYCLES_PER_US 64u

/* The operation begun last: its limit, and how long the part has been busy with it. */
static struct {
    const struct limit *limit;
    uint32_t us;
    uint32_t begun, counted_to; /* CCOUNT */
    bool full;                  /* a program of SPI_PROGRAM_MAX bytes */
    bool over;
} running;

static void begin_running(const struct limit *limit)
{
    running.limit = limit;
    running.us = 0;
    running.begun = running.counted_to = cpu_cycles();
    running.over = false;
}

static void wait_for_controller(void)
{
    while (SPI->cmd != 0)
        ;
}

/* Begins a command, while the controller may still send the one before. */
static void begin_command(uint32_t bit)
{
    wait_for_controller();
    SPI->cmd = bit;
}

static void command(uint32_t bit)
{
    begin_command(bit);
    wait_for_controller();
}

static uint32_t read_status(void)
{
    command(CMD_RDSR);
    return SPI->rd_status & 0xff;
}

COLD static uint32_t read_status_2(void)
{
    SPI->usr = USR_COMMAND | USR_MISO;
    SPI->usr1 = USR1_MISO(8);
    SPI->usr2 = USR2_OPCODE(OPCODE_RDSR2);
    command(CMD_USR);
    return SPI->w[0] & 0xff;
}

/* The shortest time that a program of full size has taken lately, in cycles; 0: none has ended yet. */
static uint32_t program_cycles;
#define FORGET_CYCLES 64   /* so much longer may each one be than the one before */
#define SOON_CYCLES   1500 /* 30 us: what the stub does at once */

static void end_running(void)
{
    uint32_t cycles = cpu_cycles() - running.begun;
    if (running.over)
        return;
    running.over = true;
    if (running.limit != &program_limit || !running.full)
        return;
    if (program_cycles == 0 || cycles < program_cycles + FORGET_CYCLES)
        program_cycles = cycles;
    else
        program_cycles += FORGET_CYCLES;
}

bool spi_ends_soon(void)
{
    return !running.over && running.limit == &program_limit && program_cycles != 0 &&
           cpu_cycles() - running.begun + SOON_CYCLES > program_cycles;
}

bool spi_busy(void)
{
    if (!(read_status() & SR1_WIP)) {
        end_running();
        return false;
    }
    uint32_t us = (cpu_cycles() - running.counted_to) / CYCLES_PER_US;
    running.us += us;
    running.counted_to += us * CYCLES_PER_US;
    return true;
}

bool spi_await_end(void)
{
    while (spi_ends_soon() && !spi_overdue())
        if (!spi_busy())
            return true;
    return false;
}

bool spi_running(void)
{
    return !running.over;
}

bool spi_overdue(void)
{
    return running.us > running.limit->us;
}

void spi_pause(void)
{
    ets_delay_us(running.limit->step);
}

enum wire_error spi_finish(void)
{
    while (spi_busy()) {
        if (spi_overdue())
            return WIRE_ERR_SLOW;
        spi_pause();
    }
    return WIRE_OK;
}

/* Waits for the previous operation and sends a write enable for the next. */
COLD static enum wire_error enable_write(void)
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
    begin_command(bit);
    begin_running(limit);
}

/* An erase takes at least milliseconds. A part that is not busy right after the command has therefore ignored it, which
 * parts do in protected areas. */
COLD static enum wire_error erase_unlocked(uint32_t bit, uint32_t address, const struct limit *limit)
{
    enum wire_error error = enable_write();
    if (error != WIRE_OK)
        return error;
    begin(bit, address, limit);
    return spi_busy() ? WIRE_OK : WIRE_ERR_UNLOCK;
}

COLD static enum wire_error open_locks(void)
{
    enum wire_error error = enable_write();
    if (error != WIRE_OK)
        return error;
    SPI->usr = USR_COMMAND;
    SPI->usr2 = USR2_OPCODE(OPCODE_ULBPR);
    command(CMD_USR);
    return WIRE_OK;
}

/* Each block may have a lock of its own, set at power-up, which SR1 and SR2 do not show (SST26; WPS of the W25Q
 * family). They are opened only of a part that has ignored an erase; one that does not know the command ignores that
 * too. */
COLD static enum wire_error erase(uint32_t bit, uint32_t address, const struct limit *limit)
{
    enum wire_error error = erase_unlocked(bit, address, limit);
    if (error != WIRE_ERR_UNLOCK)
        return error;
    error = open_locks();
    return error == WIRE_OK ? erase_unlocked(bit, address, limit) : error;
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

/* Between the memory and the controller's buffer, whose registers need no order among themselves: one barrier instead
 * of one at each access. */
static inline void copy_words(uint32_t *to, const uint32_t *from, size_t words)
{
    for (const uint32_t *end = from + (words & ~(size_t)3); from != end; from += 4, to += 4) {
        uint32_t first = from[0], second = from[1], third = from[2], fourth = from[3];
        to[0] = first;
        to[1] = second;
        to[2] = third;
        to[3] = fourth;
    }
    for (words &= 3; words > 0; words--)
        *to++ = *from++;
}

static inline void barrier(void)
{
    __asm__ volatile("memw" ::: "memory");
}

static void fill_buffer(const uint8_t *bytes, size_t n)
{
    uint32_t *to = (uint32_t *)SPI->w;
    if (((uintptr_t)bytes & 3) == 0 && (n & 3) == 0)
        copy_words(to, (const uint32_t *)bytes, n / 4);
    else
        for (size_t i = 0; i < n; i += 4)
            *to++ = word_of(bytes + i, n - i);
    barrier();
}

void spi_stage(const uint8_t *bytes, size_t n)
{
    wait_for_controller();
    fill_buffer(bytes, n);
}

void spi_program(uint32_t address, size_t n)
{
    begin_command(CMD_WREN);
    wait_for_controller();
    begin(CMD_PP, address | n << 24, &program_limit);
    running.full = n == SPI_PROGRAM_MAX;
}

void spi_read_begin(uint32_t address, size_t n)
{
    wait_for_controller();
    SPI->addr = address | n << 24;
    SPI->cmd = CMD_READ;
}

void spi_read_end(uint32_t *words, size_t n)
{
    wait_for_controller();
    barrier();
    copy_words(words, (const uint32_t *)SPI->w, (n + 3) / 4);
}

bool spi_read_end_blank(void)
{
    wait_for_controller();
    barrier();
    return blank((const uint8_t *)SPI->w, SPI_READ_MAX);
}

enum wire_error spi_read(uint32_t address, uint32_t *words, size_t n)
{
    enum wire_error error = spi_finish();
    while (error == WIRE_OK && n > 0) {
        size_t part = n < SPI_READ_MAX ? n : SPI_READ_MAX;
        spi_read_begin(address, part);
        spi_read_end(words, part);
        words += SPI_READ_MAX / 4;
        address += part;
        n -= part;
    }
    return error;
}

uint32_t spi_flash_id(void)
{
    command(CMD_RDID);
    return SPI->w[0] & 0xffffff;
}

COLD static enum wire_error write_status(uint32_t opcode, uint32_t value, uint32_t bits)
{
    enum wire_error error = enable_write();
    if (error != WIRE_OK)
        return error;
    SPI->usr = USR_COMMAND | USR_MOSI;
    SPI->usr1 = USR1_MOSI(bits);
    SPI->usr2 = USR2_OPCODE(opcode);
    SPI->w[0] = value;
    command(CMD_USR);
    begin_running(&status_limit);
    return spi_finish();
}

static bool may_have_sr2(void)
{
    uint32_t id = spi_flash_id(), maker = id & 0xff, type = id >> 8 & 0xff;
    if (maker == MAKER_MICRON)
        return type != MICRON_TYPE && type != MICRON_TYPE_1V8;
    return maker != MAKER_MACRONIX && maker != MAKER_ISSI;
}

COLD enum wire_error spi_unlock(void)
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

static uint32_t attached_ctrl, attached_clock;

void spi_read_slowly(void)
{
    wait_for_controller();
    SPI->ctrl = attached_ctrl;
    SPI->clock = attached_clock;
}

void spi_read_faster(uint32_t flags)
{
    uint32_t divider = (flags & WIRE_STREAM_DIVIDER) >> WIRE_STREAM_DIVIDER_SHIFT;
    spi_read_slowly();
    if (flags & WIRE_STREAM_DUAL)
        SPI->ctrl = (attached_ctrl & ~CTRL_MODES) | CTRL_FAST | CTRL_DUAL;
    if (divider >= 2)
        SPI->clock = CLOCK_OF(divider);
}

void spi_attach(void)
{
    SelectSpiFunction();
    spi_flash_attach();
    SPIParamCfg(0, SPI_SIZE_MAX, SPI_BLOCK, SPI_SECTOR, SPI_PAGE, 0xffff);
    attached_ctrl = SPI->ctrl;
    attached_clock = SPI->clock;
    /* An erase that was begun before the stub was started may still be in progress. With this limit a host that reads
     * registers does not have to wait for its end. */
    running.limit = &status_limit;
}
