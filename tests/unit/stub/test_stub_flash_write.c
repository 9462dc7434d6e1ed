/* SPDX-License-Identifier: MIT */
/* The stub's write job on a flash part of an array that knows a part's rules. */
#include "stub/flash_write.h"
#include "tests/runner.h"
#include "tests/unit/stub/spi_fake.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static uint8_t before[PART_SIZE], data[PART_SIZE], packed[PART_SIZE + 4096];
static size_t n_packed;

/* Old content in the part, new content with blank stretches in `data`, deflated in `packed`. */
static void setup(void)
{
    memset(&part, 0, sizeof(part));
    part.fails_at = UINT32_MAX;
    part.locked = true;
    srand(7);
    for (size_t i = 0; i < PART_SIZE; i++) {
        before[i] = part.bytes[i] = (uint8_t)rand();
        part.programmed[i] = true;
        data[i] = i / 3000 % 3 == 0 ? 0xff : (uint8_t)(rand() % 7 * 31);
    }
    flash_set_size(PART_SIZE);
}

static void pack(size_t n)
{
    uLongf room = sizeof(packed);
    ck_assert_int_eq(compress2(packed, &room, data, n, 9), Z_OK);
    n_packed = room;
}

/* Does what the stub's main loop does, until the job takes data. */
static void work_off(void)
{
    while (!flash_write_takes_data()) {
        flash_write_operate();
        flash_write_compute();
    }
}

static void give(const uint8_t *bytes, size_t n)
{
    flash_write_data(bytes, n);
    work_off();
}

static void feed(const uint8_t *bytes, size_t n, size_t block)
{
    for (size_t at = 0; at < n; at += block)
        give(bytes + at, n - at < block ? n - at : block);
}

static uint32_t down(uint32_t address)
{
    return address & ~(SPI_SECTOR - 1);
}

/* The region holds `data`, the rest of its sectors is blank, and all else is as it was. */
static void check_flash(uint32_t offset, uint32_t size)
{
    uint32_t from = down(offset), to = size == 0 ? from : down(offset + size + SPI_SECTOR - 1);
    ck_assert_mem_eq(part.bytes, before, from);
    ck_assert_mem_eq(part.bytes + offset, data, size);
    ck_assert_mem_eq(part.bytes + to, before + to, PART_SIZE - to);
    for (uint32_t at = from; at < to; at++)
        if ((at < offset || at >= offset + size) && part.bytes[at] != 0xff)
            ck_abort_msg("0x%x is not blank", (unsigned)at);
}

static const struct region {
    uint32_t offset, size;
    unsigned blocks, sectors; /* erases */
} regions[] = {
    {0, 65536, 1, 0},        {0, PART_SIZE, 4, 0},     {0x1000, 0x20000, 1, 16}, {0xF000, 0x21000, 2, 1},
    {0x1000, 0xF000, 0, 15}, {0x10000, 0x10001, 1, 1}, {0x10000, 0xEFFF, 0, 15}, {0x10000, 0xF001, 1, 0},
    {0x3004, 1, 0, 1},       {0x2FFF, 2, 0, 2},        {PART_SIZE - 1, 1, 0, 1}, {0x20000, 0, 0, 0},
    {PART_SIZE, 0, 0, 0},    {0x2345, 0x18000, 0, 25},
};
#define N_REGIONS ((int)(sizeof(regions) / sizeof(regions[0])))

START_TEST(test_plain)
{
    const struct region *r = &regions[_i];
    ck_assert_int_eq(flash_write_begin(r->offset, r->size, false), WIRE_OK);
    feed(data, r->size, 1000);
    ck_assert_int_eq(flash_write_state(false), WIRE_OK);
    ck_assert_int_eq(flash_write_end(), WIRE_OK);
    ck_assert_int_eq(flash_write_end(), WIRE_OK);
    check_flash(r->offset, r->size);
    ck_assert_uint_eq(part.blocks, r->blocks);
    ck_assert_uint_eq(part.sectors, r->sectors);
}
END_TEST

START_TEST(test_deflated)
{
    const struct region *r = &regions[_i];
    pack(r->size);
    ck_assert_int_eq(flash_write_begin(r->offset, r->size, true), WIRE_OK);
    feed(packed, n_packed, 16384);
    ck_assert_int_eq(flash_write_state(true), WIRE_OK);
    ck_assert_int_eq(flash_write_end(), WIRE_OK);
    check_flash(r->offset, r->size);
    ck_assert_uint_eq(part.blocks, r->blocks);
    ck_assert_uint_eq(part.sectors, r->sectors);
}
END_TEST

START_TEST(test_ahead)
{
    const struct region *r = &regions[_i];
    ck_assert_int_eq(flash_write_begin(r->offset, r->size, false), WIRE_OK);
    for (unsigned rounds = 0; !flash_write_finished(); rounds++) {
        flash_write_operate();
        ck_assert_uint_lt(rounds, 10000);
    }
    ck_assert_uint_eq(part.blocks, r->blocks);
    ck_assert_uint_eq(part.sectors, r->sectors);
    ck_assert_uint_eq(part.programs, 0);
    feed(data, r->size, 5000);
    ck_assert_int_eq(flash_write_end(), WIRE_OK);
    ck_assert_uint_eq(part.blocks + part.sectors, r->blocks + r->sectors);
    check_flash(r->offset, r->size);
}
END_TEST

