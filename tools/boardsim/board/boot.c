/* SPDX-License-Identifier: MIT */
#include "tools/boardsim/board/boot.h"

#include "tools/boardsim/board/chip.h"
#include "tools/boardsim/board/nor.h"

/* From the end of reset to the first letter: clocks settle, the ROM clears its memory. An allowance. */
#define START_US 2000u

/* The boot mode's second number: of the straps that no board changes. */
#define BANNER_SECOND 6

#define MODE_UART  1
#define MODE_FLASH 3

#define IMAGE_MAGIC    0xe9
#define IMAGE_HEADER   8u
#define IMAGE_SEGMENTS 16
#define IMAGE_ALIGN    16u
#define CHECKSUM_SEED  0xef

void boot_start(struct chip *chip)
{
    chip->boot.state = BOOT_START;
}

void boot_from_flash(struct chip *chip)
{
    chip->boot.state = BOOT_FLASH;
    chip->mode = CHIP_BOOT;
    chip->wake = chip->now;
}

static uint8_t flash_byte(const struct chip *chip, uint32_t at)
{
    return nor_bytes(chip->spi.nor)[at & (nor_size(chip->spi.nor) - 1)];
}

static uint32_t flash_word(const struct chip *chip, uint32_t at)
{
    return flash_byte(chip, at) | (uint32_t)flash_byte(chip, at + 1) << 8 | (uint32_t)flash_byte(chip, at + 2) << 16 |
           (uint32_t)flash_byte(chip, at + 3) << 24;
}

/* Copies a segment to RAM; false if there is no RAM. */
static bool load_segment(struct chip *chip, uint32_t address, uint32_t from, uint32_t n, uint8_t *sum)
{
    for (uint32_t i = 0; i < n; i += 4) {
        uint32_t word = flash_word(chip, from + i);

        if (!chip_write(chip, address + i, &word, 4))
            return false;
        *sum ^= (uint8_t)(word ^ word >> 8 ^ word >> 16 ^ word >> 24);
    }
    return true;
}

/* Reads the image and reports on it as the ROM does. Returns the bytes read; state and entry say how it went. The ROM
 * reads in pieces of 16 bytes: "room" is what the current one still holds when a segment begins, "tail" what is taken
 * of the last one. */
static uint32_t load_image(struct chip *chip)
{
    struct boot *boot = &chip->boot;
    uint32_t at = IMAGE_HEADER;
    uint8_t sum = CHECKSUM_SEED, stored;
    unsigned segments = flash_byte(chip, 1);

    boot->state = BOOT_FAILED;
    if (flash_byte(chip, 0) != IMAGE_MAGIC || segments == 0 || segments > IMAGE_SEGMENTS) {
        chip_print(chip, "ets_main.c \n");
        return IMAGE_HEADER;
    }
    boot->entry = flash_word(chip, 4);
    for (unsigned i = 0; i < segments; i++) {
        uint32_t address = flash_word(chip, at), n = flash_word(chip, at + 4);
        uint32_t room = IMAGE_ALIGN - (at + 8) % IMAGE_ALIGN;

        at += 8;
        chip_print(chip, "\nload 0x%08x, len %d, room %d ", address, (int)n, (int)room);
        if (n > LX106_DRAM_SIZE || n % 4 != 0 || !load_segment(chip, address, at, n, &sum)) {
            chip_stop(chip, "boot: segment of %u bytes for 0x%08x", n, address);
            return at;
        }
        at += n;
        chip_print(chip, "\ntail %d\nchksum 0x%02x", (int)((n - room) % IMAGE_ALIGN), sum);
    }
    at |= IMAGE_ALIGN - 1;
    stored = flash_byte(chip, at);
    chip_print(chip, "\ncsum 0x%02x\n", stored);
    if (stored == sum)
        boot->state = BOOT_ENTER;
    else
        chip_print(chip, "csum err\nets_main.c \n");
    return at + 1;
}

uint64_t boot_step(struct chip *chip)
{
    struct boot *boot = &chip->boot;
    uint32_t n;

    switch (boot->state) {
    case BOOT_START: boot->state = BOOT_PRINT; return chip->now + (uint64_t)START_US * chip->mhz;
    case BOOT_PRINT:
        boot->state = BOOT_BANNER;
        chip_print(chip, "\n ets Jan  8 2013,rst cause:%d, boot mode:(%d,%d)\n\n", (int)chip->cause,
                   chip->download ? MODE_UART : MODE_FLASH, BANNER_SECOND);
        return CHIP_NEVER;
    case BOOT_BANNER:
        if (chip->uart.sent_at != CHIP_NEVER)
            return CHIP_NEVER;
        if (chip->download)
            rom_loader_start(chip);
        else
            boot->state = BOOT_FLASH;
        return chip->now;
    case BOOT_FLASH:
        rom_flash_attach(chip);
        n = load_image(chip);
        return chip->now + (uint64_t)n * 8 * spi_bit_cycles(&chip->spi);
    case BOOT_ENTER:
        if (!chip_flushed(chip))
            return CHIP_NEVER;
        chip_call(chip, boot->entry);
        return chip->now;
    case BOOT_FAILED: break;
    }
    return CHIP_NEVER;
}
