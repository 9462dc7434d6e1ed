/* SPDX-License-Identifier: MIT */
/* The status registers of a flash part: who may write them, and what they protect. */
#include "tests/runner.h"
#include "tests/unit/boardsim/nor_talk.h"

#define KB(n) ((uint32_t)(n) << 10)
#define MB(n) ((uint32_t)(n) << 20)

static bool can_program(uint32_t address)
{
    uint8_t *byte = nor_bytes(nor) + address;

    *byte = 0xff;
    program(address, "\0", 1);
    return *byte == 0;
}

static bool can_erase(uint8_t op, uint32_t address)
{
    uint8_t *byte = nor_bytes(nor) + address;

    *byte = 0;
    erase(op, address);
    return *byte == 0xff;
}

/* What is protected: [from, to), or with `inverse` all but that. From the table of the W25Q32JV, and of the W25Q128JV.
 */
static const struct {
    const char *part;
    uint8_t sr1, sr2;
    uint32_t from, to;
    bool inverse;
} regions[] = {
    {"W25Q32", 0x00, 0x00, 0, 0, false},
    {"W25Q32", 0x04, 0x00, MB(4) - KB(64), MB(4), false},
    {"W25Q32", 0x08, 0x00, MB(4) - KB(128), MB(4), false},
    {"W25Q32", 0x0c, 0x00, MB(4) - KB(256), MB(4), false},
    {"W25Q32", 0x10, 0x00, MB(4) - KB(512), MB(4), false},
    {"W25Q32", 0x14, 0x00, MB(3), MB(4), false},
    {"W25Q32", 0x18, 0x00, MB(2), MB(4), false},
    {"W25Q32", 0x1c, 0x00, 0, MB(4), false},
    {"W25Q32", 0x24, 0x00, 0, KB(64), false},
    {"W25Q32", 0x38, 0x00, 0, MB(2), false},
    {"W25Q32", 0x3c, 0x00, 0, MB(4), false},
    {"W25Q32", 0x44, 0x00, MB(4) - KB(4), MB(4), false},
    {"W25Q32", 0x48, 0x00, MB(4) - KB(8), MB(4), false},
    {"W25Q32", 0x4c, 0x00, MB(4) - KB(16), MB(4), false},
    {"W25Q32", 0x50, 0x00, MB(4) - KB(32), MB(4), false},
    {"W25Q32", 0x54, 0x00, MB(4) - KB(32), MB(4), false},
    {"W25Q32", 0x64, 0x00, 0, KB(4), false},
    {"W25Q32", 0x70, 0x00, 0, KB(32), false},
    {"W25Q32", 0x5c, 0x00, 0, MB(4), false},
    {"W25Q32", 0x00, 0x40, 0, MB(4), false},
    {"W25Q32", 0x04, 0x40, MB(4) - KB(64), MB(4), true},
    {"W25Q32", 0x38, 0x40, 0, MB(2), true},
    {"W25Q32", 0x64, 0x40, 0, KB(4), true},
    {"W25Q32", 0x1c, 0x40, 0, 0, false},
    {"W25Q128", 0x04, 0x00, MB(16) - KB(256), MB(16), false},
    {"W25Q128", 0x18, 0x00, MB(8), MB(16), false},
    {"W25Q80", 0x04, 0x00, MB(1) - KB(64), MB(1), false},
    {"W25Q80", 0x10, 0x00, KB(512), MB(1), false},
    {"W25Q80", 0x14, 0x00, 0, MB(1), false},
    /* Another layout, in which any bit protects all. */
    {"MX25L32", 0x20, 0x00, 0, MB(4), false},
    {"MX25L32", 0x04, 0x00, 0, MB(4), false},
    {"MX25L32", 0x40, 0x00, 0, 0, false},
};