START_TEST(test_blank_is_not_programmed)
{
    memset(data, 0xff, PART_SIZE);
    data[5000] = 0;
    pack(65536);
    ck_assert_int_eq(flash_write_begin(0, 65536, true), WIRE_OK);
    feed(packed, n_packed, 16384);
    ck_assert_int_eq(flash_write_end(), WIRE_OK);
    ck_assert_uint_eq(part.programs, 1);
    check_flash(0, 65536);
}
END_TEST

START_TEST(test_outside_of_the_part)
{
    static const struct region outside[] = {
        {PART_SIZE, 1, 0, 0},  {PART_SIZE - 1, 2, 0, 0},        {0, PART_SIZE + 1, 0, 0},
        {UINT32_MAX, 2, 0, 0}, {4096, UINT32_MAX - 4095, 0, 0},
    };
    for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
        ck_assert_int_eq(flash_write_begin(outside[i].offset, outside[i].size, false), WIRE_ERR_INVALID);
        ck_assert_int_eq(flash_write_state(false), WIRE_ERR_NOT_FLASHING);
        ck_assert_int_eq(flash_write_end(), WIRE_ERR_NOT_FLASHING);
        ck_assert_int_eq(flash_erase(outside[i].offset, outside[i].size), WIRE_ERR_INVALID);
    }
    ck_assert_mem_eq(part.bytes, before, PART_SIZE);
}
END_TEST

START_TEST(test_kinds_do_not_mix)
{
    ck_assert_int_eq(flash_write_begin(0, 100, false), WIRE_OK);
    ck_assert_int_eq(flash_write_state(true), WIRE_ERR_NOT_FLASHING);
    ck_assert_int_eq(flash_write_begin(0, 100, true), WIRE_OK);
    ck_assert_int_eq(flash_write_state(false), WIRE_ERR_NOT_FLASHING);
}
END_TEST

START_TEST(test_too_little)
{
    ck_assert_int_eq(flash_write_begin(0, 5000, false), WIRE_OK);
    feed(data, 4999, 1000);
    ck_assert_int_eq(flash_write_end(), WIRE_ERR_TOO_LITTLE);
    ck_assert_int_eq(flash_write_end(), WIRE_ERR_TOO_LITTLE);
    ck_assert(!flash_write_operate());

    pack(5000);
    for (size_t n = 0; n < n_packed; n += n < n_packed - 6 ? 97 : 1) {
        ck_assert_int_eq(flash_write_begin(0, 5000, true), WIRE_OK);
        feed(packed, n, 1000);
        ck_assert_int_eq(flash_write_state(true), WIRE_OK);
        ck_assert_int_eq(flash_write_end(), WIRE_ERR_TOO_LITTLE);
    }
    /* A whole stream that is shorter than what was announced. */
    ck_assert_int_eq(flash_write_begin(0, 5001, true), WIRE_OK);
    feed(packed, n_packed, 1000);
    ck_assert_int_eq(flash_write_end(), WIRE_ERR_TOO_LITTLE);
}
END_TEST

START_TEST(test_too_much)
{
    ck_assert_int_eq(flash_write_begin(0, 5000, false), WIRE_OK);
    data[5000] = 0;
    give(data, 5001);
    ck_assert_int_eq(flash_write_state(false), WIRE_ERR_TOO_MUCH);
    ck_assert_int_eq(flash_write_end(), WIRE_ERR_TOO_MUCH);

    pack(5000);
    ck_assert_int_eq(flash_write_begin(0, 4999, true), WIRE_OK);
    feed(packed, n_packed, 16384);
    ck_assert_int_eq(flash_write_end(), WIRE_ERR_TOO_MUCH);

    packed[n_packed] = 0;
    ck_assert_int_eq(flash_write_begin(0, 5000, true), WIRE_OK);
    give(packed, n_packed + 1);
    ck_assert_int_eq(flash_write_end(), WIRE_ERR_TOO_MUCH);

    ck_assert_int_eq(flash_write_begin(0, 5000, true), WIRE_OK);
    give(packed, n_packed);
    give(packed, 1);
    ck_assert_int_eq(flash_write_end(), WIRE_ERR_TOO_MUCH);

    /* Nothing behind the region was written, whatever came. */
    for (size_t at = 5000; at < 8192; at++)
        ck_assert(part.bytes[at] == 0xff || part.bytes[at] == before[at]);
    ck_assert_mem_eq(part.bytes + 8192, before + 8192, PART_SIZE - 8192);
}
END_TEST

START_TEST(test_padding)
{
    memset(data + 5000, 0xff, 16384);
    ck_assert_int_eq(flash_write_begin(0, 5000, false), WIRE_OK);
    give(data, 16384);
    give(data + 16384, 100);
    ck_assert_int_eq(flash_write_end(), WIRE_OK);
    check_flash(0, 5000);
}
END_TEST

