/* SPDX-License-Identifier: MIT */
#include "tools/boardsim/board/rom/rom_boot.h"

#include <string.h>

#include "tools/boardsim/board/chip/chip.h"
#include "tools/boardsim/board/flash/nor.h"
#include "tools/boardsim/board/rom/rom_cache.h"

/* From the end of reset to the first letter: clocks settle, the ROM clears its memory. An allowance. */
#define START_US 2000u

/* The boot mode's second number: of the straps that no board changes. */
#define BANNER_SECOND 6

#define MAGIC         0xe9
#define SEGMENT_HEAD  8u
#define CHECKSUM_SEED 0xef

/* What the ROM reads the header with, before it knows better. */
#define FIRST_DIVIDER 4u

/* Bytes of a segment that it asks the flash for at a time, and what it does around each time, in cycles: set up the
 * registers, poll, copy, sum up. */
#define READ_SIZE   32u
#define READ_CYCLES 150u

void rom_boot_start(struct chip *chip)
{
    chip->boot = (struct rom_boot){.state = BOOT_START};
}

void rom_boot_start_from_flash(struct chip *chip)
{
    chip->boot = (struct rom_boot){.state = BOOT_HEADER};
    chip->mode = CHIP_BOOT;
    chip->wake = chip->now;
}

/* One read, from `*now` on, which becomes its end. */
static void read_flash(struct chip *chip, uint64_t *now, uint8_t *bytes, uint32_t n)
{
    struct spi *spi = &chip->spi;

    spi_store(spi, *now, SPI_ADDR, (chip->boot.at & 0xffffff) | n << 24);
    spi_store(spi, *now, SPI_CMD, SPI_CMD_READ);
    for (uint32_t i = 0; i < n; i += 4) {
        uint32_t word = spi_load(spi, spi->done, SPI_W0 + i);

        memcpy(bytes + i, &word, 4);
    }
    chip->boot.at += n;
    *now = spi->done + READ_CYCLES;
}

static void read_piece(struct chip *chip, uint64_t *now)
{
    read_flash(chip, now, chip->boot.piece, ROM_BOOT_PIECE);
    chip->boot.head = chip->boot.tail = chip->boot.used = 0;
}

static uint32_t word(const uint8_t *bytes)
{
    uint32_t value;

    memcpy(&value, bytes, 4);
    return value;
}

static void fail(struct chip *chip)
{
    chip_print(chip, "ets_main.c \n");
    chip->boot.state = BOOT_ENDED;
}

static void begin_segment(struct chip *chip, const uint8_t header[SEGMENT_HEAD], unsigned room)
{
    struct rom_boot *boot = &chip->boot;

    boot->address = word(header);
    boot->length = boot->left = word(header + 4);
    boot->state = BOOT_DATA;
    chip_print(chip, "load 0x%08x, len %d, room %d \n", boot->address, (int)boot->length, (int)room);
}

/* The clock is given as a code; others than these are not in use. */
static unsigned divider_of(uint8_t code)
{
    switch (code & 15) {
    case 1: return 3;
    case 2: return 4;
    case 15: return 1;
    default: return 2;
    }
}

static uint64_t read_header(struct chip *chip)
{
    struct rom_boot *boot = &chip->boot;
    uint64_t now = chip->now;

    rom_flash_attach(chip);
    rom_spi_config(chip, ROM_SPI_SLOW, FIRST_DIVIDER);
    read_piece(chip, &now);
    if (boot->piece[0] != MAGIC) {
        fail(chip);
        return now;
    }
    boot->segments = boot->piece[1];
    boot->entry = word(boot->piece + 4);
    boot->sum = CHECKSUM_SEED;
    boot->used = ROM_BOOT_PIECE;
    rom_spi_config(chip, boot->piece[2], divider_of(boot->piece[3]));
    boot->state = BOOT_MODE;
    return rom_spi_set_quad(chip, now, boot->piece[2]);
}

/* The first segment's header lies behind the image's, and its data begins with a piece of its own. */
static uint64_t enter_mode(struct chip *chip)
{
    struct rom_boot *boot = &chip->boot;
    uint64_t ready = nor_ready(chip->spi.nor);

    if (ready > chip->now)
        return ready;
    if (boot->segments > 0)
        begin_segment(chip, boot->piece + SEGMENT_HEAD, ROM_BOOT_PIECE);
    else
        boot->state = BOOT_CHECK;
    return chip->now;
}

static uint64_t read_segment_header(struct chip *chip)
{
    struct rom_boot *boot = &chip->boot;
    uint8_t header[SEGMENT_HEAD];
    unsigned room = ROM_BOOT_PIECE - boot->used, first = room < SEGMENT_HEAD ? room : SEGMENT_HEAD;
    uint64_t now = chip->now;

    if (room > 0 && room < SEGMENT_HEAD)
        chip_print(chip, "ho %d tail %d room %d\n", (int)boot->head, (int)boot->tail, (int)room);
    memcpy(header, boot->piece + boot->used, first);
    boot->used += first;
    if (first < SEGMENT_HEAD) {
        read_piece(chip, &now);
        memcpy(header + first, boot->piece, SEGMENT_HEAD - first);
        boot->used = SEGMENT_HEAD - first;
    }
    boot->head = boot->used;
    boot->tail = 0;
    begin_segment(chip, header, ROM_BOOT_PIECE - boot->used);
    return now;
}

