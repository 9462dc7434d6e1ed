/* SPDX-License-Identifier: MIT */
#include "tools/boardsim/board/rom/rom_boot.h"

#include <string.h>

#include "tools/boardsim/board/flash/nor.h"
#include "tools/boardsim/board/rom/rom_cache.h"
#include "tools/boardsim/board/rom/rom_output.h"
#include "tools/boardsim/board/rom/rom_state.h"

/* From the end of reset to the first letter: clocks settle, the ROM clears its memory. An allowance. */
#define START_US 2000u

/* The boot mode's second number: of the straps that no board changes. */
#define BANNER_SECOND 6

#define MAGIC         0xe9
#define SEGMENT_HEAD  8u
#define CHECKSUM_SEED 0xef

/* The divider with which the ROM reads the header: the header holds the one for the rest. */
#define FIRST_DIVIDER 4u

/* Bytes of a segment that it asks the flash for at a time, and what it does around each time, in cycles: set up the
 * registers, poll, copy, sum up. */
#define READ_SIZE   32u
#define READ_CYCLES 150u

void rom_boot_start(struct rom *rom)
{
    rom->boot = (struct rom_boot){.state = BOOT_START};
}

void rom_boot_start_from_flash(struct rom *rom)
{
    rom->boot = (struct rom_boot){.state = BOOT_HEADER};
}

/* One read, from `*now` on, which becomes its end. */
static void read_flash(struct rom *rom, uint64_t *now, uint8_t *bytes, uint32_t n)
{
    struct spi *spi = &rom->chip->spi;

    spi_store(spi, *now, SPI_ADDR, (rom->boot.at & 0xffffff) | n << 24);
    spi_store(spi, *now, SPI_CMD, SPI_CMD_READ);
    for (uint32_t i = 0; i < n; i += 4) {
        uint32_t word = spi_load(spi, spi->done, SPI_W0 + i);

        memcpy(bytes + i, &word, 4);
    }
    rom->boot.at += n;
    *now = spi->done + READ_CYCLES;
}

static void read_piece(struct rom *rom, uint64_t *now)
{
    read_flash(rom, now, rom->boot.piece, ROM_BOOT_PIECE);
    rom->boot.head = rom->boot.tail = rom->boot.used = 0;
}

static uint32_t word(const uint8_t *bytes)
{
    uint32_t value;

    memcpy(&value, bytes, 4);
    return value;
}

static void fail(struct rom *rom)
{
    rom_print(rom, "ets_main.c \n");
    rom->boot.state = BOOT_ENDED;
}