START_TEST(test_corrupt_stream)
{
    pack(20000);
    packed[n_packed / 2] ^= 0x10;
    ck_assert_int_eq(flash_write_begin(0, 20000, true), WIRE_OK);
    feed(packed, n_packed, 4096);
    ck_assert_int_ne(flash_write_end(), WIRE_OK);

    pack(20000);
    packed[n_packed - 1] ^= 1; /* all data is right but not its sum */
    ck_assert_int_eq(flash_write_begin(0, 20000, true), WIRE_OK);
    feed(packed, n_packed, 4096);
    ck_assert_int_eq(flash_write_state(true), WIRE_ERR_INFLATE);
    ck_assert_int_eq(flash_write_end(), WIRE_ERR_INFLATE);
    /* And a new job begins afresh. */
    pack(20000);
    ck_assert_int_eq(flash_write_begin(0, 20000, true), WIRE_OK);
    feed(packed, n_packed, 4096);
    ck_assert_int_eq(flash_write_end(), WIRE_OK);
    check_flash(0, 20000);
}
END_TEST

START_TEST(test_part_fails)
{
    part.fails_at = 0x2345;
    memset(data, 0x55, 0x5000);
    ck_assert_int_eq(flash_write_begin(0, 0x5000, false), WIRE_OK);
    feed(data, 0x5000, 1000);
    ck_assert_int_eq(flash_write_state(false), WIRE_ERR_SPI);
    ck_assert_int_eq(flash_write_end(), WIRE_ERR_SPI);
    unsigned programs = part.programs;
    give(data, 100);
    ck_assert_uint_eq(part.programs, programs);
    ck_assert_int_eq(flash_erase(0, 0x10000), WIRE_ERR_SPI);

    /* The last program never ends. */
    part.fails_at = UINT32_MAX;
    ck_assert_int_eq(flash_write_begin(0, 64, false), WIRE_OK);
    flash_write_data(data, 64);
    part.dies = true;
    ck_assert_int_eq(flash_write_end(), WIRE_ERR_SLOW);
    ck_assert_int_eq(flash_write_begin(0, 64, false), WIRE_ERR_SLOW);
}
END_TEST

START_TEST(test_locked)
{
    part.stays_locked = true;
    ck_assert_int_eq(flash_write_begin(0, 64, false), WIRE_ERR_UNLOCK);
    ck_assert_int_eq(flash_write_state(false), WIRE_ERR_NOT_FLASHING);
    ck_assert_int_eq(flash_erase(0, 4096), WIRE_ERR_UNLOCK);
    ck_assert_int_eq(flash_erase_all(), WIRE_ERR_UNLOCK);
    ck_assert_mem_eq(part.bytes, before, PART_SIZE);
}
END_TEST

START_TEST(test_erase)
{
    memset(data, 0xff, PART_SIZE);
    ck_assert_int_eq(flash_erase(0x1000, 0x2F000), WIRE_OK);
    check_flash(0x1000, 0x2F000);
    ck_assert_uint_eq(part.blocks, 2);
    ck_assert_uint_eq(part.sectors, 15);
    ck_assert_uint_eq(part.busy, 0);
    ck_assert_int_eq(flash_erase(0x1001, 0x1000), WIRE_ERR_INVALID);
    ck_assert_int_eq(flash_erase(0x1000, 0x1001), WIRE_ERR_INVALID);
    ck_assert_int_eq(flash_erase(0x5000, 0), WIRE_OK);
    ck_assert_int_eq(flash_erase_all(), WIRE_OK);
    ck_assert_uint_eq(part.chips, 1);
    check_flash(0, PART_SIZE);
}
END_TEST

START_TEST(test_erase_ends_the_job)
{
    ck_assert_int_eq(flash_write_begin(0, 64, false), WIRE_OK);
    ck_assert_int_eq(flash_erase(0, 4096), WIRE_OK);
    ck_assert_int_eq(flash_write_end(), WIRE_ERR_NOT_FLASHING);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stub flash_write");
    TCase *cases = tcase_create("flash_write");
    tcase_add_checked_fixture(cases, setup, NULL);
    tcase_set_timeout(cases, 120);
    tcase_add_loop_test(cases, test_plain, 0, N_REGIONS);
    tcase_add_loop_test(cases, test_deflated, 0, N_REGIONS);
    tcase_add_loop_test(cases, test_ahead, 0, N_REGIONS);
    tcase_add_test(cases, test_blank_is_not_programmed);
    tcase_add_test(cases, test_outside_of_the_part);
    tcase_add_test(cases, test_kinds_do_not_mix);
    tcase_add_test(cases, test_too_little);
    tcase_add_test(cases, test_too_much);
    tcase_add_test(cases, test_padding);
    tcase_add_test(cases, test_corrupt_stream);
    tcase_add_test(cases, test_part_fails);
    tcase_add_test(cases, test_locked);
    tcase_add_test(cases, test_erase);
    tcase_add_test(cases, test_erase_ends_the_job);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
