/* SPDX-License-Identifier: MIT */
#include "tools/boardsim/board/rom/rom_flash.h"

#include "tools/boardsim/board/chip/chip.h"
#include "tools/boardsim/board/flash/nor.h"

/* The ROM moves 32 bytes at a time in both directions. */
#define PIECE 32u

/* What the ROM does around each piece: sets up the registers, polls, copies eight words. With it 4 MB are read in 3.3 s
 * and a page is programmed in 1.1 ms, at 13 MHz. */
#define PIECE_CYCLES 160u

void rom_flash_select(struct chip *chip)
{
    chip->spi.attached = true;
}

/* Runs one canned command to its end; returns that time. */
static uint64_t command(struct chip *chip, uint64_t now, uint32_t bit)
{
    spi_store(&chip->spi, now, SPI_CMD, bit);
    return chip->spi.done;
}

uint64_t rom_flash_attach(struct chip *chip)
{
    rom_flash_select(chip);
    return command(chip, chip->now, SPI_CMD_RES);
}

static uint64_t command_at(struct chip *chip, uint64_t now, uint32_t bit, uint32_t address)
{
    spi_store(&chip->spi, now, SPI_ADDR, address);
    return command(chip, now, bit);
}

/* The end of what the flash is busy with, as a program learns it: by a status read after it. */
static uint64_t idle_at(const struct chip *chip, uint64_t now)
{
    uint64_t ready = nor_ready(chip->spi.nor);

    return ready > now ? ready : now;
}

/* The last word is stored as a whole: IRAM takes no bytes. Arduino's boot loader reads 394 of them into it. */
static uint32_t read_piece(struct chip *chip, struct flash_job *job, uint64_t *then)
{
    uint32_t n = job->left < PIECE ? job->left : PIECE;
    uint32_t words[PIECE / 4];

    *then = command_at(chip, chip->now, SPI_CMD_READ, (job->address & 0xffffff) | n << 24);
    for (unsigned i = 0; i < PIECE / 4; i++)
        words[i] = spi_load(&chip->spi, *then, SPI_W0 + 4 * i);
    job->bad_memory = !chip_write(chip, job->memory, words, (n + 3) & ~3u);
    return n;
}

static uint32_t program_piece(struct chip *chip, struct flash_job *job, uint64_t *then)
{
    uint32_t page_left = 256 - (job->address & 255);
    uint32_t n = job->left < PIECE ? job->left : PIECE;
    uint32_t words[PIECE / 4] = {0};

    if (n > page_left)
        n = page_left;
    job->bad_memory = !chip_read(chip, job->memory, words, n);
    if (job->bad_memory)
        return n;
    /* The ROM sets up the next piece when the part has finished the one before. */
    *then = command(chip, chip->now + PIECE_CYCLES, SPI_CMD_WREN);
    for (unsigned i = 0; i < PIECE / 4; i++)
        spi_store(&chip->spi, *then, SPI_W0 + 4 * i, words[i]);
    *then = command_at(chip, *then, SPI_CMD_PP, (job->address & 0xffffff) | n << 24);
    return n;
}

static uint32_t erase_piece(struct chip *chip, struct flash_job *job, uint64_t *then)
{
    bool block = job->blocks && job->address % 65536 == 0 && job->left >= 65536;

    *then = command(chip, chip->now, SPI_CMD_WREN);
    *then = command_at(chip, *then, block ? SPI_CMD_BE : SPI_CMD_SE, job->address & 0xffffff);
    return block ? 65536 : 4096;
}

uint64_t flash_job_step(struct chip *chip, struct flash_job *job)
{
    uint64_t then = idle_at(chip, chip->now);
    uint32_t n = 0;

    if (spi_busy(&chip->spi, then))
        then = chip->spi.done;
    if (then > chip->now)
        return then;
    if (job->started && job->left == 0)
        return 0;
    job->started = true;
    if (job->left == 0 && job->kind != FLASH_STATUS && job->kind != FLASH_ERASE_CHIP)
        return 0;

    switch (job->kind) {
    case FLASH_READ: n = read_piece(chip, job, &then); break;
    case FLASH_PROGRAM: n = program_piece(chip, job, &then); break;
    case FLASH_ERASE: n = erase_piece(chip, job, &then); break;
    case FLASH_ERASE_CHIP:
        then = command(chip, then, SPI_CMD_WREN);
        then = command(chip, then, SPI_CMD_CE);
        n = job->left;
        break;
    case FLASH_STATUS:
        then = command(chip, then, SPI_CMD_WREN);
        spi_store(&chip->spi, then, SPI_RD_STATUS, job->value);
        then = command(chip, then, SPI_CMD_WRSR);
        n = job->left;
        break;
    }
    if (job->bad_memory)
        return 0;
    job->address += n;
    job->memory += n;
    job->left -= n < job->left ? n : job->left;
    return then + PIECE_CYCLES;
}