static void begin_segment(struct rom *rom, const uint8_t header[SEGMENT_HEAD], unsigned room)
{
    struct rom_boot *boot = &rom->boot;

    boot->address = word(header);
    boot->length = boot->left = word(header + 4);
    boot->state = BOOT_DATA;
    rom_print(rom, "load 0x%08x, len %d, room %d \n", boot->address, (int)boot->length, (int)room);
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

static uint64_t read_header(struct rom *rom)
{
    struct rom_boot *boot = &rom->boot;
    uint64_t now = rom_flash_attach(rom->chip);

    rom_spi_config(rom->chip, ROM_SPI_SLOW, FIRST_DIVIDER);
    read_piece(rom, &now);
    if (boot->piece[0] != MAGIC) {
        fail(rom);
        return now;
    }
    boot->segments = boot->piece[1];
    boot->entry = word(boot->piece + 4);
    boot->sum = CHECKSUM_SEED;
    boot->used = ROM_BOOT_PIECE;
    rom_spi_config(rom->chip, boot->piece[2], divider_of(boot->piece[3]));
    boot->state = BOOT_MODE;
    return rom_spi_set_quad(rom->chip, now, boot->piece[2]);
}

/* The first segment's header lies behind the image's, and its data begins with a piece of its own. */
static uint64_t enter_mode(struct rom *rom)
{
    struct rom_boot *boot = &rom->boot;
    uint64_t ready = nor_ready(rom->chip->spi.nor);

    if (ready > rom->chip->now)
        return ready;
    if (boot->segments > 0)
        begin_segment(rom, boot->piece + SEGMENT_HEAD, ROM_BOOT_PIECE);
    else
        boot->state = BOOT_CHECK;
    return rom->chip->now;
}

static uint64_t read_segment_header(struct rom *rom)
{
    struct rom_boot *boot = &rom->boot;
    uint8_t header[SEGMENT_HEAD];
    unsigned room = ROM_BOOT_PIECE - boot->used, first = room < SEGMENT_HEAD ? room : SEGMENT_HEAD;
    uint64_t now = rom->chip->now;

    if (room > 0 && room < SEGMENT_HEAD)
        rom_print(rom, "ho %d tail %d room %d\n", (int)boot->head, (int)boot->tail, (int)room);
    memcpy(header, boot->piece + boot->used, first);
    boot->used += first;
    if (first < SEGMENT_HEAD) {
        read_piece(rom, &now);
        memcpy(header + first, boot->piece, SEGMENT_HEAD - first);
        boot->used = SEGMENT_HEAD - first;
    }
    boot->head = boot->used;
    boot->tail = 0;
    begin_segment(rom, header, ROM_BOOT_PIECE - boot->used);
    return now;
}

/* Bytes of the segment to where they belong, word by word. IRAM takes whole ones: what is too much of the last goes in
 * too. */
static bool put(struct rom *rom, const uint8_t *bytes, uint32_t n)
{
    struct rom_boot *boot = &rom->boot;

    for (uint32_t i = 0; i < n; i += 4) {
        uint32_t size = n - i < 4 ? n - i : 4;

        if (!chip_write(rom->chip, boot->address + i, bytes + i, size) &&
            !chip_write(rom->chip, boot->address + i, bytes + i, 4)) {
            chip_stop(rom->chip, "boot: segment of %u bytes for 0x%08x", boot->length, boot->address + i);
            return false;
        }
    }
    for (uint32_t i = 0; i < n; i++)
        boot->sum ^= bytes[i];
    boot->address += n;
    boot->left -= n;
    return true;
}

static uint64_t end_segment(struct rom *rom, uint64_t now)
{
    struct rom_boot *boot = &rom->boot;

    rom_print(rom, "tail %d\nchksum 0x%02x\n", (int)boot->tail, boot->sum);
    boot->segments--;
    boot->state = boot->segments > 0 ? BOOT_SEGMENT : BOOT_CHECK;
    return now;
}

/* First what is left of the piece, then whole ones, then a last piece in part. */
static uint64_t read_data(struct rom *rom)
{
    struct rom_boot *boot = &rom->boot;
    uint8_t bytes[READ_SIZE];
    uint32_t room = ROM_BOOT_PIECE - boot->used, n = boot->left;
    uint64_t now = rom->chip->now;

    if (n < room) {
        if (!put(rom, boot->piece + boot->used, n))
            return CHIP_NEVER;
        boot->tail = n;
        boot->used += n;
        return end_segment(rom, now);
    }
    if (room > 0) {
        boot->used = ROM_BOOT_PIECE;
        return put(rom, boot->piece + ROM_BOOT_PIECE - room, room) ? now : CHIP_NEVER;
    }
    boot->head = boot->tail = 0;
    if (n == 0)
        return end_segment(rom, now);
    if (n >= ROM_BOOT_PIECE) {
        n = n >= READ_SIZE ? READ_SIZE : ROM_BOOT_PIECE;
        read_flash(rom, &now, bytes, n);
        return put(rom, bytes, n) ? now : CHIP_NEVER;
    }
    read_piece(rom, &now);
    if (!put(rom, boot->piece, n))
        return CHIP_NEVER;
    boot->tail = boot->used = n;
    return end_segment(rom, now);
}

/* The checksum is the last byte of the piece that the last segment ends in, or of one more if that is full. What is
 * printed is what came out, not what is stored. */
static uint64_t check(struct rom *rom)
{
    struct rom_boot *boot = &rom->boot;
    uint64_t now = rom->chip->now;

    if (boot->used == ROM_BOOT_PIECE)
        read_piece(rom, &now);
    rom_print(rom, "csum 0x%02x\n", boot->sum);
    boot->state = BOOT_ENTER;
    if (boot->piece[ROM_BOOT_PIECE - 1] != boot->sum) {
        rom_print(rom, "csum err\n");
        fail(rom);
    }
    return now;
}

static uint64_t after_banner(struct rom *rom)
{
    struct rom_boot *boot = &rom->boot;

    if (rom->chip->uart.sent_at != CHIP_NEVER)
        return CHIP_NEVER;
    if (rom->chip->straps == CHIP_STRAPS_UART) {
        rom->next = ROM_NEXT_LOADER;
        return rom->chip->now;
    }
    boot->state = rom->chip->straps == CHIP_STRAPS_FLASH ? BOOT_HEADER : BOOT_ENDED;
    if (rom->chip->straps & CHIP_STRAP_GPIO15)
        rom_print(rom, "waiting for host\n");
    return rom->chip->now;
}

uint64_t rom_boot_step(struct rom *rom)
{
    struct rom_boot *boot = &rom->boot;

    /* The ROM's printf waits for the transmit FIFO. */
    if (!rom_flushed(rom))
        return CHIP_NEVER;
    switch (boot->state) {
    case BOOT_START: boot->state = BOOT_PRINT; return rom->chip->now + (uint64_t)START_US * rom->chip->mhz;
    case BOOT_PRINT:
        boot->state = BOOT_BANNER;
        rom_print(rom, "\n ets Jan  8 2013,rst cause:%d, boot mode:(%u,%d)\n\n", (int)rom->chip->cause,
                  rom->chip->straps, BANNER_SECOND);
        return CHIP_NEVER;
    case BOOT_BANNER: return after_banner(rom);
    case BOOT_HEADER: return read_header(rom);
    case BOOT_MODE: return enter_mode(rom);
    case BOOT_SEGMENT: return read_segment_header(rom);
    case BOOT_DATA: return read_data(rom);
    case BOOT_CHECK: return check(rom);
    case BOOT_ENTER:
        rom->entry = boot->entry;
        rom->next = ROM_NEXT_CODE;
        return rom->chip->now;
    case BOOT_ENDED: break;
    }
    return CHIP_NEVER;
}
