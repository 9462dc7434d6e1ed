/* SPDX-License-Identifier: MIT */
/* The stub's planned write job, that of a stream: sectors that are written, copied, left blank or kept, and the MD5
 * that is made behind them. */
#include "proto/link/bytes.h"
#include "stub/flash_digest.h"
#include "stub/flash_plan.h"
#include "stub/flash_write.h"
#include "tests/md5.h"
#include "tests/runner.h"
#include "tests/unit/stub/spi_fake.h"

#include <stdlib.h>
#include <zlib.h>

#define SECTORS (PART_SIZE / SPI_SECTOR)

static uint8_t before[PART_SIZE], wanted[PART_SIZE];
static uint8_t raw[PART_SIZE + 2 * SECTORS + WIRE_PLAN_ALIGN], packed[PART_SIZE + 8192];
static size_t n_raw, n_packed;
static unsigned kinds[SECTORS];

static void setup(void)
{
    memset(&part, 0, sizeof(part));
    part.fails_at = UINT32_MAX;
    for (size_t i = 0; i < PART_SIZE; i++) {
        before[i] = part.bytes[i] = (uint8_t)rand();
        part.programmed[i] = true;
    }
    flash_set_size(PART_SIZE);
}

/* Old content that reads as blank, as if erased long ago. */
static void make_blank(uint32_t offset, uint32_t size)
{
    memset(part.bytes + offset, 0xff, size);
    memset(part.programmed + offset, 0, size * sizeof(bool));
}

static void fill_sector(uint8_t *sector)
{
    unsigned kind = (unsigned)rand() % 3;
    for (size_t i = 0; i < SPI_SECTOR; i++)
        sector[i] = kind == 0 ? (uint8_t)rand() : i / 200 % 2 == 0 ? 0xff : (uint8_t)(rand() % 5);
}

/* What becomes of a sector of the region, of any kind that is possible there; also the content that it will have. */
static void plan_sector(uint32_t first, uint32_t sector)
{
    uint8_t *content = wanted + sector * SPI_SECTOR;
    unsigned kind = (unsigned)rand() % 4, source = sector;
    if (kind == WIRE_PLAN_COPY && sector > first)
        source = first + (unsigned)rand() % (sector - first);
    if (kind == WIRE_PLAN_COPY && (source == sector || kinds[source] != WIRE_PLAN_DATA))
        kind = WIRE_PLAN_DATA;
    kinds[sector] = kind;
    put_le16(raw + 2 * (sector - first), (uint16_t)(kind << WIRE_PLAN_KIND_SHIFT | (source & WIRE_PLAN_SECTOR)));
    if (kind == WIRE_PLAN_BLANK)
        memset(content, 0xff, SPI_SECTOR);
    else if (kind == WIRE_PLAN_KEEP)
        memcpy(content, part.bytes + sector * SPI_SECTOR, SPI_SECTOR);
    else if (kind == WIRE_PLAN_COPY)
        memcpy(content, wanted + source * SPI_SECTOR, SPI_SECTOR);
    else
        fill_sector(content);
    if (kind == WIRE_PLAN_DATA) {
        memcpy(raw + n_raw, content, SPI_SECTOR);
        n_raw += SPI_SECTOR;
    }
}

static void pack(void)
{
    uLongf size = sizeof(packed);
    ck_assert_int_eq(compress2(packed, &size, raw, n_raw, 9), Z_OK);
    n_packed = size;
}

static void plan(uint32_t first, uint32_t n)
{
    memset(raw, 0, sizeof(raw));
    n_raw = (2 * n + WIRE_PLAN_ALIGN - 1) & ~(WIRE_PLAN_ALIGN - 1u);
    memset(kinds, 0, sizeof(kinds));
    memcpy(wanted, part.bytes, PART_SIZE);
    for (uint32_t sector = first; sector < first + n; sector++)
        plan_sector(first, sector);
    pack();
}

static void work(void)
{
    flash_write_operate();
    flash_write_compute();
}

/* Lets the job run over the stream in pieces, with idle rounds between them as they happen to come. */
static void run(unsigned idle)
{
    for (size_t at = 0; at < n_packed; at += WIRE_STREAM_PAYLOAD) {
        size_t left = n_packed - at;
        flash_write_data(packed + at, left < WIRE_STREAM_PAYLOAD ? left : WIRE_STREAM_PAYLOAD);
        for (unsigned rounds = 0; !flash_write_takes_data(); rounds++) {
            work();
            ck_assert_uint_lt(rounds, 1000000);
        }
        for (unsigned i = 0; i < idle; i++)
            work();
    }
    for (unsigned rounds = 0; !flash_write_finished(); rounds++) {
        work();
        ck_assert_uint_lt(rounds, 1000000);
    }
}

static void check_result(uint32_t offset, uint32_t size)
{
    uint8_t md5[16];
    md5_of(wanted + offset, size, md5);
    ck_assert_int_eq(flash_write_state(true), WIRE_OK);
    ck_assert(flash_write_verified());
    ck_assert_mem_eq(part.bytes, wanted, PART_SIZE);
    ck_assert_mem_eq(digest_result(), md5, 16);
    ck_assert_uint_eq(digest_at(), offset + size);
}

START_TEST(test_random_plans)
{
    srand((unsigned)_i + 1);
    setup();
    uint32_t first = (unsigned)rand() % 20, n = 1 + (unsigned)rand() % (SECTORS - first);
    uint32_t flags = (unsigned)rand() % 2 ? WIRE_STREAM_COPIES_LATE : 0;
    uint32_t cut = (unsigned)rand() % 2 ? 0 : (unsigned)rand() % 1000 * 4;
    if (rand() % 2) {
        flags |= WIRE_STREAM_SKIP_BLANK;
        make_blank((uint32_t)rand() % SECTORS / 2 * SPI_SECTOR, SECTORS / 3 * SPI_SECTOR);
    }
    plan(first, n);
    uint32_t size = n * SPI_SECTOR - cut;
    ck_assert_int_eq(flash_write_begin_planned(first * SPI_SECTOR, size, flags), WIRE_OK);
    run((unsigned)rand() % 3 * 500);
    check_result(first * SPI_SECTOR, size);
}
END_TEST

