/* SPDX-License-Identifier: MIT */
/* What the ROM's work on the flash costs, against the figures of docs/esp8266.md section 6. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/runner.h"
#include "tools/boardsim/board/chip/chip.h"
#include "tools/boardsim/board/flash/nor.h"
#include "tools/boardsim/board/rom/rom_flash.h"

#define MHZ  52u
#define DRAM 0x3ffe8000u
#define IRAM 0x40100000u

static struct chip *chip;

static void setup(void)
{
    const struct nor_config config = {.seed = 1, .mhz = MHZ};

    chip = calloc(1, sizeof *chip);
    chip->mhz = MHZ;
    chip->spi.nor = nor_new(&config);
    chip_init(chip);
    nor_power(chip->spi.nor, 0, true);
    chip->now = rom_flash_attach(chip);
}

static void teardown(void)
{
    nor_free(chip->spi.nor);
    free(chip);
}

/* Does the job; returns what it took, in milliseconds. */
static double take(struct flash_job job)
{
    uint64_t begun = chip->now, then;

    while ((then = flash_job_step(chip, &job)) != 0)
        chip->now = then;
    ck_assert(!job.bad_memory);
    return (double)(chip->now - begun) / (MHZ * 1000.0);
}

static void about(double ms, double expected, double share)
{
    ck_assert_msg(ms > expected * (1 - share) && ms < expected * (1 + share), "%g ms instead of %g", ms, expected);
}

START_TEST(a_page_is_written_in_eight_pieces)
{
    double ms = 0;

    memset(chip->dram, 0xa5, 256);
    for (uint32_t page = 0; page < 100; page++)
        ms += take((struct flash_job){.kind = FLASH_PROGRAM, .address = page * 256, .memory = DRAM, .left = 256});
    about(ms / 100, 1.10, 0.03);
    ck_assert_uint_eq(nor_stats(chip->spi.nor)->programs, 800);
    ck_assert_uint_eq(nor_bytes(chip->spi.nor)[25599], 0xa5);
    ck_assert_uint_eq(nor_bytes(chip->spi.nor)[25600], 0xff);
}
END_TEST

/* As a stub does it that uses all of the controller's buffer; without the stub's own instructions. */
START_TEST(a_page_in_four_pieces_is_faster)
{
    struct spi *spi = &chip->spi;
    uint64_t begun = chip->now, now = begun;

    for (uint32_t i = 0; i < 400; i++) {
        spi_store(spi, now, SPI_CMD, SPI_CMD_WREN);
        spi_store(spi, spi->done, SPI_ADDR, i * 64 | 64u << 24);
        spi_store(spi, spi->done, SPI_CMD, SPI_CMD_PP);
        now = nor_ready(spi->nor);
        spi_store(spi, now, SPI_CMD, SPI_CMD_RDSR);
        now = spi->done;
    }
    about((double)(now - begun) / (MHZ * 1000.0) / 100, 0.95, 0.03);
}
END_TEST

START_TEST(all_is_read_in_three_seconds)
{
    double ms = 0;

    nor_bytes(chip->spi.nor)[0x3fffff] = 0x42;
    for (uint32_t at = 0; at < 4 << 20; at += 16384)
        ms += take((struct flash_job){.kind = FLASH_READ, .address = at, .memory = DRAM, .left = 16384});
    about(ms, 3300, 0.03);
    ck_assert_uint_eq(chip->dram[16383], 0x42);
}
END_TEST

/* As Arduino's boot loader reads a segment of 394 bytes into IRAM, which takes whole words only. */
START_TEST(whole_words_are_read)
{
    static const uint8_t words[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

    memcpy(nor_bytes(chip->spi.nor), words, sizeof words);
    memset(chip->dram, 0xee, 12);
    take((struct flash_job){.kind = FLASH_READ, .memory = IRAM, .left = 10});
    take((struct flash_job){.kind = FLASH_READ, .memory = DRAM, .left = 5});
    ck_assert_mem_eq(chip->iram, words, 10);
    ck_assert_mem_eq(chip->dram, words, 5);
    ck_assert_uint_eq(chip->dram[8], 0xee);
}
END_TEST

static const struct {
    uint32_t bytes;
    bool blocks;
    double ms;
    unsigned erases;
} erases[] = {{4096, true, 45, 1}, {65536, true, 150, 1}, {65536, false, 720, 16}, {0x21000, true, 345, 3}};

START_TEST(erases_take_those_of_the_part)
{
    about(take((struct flash_job){.kind = FLASH_ERASE, .left = erases[_i].bytes, .blocks = erases[_i].blocks}),
          erases[_i].ms, 0.055);
    ck_assert_uint_eq(nor_stats(chip->spi.nor)->erases, erases[_i].erases);
}
END_TEST

START_TEST(a_chip_erase_and_a_status_write)
{
    about(take((struct flash_job){.kind = FLASH_ERASE_CHIP}), 10000, 0.055);
    about(take((struct flash_job){.kind = FLASH_STATUS, .value = 0x1c}), 10, 0.06);
    ck_assert_uint_eq(nor_lasting_status(chip->spi.nor), 0x1c);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rom_flash");
    TCase *tc = tcase_create("time");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, a_page_is_written_in_eight_pieces);
    tcase_add_test(tc, a_page_in_four_pieces_is_faster);
    tcase_add_test(tc, all_is_read_in_three_seconds);
    tcase_add_test(tc, whole_words_are_read);
    tcase_add_loop_test(tc, erases_take_those_of_the_part, 0, sizeof erases / sizeof *erases);
    tcase_add_test(tc, a_chip_erase_and_a_status_write);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
