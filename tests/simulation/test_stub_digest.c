/* SPDX-License-Identifier: MIT */
/* The stub's DIGEST_SECTORS on the virtual board, in virtual time. */
#include "tests/runner.h"
#include "tests/simulation/stub_host.h"

#include <md5.h>
#include <string.h>

#define SECTOR 4096u
#define FAST   (WIRE_STREAM_DUAL | 2u << WIRE_STREAM_DIVIDER_SHIFT) /* 26 MHz on two data lines */

static uint32_t sum_of_sector(const uint8_t *bytes)
{
    uint32_t a = 0, b = 0;
    for (const uint8_t *end = bytes + SECTOR; bytes != end; bytes += 4) {
        a += host_word(bytes);
        b += a;
    }
    return a ^ (b << 16 | b >> 16);
}

static unsigned digest_sectors(uint32_t offset, uint32_t size, uint32_t flags)
{
    return host_ask_words(WIRE_DIGEST_SECTORS, 3, offset, size, flags, 0);
}

/* The reply is that for the flash as it is. */
static void check_digest(uint32_t offset, uint32_t size)
{
    uint8_t md5[16];
    MD5_CTX context;
    MD5Init(&context);
    MD5Update(&context, host_flash() + offset, size);
    MD5Final(md5, &context);
    uint32_t sectors = (size + SECTOR - 1) / SECTOR;
    ck_assert_uint_eq(host.reply.value, offset);
    ck_assert_uint_eq(host.reply.n, 16 + 4 * sectors);
    ck_assert_mem_eq(host.reply.data, md5, 16);
    for (uint32_t i = 0; i < sectors; i++)
        ck_assert_uint_eq(host_word(host.reply.data + 16 + (size_t)4 * i),
                          sum_of_sector(host_flash() + offset + i * SECTOR));
}

static const struct {
    uint32_t offset, size, flags;
} regions[] = {
    {0, 1, 0},
    {0x3000, SECTOR, 0},
    {0x10000, SECTOR + 63, WIRE_STREAM_DUAL},
    {0x5000, 5 * SECTOR - 1, FAST},
    {PART_SIZE - SECTOR, 100, 3u << WIRE_STREAM_DIVIDER_SHIFT},
};

START_TEST(test_digest)
{
    memset(host_flash() + 0x5000, 0xff, SECTOR);
    ck_assert_uint_eq(digest_sectors(regions[_i].offset, regions[_i].size, regions[_i].flags), 0);
    check_digest(regions[_i].offset, regions[_i].size);
}
END_TEST

/* In 1.6 s of the board's time, of which the ROM's MD5 needs 1.25 s and the reply 0.02 s: the reads have none of their
 * own. */
START_TEST(test_digest_of_all)
{
    host_change_baud(2000000);
    uint64_t begun = host.now;
    ck_assert_uint_eq(digest_sectors(0, PART_SIZE, FAST), 0);
    ck_assert_uint_lt(host.now - begun, 1600 * MS);
    check_digest(0, PART_SIZE);
}
END_TEST

static const struct {
    uint32_t offset, size, flags;
} refused[] = {
    {0x100, SECTOR, 0},
    {0, 0, 0},
    {0, PART_SIZE + 1, 0},
    {SECTOR, PART_SIZE, 0},
    {PART_SIZE, 1, 0},
    {0xfffff000, SECTOR, 0},
    {0, SECTOR, WIRE_STREAM_SKIP_BLANK},
    {0, SECTOR, WIRE_STREAM_COPIES_LATE},
    {0, SECTOR, 1u << 16},
};

START_TEST(test_refused)
{
    ck_assert_uint_eq(digest_sectors(refused[_i].offset, refused[_i].size, refused[_i].flags), WIRE_ERR_INVALID);
    ck_assert_uint_eq(host.reply.value, refused[_i].offset);
    ck_assert_uint_eq(host.reply.n, 0);
    ck_assert_uint_eq(digest_sectors(0, SECTOR, 0), 0);
}
END_TEST

/* 4 MB is the most, also of a larger part. */
START_TEST(test_too_many_sectors)
{
    uint8_t parameters[24] = {0};
    host_put_word(parameters + 4, 2 * PART_SIZE);
    ck_assert_uint_eq(host_ask(WIRE_SPI_SET_PARAMS, parameters, sizeof(parameters)), 0);
    ck_assert_uint_eq(digest_sectors(0, (WIRE_DIGEST_SECTORS_MAX + 1) * SECTOR, FAST), WIRE_ERR_INVALID);
}
END_TEST

/* The SPI clock is the loader's again: a part that fails at a faster one is read right. */
START_TEST(test_reads_slowly_again)
{
    board_free(host.board);
    const struct board_config config = {
        .seed = 1, .mac = {0x18, 0xfe, 0x34, 1, 2, 3}, .faults = {.flash.fast_reads_fail = true}};
    host_begin_with(&config);
    ck_assert_uint_eq(digest_sectors(0, SECTOR, FAST), 0);
    ck_assert_uint_ne(host_word(host.reply.data + 16), sum_of_sector(host_flash()));
    ck_assert_uint_eq(digest_sectors(0, SECTOR, 0), 0);
    check_digest(0, SECTOR);
    host_check_md5(host_flash(), 0, 2 * SECTOR);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stub's digests on the board");
    TCase *cases = tcase_create("digest");
    tcase_set_timeout(cases, 300);
    tcase_add_checked_fixture(cases, host_setup, host_teardown);
    tcase_add_loop_test(cases, test_digest, 0, (int)(sizeof(regions) / sizeof(regions[0])));
    tcase_add_test(cases, test_digest_of_all);
    tcase_add_loop_test(cases, test_refused, 0, (int)(sizeof(refused) / sizeof(refused[0])));
    tcase_add_test(cases, test_too_many_sectors);
    tcase_add_test(cases, test_reads_slowly_again);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