START_TEST(test_blank_is_not_erased)
{
    srand(5);
    make_blank(0, PART_SIZE);
    part.bytes[0x15000] = 0;
    plan(0, SECTORS);
    ck_assert_int_eq(flash_write_begin_planned(0, PART_SIZE, WIRE_STREAM_SKIP_BLANK), WIRE_OK);
    run(0);
    check_result(0, PART_SIZE);
    ck_assert_uint_le(part.blocks * 16 + part.sectors, 16);
}
END_TEST

START_TEST(test_kept_is_not_touched)
{
    memset(raw, 0, sizeof(raw));
    for (uint32_t sector = 0; sector < SECTORS; sector++)
        put_le16(raw + 2 * sector, WIRE_PLAN_KEEP << WIRE_PLAN_KIND_SHIFT);
    n_raw = 2 * SECTORS;
    memcpy(wanted, part.bytes, PART_SIZE);
    pack();
    ck_assert_int_eq(flash_write_begin_planned(0, PART_SIZE, 0), WIRE_OK);
    run(0);
    check_result(0, PART_SIZE);
    ck_assert_uint_eq(part.blocks + part.sectors + part.programs, 0);
}
END_TEST

/* What the part returns counts, and not what was sent. */
START_TEST(test_digest_is_of_the_part)
{
    srand(6);
    plan(0, SECTORS);
    ck_assert_int_eq(flash_write_begin_planned(0, PART_SIZE, WIRE_STREAM_DUAL | 2 << WIRE_STREAM_DIVIDER_SHIFT),
                     WIRE_OK);
    ck_assert(part.dual);
    ck_assert_uint_eq(part.divider, 2);
    for (part.stuck = SPI_SECTOR;
         wanted[part.stuck] == 0 || wanted[part.stuck] == 0xff || kinds[part.stuck / SPI_SECTOR] != WIRE_PLAN_DATA;)
        part.stuck++;
    run(0);
    uint8_t md5[16];
    md5_of(wanted, PART_SIZE, md5);
    ck_assert(flash_write_verified());
    ck_assert_mem_ne(digest_result(), md5, 16);
    flash_write_close();
    ck_assert(!part.dual);
    ck_assert(!flash_write_verified());
}
END_TEST

START_TEST(test_refused)
{
    ck_assert_int_eq(flash_write_begin(0, 4096, false), WIRE_OK);
    ck_assert_int_eq(flash_write_begin_planned(100, 4096, 0), WIRE_ERR_INVALID);
    ck_assert_int_eq(flash_write_state(false), WIRE_ERR_NOT_FLASHING);
    ck_assert_int_eq(flash_write_begin_planned(0, 0, 0), WIRE_ERR_INVALID);
    ck_assert_int_eq(flash_write_begin_planned(0, PART_SIZE + 1, 0), WIRE_ERR_INVALID);
    part.stays_locked = true;
    ck_assert_int_eq(flash_write_begin_planned(0, 4096, 0), WIRE_ERR_UNLOCK);
    part.stays_locked = false;
    /* The standard end is not one of a stream. */
    ck_assert_int_eq(flash_write_begin_planned(0, 4096, 0), WIRE_OK);
    ck_assert_int_eq(flash_write_end(), WIRE_ERR_NOT_FLASHING);
}
END_TEST

/* More data than the plan has room for. */
START_TEST(test_too_much)
{
    srand(7);
    plan(0, 4);
    memset(raw + n_raw, 1, SPI_SECTOR);
    n_raw += SPI_SECTOR;
    pack();
    ck_assert_int_eq(flash_write_begin_planned(0, 4 * SPI_SECTOR, 0), WIRE_OK);
    run(0);
    ck_assert_int_eq(flash_write_state(true), WIRE_ERR_TOO_MUCH);
    ck_assert(!flash_write_verified());
    ck_assert_mem_eq(part.bytes + 4 * SPI_SECTOR, before + 4 * SPI_SECTOR, PART_SIZE - 4 * SPI_SECTOR);
}
END_TEST

/* A copy must come after its source. */
START_TEST(test_copy_of_what_follows)
{
    memset(raw, 0, sizeof(raw));
    put_le16(raw + 2, WIRE_PLAN_COPY << WIRE_PLAN_KIND_SHIFT | 2);
    n_raw = WIRE_PLAN_ALIGN + 2 * SPI_SECTOR;
    memset(raw + WIRE_PLAN_ALIGN, 1, n_raw - WIRE_PLAN_ALIGN);
    pack();
    ck_assert_int_eq(flash_write_begin_planned(0, 3 * SPI_SECTOR, 0), WIRE_OK);
    run(0);
    ck_assert_int_eq(flash_write_state(true), WIRE_ERR_INVALID);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stub flash_plan");
    TCase *cases = tcase_create("flash_plan");
    tcase_add_checked_fixture(cases, setup, NULL);
    tcase_set_timeout(cases, 600);
    tcase_add_loop_test(cases, test_random_plans, 0, 60);
    tcase_add_test(cases, test_blank_is_not_erased);
    tcase_add_test(cases, test_kept_is_not_touched);
    tcase_add_test(cases, test_digest_is_of_the_part);
    tcase_add_test(cases, test_refused);
    tcase_add_test(cases, test_too_much);
    tcase_add_test(cases, test_copy_of_what_follows);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