START_TEST(bits_protect_their_region)
{
    uint32_t from = regions[_i].from, to = regions[_i].to, size;
    bool inside = !regions[_i].inverse, some = from != to || regions[_i].inverse;

    make_part(regions[_i].part, (struct nor_faults){.status = regions[_i].sr1 | (uint32_t)regions[_i].sr2 << 8});
    size = nor_size(nor);
    if (from < to) {
        ck_assert(can_program(from) != inside);
        ck_assert(can_program(to - 1) != inside);
        ck_assert(can_erase(0x20, from) != inside);
        ck_assert(can_erase(0x20, to - 1) != inside);
    }
    if (from > 0) {
        ck_assert(can_program(from - 1) == inside);
        ck_assert(can_erase(0x20, from - 1) == inside);
    }
    if (to < size) {
        ck_assert(can_program(to) == inside);
        ck_assert(can_erase(0x20, to) == inside);
    }
    ck_assert(can_erase(0xc7, 0) != some);
}
END_TEST

/* A block that is protected in part is not erased. */
START_TEST(an_erase_must_be_free_as_a_whole)
{
    make_part("W25Q32", (struct nor_faults){.status = 0x64}); /* the lowest 4 KB */
    ck_assert(!can_erase(0xd8, 0x8000));
    ck_assert(!can_erase(0x52, 0x4000));
    ck_assert(can_erase(0x52, 0x8000));
    ck_assert(can_erase(0x20, 0x1000));
    ck_assert_uint_eq(nor_stats(nor)->refused, 2);
}
END_TEST

START_TEST(protection_lasts_until_it_is_written)
{
    write_status(0x01, 0x1c, 0, 1);
    ck_assert_uint_eq(status(0x05), 0x1c);
    ck_assert(!can_program(0));
    cycle_power();
    ck_assert_uint_eq(status(0x05), 0x1c);
    write_status(0x01, 0x00, 0, 1);
    ck_assert(can_program(0));
}
END_TEST

START_TEST(a_status_write_takes_time_and_enable)
{
    command(WRITE_ENABLE);
    nor_transfer(nor, now, (const uint8_t[]){0x01, 0x1c}, 2, NULL, 0);
    ck_assert_uint_eq(status(0x05) & NOR_SR1_WIP, NOR_SR1_WIP);
    wait_ready();
    nor_transfer(nor, now, (const uint8_t[]){0x01, 0x00}, 2, NULL, 0);
    ck_assert_uint_eq(status(0x05), 0x1c);
}
END_TEST

START_TEST(volatile_status_lasts_until_power_off)
{
    command(0x50);
    ck_assert_uint_eq(status(0x05), 0); /* no WEL */
    nor_transfer(nor, now, (const uint8_t[]){0x01, 0x1c, 0x02}, 3, NULL, 0);
    ck_assert_uint_eq(status(0x05), 0x1c); /* at once */
    ck_assert_uint_eq(status(0x35), 0x02);
    cycle_power();
    ck_assert_uint_eq(status(0x05), 0);
    ck_assert_uint_eq(status(0x35), 0);
}
END_TEST

START_TEST(volatile_enable_enables_nothing_else)
{
    command(0x50);
    command_at(0x20, 0, NULL, 0);
    ck_assert_uint_eq(nor_stats(nor)->erases, 0);
}
END_TEST

START_TEST(each_status_register_has_its_commands)
{
    write_status(0x31, 0x02, 0, 1);
    write_status(0x11, 0x60, 0, 1);
    ck_assert_uint_eq(status(0x05), 0);
    ck_assert_uint_eq(status(0x35), 0x02);
    ck_assert_uint_eq(status(0x15), 0x60);
    write_status(0x01, 0x04, 0x40, 2);
    ck_assert_uint_eq(status(0x05), 0x04);
    ck_assert_uint_eq(status(0x35), 0x40);
    ck_assert_uint_eq(status(0x15), 0x60);
}
END_TEST

