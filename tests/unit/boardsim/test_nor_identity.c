/* SPDX-License-Identifier: MIT */
/* What a flash part tells of itself, and its reset by command. */
#include "tests/runner.h"
#include "tests/unit/boardsim/nor_talk.h"

#define SFDP_TABLE 0x80u

static void read_with(const uint8_t *out, size_t n, uint8_t *in, size_t m)
{
    nor_transfer(nor, now, out, n, in, m);
}

static uint32_t sfdp_word(uint32_t address)
{
    const uint8_t out[5] = {0x5a, 0, 0, (uint8_t)address};
    uint32_t word;
    uint8_t in[4];

    read_with(out, sizeof out, in, sizeof in);
    memcpy(&word, in, 4);
    return word;
}

START_TEST(sfdp_tells_size_and_erases)
{
    for (const struct nor_part *part = nor_parts; part->name; part++) {
        make_part(part->name, (struct nor_faults){.size = 0});
        if (!part->sfdp) {
            ck_assert_uint_eq(sfdp_word(0), UINT32_MAX);
            continue;
        }
        ck_assert_uint_eq(sfdp_word(0), 0x50444653);
        ck_assert_uint_eq(sfdp_word(4), 0xff000100);
        ck_assert_uint_eq(sfdp_word(8), 0x09010000);
        ck_assert_uint_eq(sfdp_word(12), 0xff000000 | SFDP_TABLE);
        ck_assert_uint_eq(sfdp_word(SFDP_TABLE + 4), part->size * 8 - 1);
        ck_assert_uint_eq(sfdp_word(SFDP_TABLE + 28), 0x520f200c);
        ck_assert_uint_eq(sfdp_word(SFDP_TABLE + 32) & 0xffff, 0xd810);
    }
}
END_TEST

/* The words of W25Q32 parts in public dumps. */
START_TEST(sfdp_of_a_w25q32)
{
    ck_assert_uint_eq(sfdp_word(SFDP_TABLE), 0xfff120e5);
    ck_assert_uint_eq(sfdp_word(SFDP_TABLE + 4), 0x01ffffff);
    ck_assert_uint_eq(sfdp_word(SFDP_TABLE + 8), 0x6b08eb44);
}
END_TEST

START_TEST(sfdp_of_a_part_without_quad_reads)
{
    make_part("MX25L32", (struct nor_faults){.size = 0});
    ck_assert_uint_eq(sfdp_word(SFDP_TABLE), 0xff9120e5);
    ck_assert_uint_eq(sfdp_word(SFDP_TABLE + 8), 0);
}
END_TEST

START_TEST(device_ids)
{
    static const uint8_t out[4] = {0x90}, odd[4] = {0x90, 0, 0, 1}, wake[4] = {0xab};
    uint8_t in[3];

    read_with(out, sizeof out, in, sizeof in);
    ck_assert_mem_eq(in, "\xef\x15\xef", 3);
    read_with(odd, sizeof odd, in, sizeof in);
    ck_assert_mem_eq(in, "\x15\xef\x15", 3);
    read_with(wake, sizeof wake, in, sizeof in);
    ck_assert_mem_eq(in, "\x15\x15\x15", 3);
}
END_TEST

START_TEST(a_sleeping_part_wakes_with_its_device_id)
{
    static const uint8_t wake[4] = {0xab};
    uint8_t in;

    command(0xb9);
    ck_assert_uint_eq(read_id(), 0xffffff);
    read_with(wake, sizeof wake, &in, 1);
    ck_assert_uint_eq(in, 0x15);
    ck_assert_uint_eq(read_id(), 0xef4016);
}
END_TEST