/* Bytes of the segment to where they belong, word by word. IRAM takes whole ones: what is too much of the last goes in
 * too. */
static bool put(struct chip *chip, const uint8_t *bytes, uint32_t n)
{
    struct rom_boot *boot = &chip->boot;

    for (uint32_t i = 0; i < n; i += 4) {
        uint32_t size = n - i < 4 ? n - i : 4;

        if (!chip_write(chip, boot->address + i, bytes + i, size) &&
            !chip_write(chip, boot->address + i, bytes + i, 4)) {
            chip_stop(chip, "boot: segment of %u bytes for 0x%08x", boot->length, boot->address + i);
            return false;
        }
    }
    for (uint32_t i = 0; i < n; i++)
        boot->sum ^= bytes[i];
    boot->address += n;
    boot->left -= n;
    return true;
}

static uint64_t end_segment(struct chip *chip, uint64_t now)
{
    struct rom_boot *boot = &chip->boot;

    chip_print(chip, "tail %d\nchksum 0x%02x\n", (int)boot->tail, boot->sum);
    boot->segments--;
    boot->state = boot->segments > 0 ? BOOT_SEGMENT : BOOT_CHECK;
    return now;
}

/* First what is left of the piece, then whole ones, then a last piece in part. */
static uint64_t read_data(struct chip *chip)
{
    struct rom_boot *boot = &chip->boot;
    uint8_t bytes[READ_SIZE];
    uint32_t room = ROM_BOOT_PIECE - boot->used, n = boot->left;
    uint64_t now = chip->now;

    if (n < room) {
        if (!put(chip, boot->piece + boot->used, n))
            return CHIP_NEVER;
        boot->tail = n;
        boot->used += n;
        return end_segment(chip, now);
    }
    if (room > 0) {
        boot->used = ROM_BOOT_PIECE;
        return put(chip, boot->piece + ROM_BOOT_PIECE - room, room) ? now : CHIP_NEVER;
    }
    boot->head = boot->tail = 0;
    if (n == 0)
        return end_segment(chip, now);
    if (n >= ROM_BOOT_PIECE) {
        n = n >= READ_SIZE ? READ_SIZE : ROM_BOOT_PIECE;
        read_flash(chip, &now, bytes, n);
        return put(chip, bytes, n) ? now : CHIP_NEVER;
    }
    read_piece(chip, &now);
    if (!put(chip, boot->piece, n))
        return CHIP_NEVER;
    boot->tail = boot->used = n;
    return end_segment(chip, now);
}

/* The checksum is the last byte of the piece that the last segment ends in, or of one more if that is full. What is
 * printed is what came out, not what is stored. */
static uint64_t check(struct chip *chip)
{
    struct rom_boot *boot = &chip->boot;
    uint64_t now = chip->now;

    if (boot->used == ROM_BOOT_PIECE)
        read_piece(chip, &now);
    chip_print(chip, "csum 0x%02x\n", boot->sum);
    boot->state = BOOT_ENTER;
    if (boot->piece[ROM_BOOT_PIECE - 1] != boot->sum) {
        chip_print(chip, "csum err\n");
        fail(chip);
    }
    return now;
}

static uint64_t after_banner(struct chip *chip)
{
    struct rom_boot *boot = &chip->boot;

    if (chip->uart.sent_at != CHIP_NEVER)
        return CHIP_NEVER;
    if (chip->straps == CHIP_STRAPS_UART) {
        rom_loader_start(chip);
        return chip->now;
    }
    boot->state = chip->straps == CHIP_STRAPS_FLASH ? BOOT_HEADER : BOOT_ENDED;
    if (chip->straps & CHIP_STRAP_GPIO15)
        chip_print(chip, "waiting for host\n");
    return chip->now;
}

uint64_t rom_boot_step(struct chip *chip)
{
    struct rom_boot *boot = &chip->boot;

    /* The ROM's printf waits for the transmit FIFO. */
    if (!chip_flushed(chip))
        return CHIP_NEVER;
    switch (boot->state) {
    case BOOT_START: boot->state = BOOT_PRINT; return chip->now + (uint64_t)START_US * chip->mhz;
    case BOOT_PRINT:
        boot->state = BOOT_BANNER;
        chip_print(chip, "\n ets Jan  8 2013,rst cause:%d, boot mode:(%u,%d)\n\n", (int)chip->cause, chip->straps,
                   BANNER_SECOND);
        return CHIP_NEVER;
    case BOOT_BANNER: return after_banner(chip);
    case BOOT_HEADER: return read_header(chip);
    case BOOT_MODE: return enter_mode(chip);
    case BOOT_SEGMENT: return read_segment_header(chip);
    case BOOT_DATA: return read_data(chip);
    case BOOT_CHECK: return check(chip);
    case BOOT_ENTER: chip_call(chip, boot->entry); return chip->now;
    case BOOT_ENDED: break;
    }
    return CHIP_NEVER;
}