/* Bits that nobody can write, and those that can be set only. */
START_TEST(some_bits_are_not_free)
{
    write_status(0x01, 0x03, 0, 1);
    ck_assert_uint_eq(status(0x05), 0);
    write_status(0x31, 0x8c, 0, 1);
    ck_assert_uint_eq(status(0x35), 0x08);
    write_status(0x31, 0x00, 0, 1);
    ck_assert_uint_eq(status(0x35), 0x08);
}
END_TEST

START_TEST(one_byte_alone_is_a_matter_of_the_part)
{
    write_status(0x01, 0x00, 0x42, 2);
    write_status(0x01, 0x00, 0, 1); /* W25Q32 */
    ck_assert_uint_eq(status(0x35), 0x00);

    make_part("W25Q64", (struct nor_faults){0});
    write_status(0x01, 0x00, 0x42, 2);
    write_status(0x01, 0x04, 0, 1);
    ck_assert_uint_eq(status(0x35), 0x42);
    ck_assert_uint_eq(status(0x05), 0x04);

    make_part("GD25Q32", (struct nor_faults){0});
    write_status(0x01, 0x04, 0x42, 2);
    ck_assert_uint_eq(status(0x05), 0x02); /* no command: WEL is still there */
    ck_assert_uint_eq(status(0x35), 0x00);
}
END_TEST

START_TEST(parts_with_fewer_registers_do_not_answer)
{
    make_part("W25Q80", (struct nor_faults){0});
    write_status(0x31, 0x02, 0, 1);
    ck_assert_uint_eq(status(0x35), 0x00);
    ck_assert_uint_eq(status(0x15), 0xff);
    write_status(0x01, 0x00, 0x02, 2);
    ck_assert_uint_eq(status(0x35), 0x02);

    make_part("EN25Q16", (struct nor_faults){0});
    ck_assert_uint_eq(status(0x35), 0xff);
    ck_assert_uint_eq(status(0x15), 0xff);
    write_status(0x01, 0x04, 0x02, 2);
    ck_assert_uint_eq(status(0x05), 0x02);
    write_status(0x01, 0x04, 0, 1);
    ck_assert_uint_eq(status(0x05), 0x04);
    command(0x50);
    nor_transfer(nor, now, (const uint8_t[]){0x01, 0x00}, 2, NULL, 0);
    ck_assert_uint_eq(status(0x05), 0x04);
}
END_TEST

START_TEST(srp0_locks_with_wp_low_only)
{
    make_part("W25Q32", (struct nor_faults){.status = 0x9c});
    write_status(0x01, 0x80, 0, 1);
    ck_assert_uint_eq(status(0x05), 0x80);

    make_part("W25Q32", (struct nor_faults){.status = 0x9c, .wp_low = true});
    write_status(0x01, 0x00, 0, 1);
    command(0x50);
    nor_transfer(nor, now, (const uint8_t[]){0x01, 0x00}, 2, NULL, 0);
    cycle_power();
    ck_assert_uint_eq(status(0x05), 0x9c);
    ck_assert(!can_program(0));
    ck_assert_uint_eq(nor_stats(nor)->refused, 3);

    /* With QE the pin is a data line. */
    make_part("W25Q32", (struct nor_faults){.status = 0x029c, .wp_low = true});
    write_status(0x01, 0x80, 0x02, 2);
    ck_assert_uint_eq(status(0x05), 0x80);
    ck_assert(can_program(0));
}
END_TEST

START_TEST(srp1_locks_until_power_off_or_for_ever)
{
    make_part("W25Q32", (struct nor_faults){0});
    write_status(0x01, 0x1c, 0x01, 2);
    write_status(0x01, 0x00, 0x00, 2);
    ck_assert_uint_eq(status(0x05), 0x1c);
    cycle_power();
    ck_assert_uint_eq(status(0x35), 0x00);
    write_status(0x01, 0x00, 0x00, 2);
    ck_assert_uint_eq(status(0x05), 0x00);

    write_status(0x01, 0x9c, 0x01, 2);
    cycle_power();
    write_status(0x01, 0x00, 0x00, 2);
    ck_assert_uint_eq(status(0x05), 0x9c);
    ck_assert_uint_eq(status(0x35), 0x01);
}
END_TEST