START_TEST(unique_ids_differ_by_seed_and_stay)
{
    static const uint8_t out[5] = {0x4b};
    uint8_t first[16], again[16], other[16];

    read_with(out, sizeof out, first, sizeof first);
    read_with(out, sizeof out, again, sizeof again);
    ck_assert_mem_eq(first, again, 16);
    ck_assert_mem_eq(first + 8, "\xff\xff\xff\xff\xff\xff\xff\xff", 8);
    make(&(struct nor_config){.seed = 2, .mhz = MHZ});
    read_with(out, sizeof out, other, sizeof other);
    ck_assert_mem_ne(first, other, 8);
    make_part("EN25Q16", (struct nor_faults){.size = 0});
    read_with(out, sizeof out, other, sizeof other);
    ck_assert_uint_eq(other[0], 0xff);
}
END_TEST

START_TEST(a_reset_ends_what_runs)
{
    unsigned blank = 0;

    erase(0x20, 0x1000);
    program(0x1000, "abc", 3);
    command(WRITE_ENABLE);
    command_at(0x20, 0x1000, NULL, 0);
    command(0x66);
    command(0x99);
    now += US(30);
    ck_assert_uint_eq(status(0x05), 0);
    ck_assert_uint_eq(read_id(), 0xef4016);
    for (uint32_t i = 0; i < 4096; i++)
        blank += read_byte(0x1000 + i) == 0xff;
    ck_assert_uint_lt(blank, 4096); /* half erased */
}
END_TEST

START_TEST(a_reset_needs_both_commands_in_a_row)
{
    command(WRITE_ENABLE);
    command(0x99);
    ck_assert_uint_eq(status(0x05), 2);
    command(0x66);
    ck_assert_uint_eq(status(0x05), 2);
    command(0x99);
    ck_assert_uint_eq(status(0x05), 2);
    command(0x66);
    command(0x99);
    now += US(30);
    ck_assert_uint_eq(status(0x05), 0);
}
END_TEST

START_TEST(a_reset_brings_the_lasting_status_back)
{
    static const uint8_t lock[2] = {0x01, 0x1c};

    write_status(0x31, 0x02, 0, 1);
    command(0x50);
    nor_transfer(nor, now, lock, sizeof lock, NULL, 0);
    ck_assert_uint_eq(status(0x05), 0x1c);
    command(0x66);
    command(0x99);
    now += US(30);
    ck_assert_uint_eq(status(0x05), 0);
}
END_TEST

START_TEST(what_is_locked_until_power_off_is_locked_after_a_reset)
{
    write_status(0x31, 0x01, 0, 1);
    command(0x66);
    command(0x99);
    now += US(30);
    write_status(0x01, 0x1c, 0, 1);
    ck_assert_uint_eq(status(0x05) & 0x1c, 0);
    cycle_power();
    write_status(0x01, 0x1c, 0, 1);
    ck_assert_uint_eq(status(0x05) & 0x1c, 0x1c);
}
END_TEST

START_TEST(a_part_without_the_command_does_not_reset)
{
    make_part("MX25L32", (struct nor_faults){.size = 0});
    command(WRITE_ENABLE);
    command(0x66);
    command(0x99);
    now += US(30);
    ck_assert_uint_eq(status(0x05), 2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("nor_identity");
    TCase *identity = tcase_create("identity"), *resets = tcase_create("reset");

    tcase_add_checked_fixture(identity, setup, teardown);
    tcase_add_test(identity, sfdp_tells_size_and_erases);
    tcase_add_test(identity, sfdp_of_a_w25q32);
    tcase_add_test(identity, sfdp_of_a_part_without_quad_reads);
    tcase_add_test(identity, device_ids);
    tcase_add_test(identity, a_sleeping_part_wakes_with_its_device_id);
    tcase_add_test(identity, unique_ids_differ_by_seed_and_stay);
    suite_add_tcase(suite, identity);

    tcase_add_checked_fixture(resets, setup, teardown);
    tcase_add_test(resets, a_reset_ends_what_runs);
    tcase_add_test(resets, a_reset_needs_both_commands_in_a_row);
    tcase_add_test(resets, a_reset_brings_the_lasting_status_back);
    tcase_add_test(resets, what_is_locked_until_power_off_is_locked_after_a_reset);
    tcase_add_test(resets, a_part_without_the_command_does_not_reset);
    suite_add_tcase(suite, resets);
    return run_suite(suite);
}