START_TEST(wps_locks_each_block)
{
    make_part("W25Q32", (struct nor_faults){.status = 0x040000});
    ck_assert(!can_program(0));
    ck_assert(!can_erase(0x20, 0x200000));
    command(0x98); /* not enabled */
    ck_assert(!can_program(0));
    command(WRITE_ENABLE);
    command(0x98);
    ck_assert(can_program(0));
    cycle_power();
    ck_assert(!can_program(0));
    write_status(0x11, 0, 0, 1);
    ck_assert(can_program(0));
}
END_TEST

START_TEST(locks_are_all_that_some_parts_have)
{
    make_part("SST26VF032B", (struct nor_faults){.pace = NOR_TYPICAL});
    program(0x1000, "\x00", 1);
    ck_assert_uint_eq(read_byte(0x1000), 0xff);
    command(0x98);
    program(0x1000, "\x00", 1);
    ck_assert_uint_eq(read_byte(0x1000), 0xff);
    command(WRITE_ENABLE);
    command(0x98);
    program(0x1000, "\x00", 1);
    ck_assert_uint_eq(read_byte(0x1000), 0x00);
    cycle_power();
    erase(0x20, 0x1000);
    ck_assert_uint_eq(read_byte(0x1000), 0x00);
}
END_TEST

START_TEST(quad_reads_want_qe)
{
    nor_bytes(nor)[0x123] = 0x42;
    ck_assert_uint_eq(read_wide(0x0b, 0x123), 0x42);
    ck_assert_uint_eq(read_wide(0x3b, 0x123), 0x42);
    ck_assert_uint_eq(read_wide(0xbb, 0x123), 0x42);
    ck_assert_uint_eq(read_wide(0x6b, 0x123), 0xff);
    ck_assert_uint_eq(read_wide(0xeb, 0x123), 0xff);
    write_status(0x01, 0x00, 0x02, 2);
    ck_assert_uint_eq(read_wide(0x6b, 0x123), 0x42);
    ck_assert_uint_eq(read_wide(0xeb, 0x123), 0x42);

    make_part("MX25L32", (struct nor_faults){0});
    nor_bytes(nor)[0x123] = 0x42;
    ck_assert_uint_eq(read_wide(0xeb, 0x123), 0xff);
    make_part("EN25Q16", (struct nor_faults){0});
    nor_bytes(nor)[0x123] = 0x42;
    ck_assert_uint_eq(read_wide(0xeb, 0x123), 0x42);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("nor status");
    TCase *tc = tcase_create("status");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, bits_protect_their_region, 0, sizeof regions / sizeof *regions);
    tcase_add_test(tc, an_erase_must_be_free_as_a_whole);
    tcase_add_test(tc, protection_lasts_until_it_is_written);
    tcase_add_test(tc, a_status_write_takes_time_and_enable);
    tcase_add_test(tc, volatile_status_lasts_until_power_off);
    tcase_add_test(tc, volatile_enable_enables_nothing_else);
    tcase_add_test(tc, each_status_register_has_its_commands);
    tcase_add_test(tc, some_bits_are_not_free);
    tcase_add_test(tc, one_byte_alone_is_a_matter_of_the_part);
    tcase_add_test(tc, parts_with_fewer_registers_do_not_answer);
    tcase_add_test(tc, srp0_locks_with_wp_low_only);
    tcase_add_test(tc, srp1_locks_until_power_off_or_for_ever);
    tcase_add_test(tc, wps_locks_each_block);
    tcase_add_test(tc, locks_are_all_that_some_parts_have);
    tcase_add_test(tc, quad_reads_want_qe);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
