/* SPDX-License-Identifier: MIT */
/* The flash part by its own rules, spoken to as a controller does: bytes out, bytes in. */
#include <string.h>

#include "tests/runner.h"
#include "tools/boardsim/board/nor.h"

#define MHZ          52u
#define US(us)       ((uint64_t)(us)*MHZ)
#define WRITE_ENABLE 0x06

static struct nor *nor;
static uint64_t now;

static void make(const struct nor_config *config)
{
    nor_free(nor);
    nor = nor_new(config);
    ck_assert_ptr_nonnull(nor);
    now = US(1000);
    nor_power(nor, now, true);
}

static void setup(void)
{
    make(&(struct nor_config){.seed = 1, .mhz = MHZ});
}

static void teardown(void)
{
    nor_free(nor);
    nor = NULL;
}

static void command(uint8_t op)
{
    nor_transfer(nor, now, &op, 1, NULL, 0);
}

static void command_at(uint8_t op, uint32_t address, const void *data, size_t n)
{
    uint8_t out[600] = {op, (uint8_t)(address >> 16), (uint8_t)(address >> 8), (uint8_t)address};

    if (n > 0)
        memcpy(out + 4, data, n);
    nor_transfer(nor, now, out, 4 + n, NULL, 0);
}

static void wait_ready(void)
{
    if (now < nor_ready(nor))
        now = nor_ready(nor);
}

static void program(uint32_t address, const void *data, size_t n)
{
    command(WRITE_ENABLE);
    command_at(0x02, address, data, n);
    wait_ready();
}

static void erase(uint8_t op, uint32_t address)
{
    command(WRITE_ENABLE);
    command_at(op, address, NULL, 0);
    wait_ready();
}

static uint8_t status(uint8_t op)
{
    uint8_t in;

    nor_transfer(nor, now, &op, 1, &in, 1);
    return in;
}

static uint8_t read_byte(uint32_t address)
{
    const uint8_t out[] = {0x03, (uint8_t)(address >> 16), (uint8_t)(address >> 8), (uint8_t)address};
    uint8_t in;

    nor_transfer(nor, now, out, sizeof out, &in, 1);
    return in;
}

static uint32_t read_id(void)
{
    const uint8_t op = 0x9f;
    uint8_t in[3];

    nor_transfer(nor, now, &op, 1, in, 3);
    return (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2];
}

START_TEST(every_part_says_its_size)
{
    for (const struct nor_part *part = nor_parts; part->name; part++) {
        make(&(struct nor_config){.part = part, .mhz = MHZ});
        ck_assert_uint_eq(read_id(), part->id);
        ck_assert_uint_eq(nor_size(nor), part->size);
        ck_assert_uint_eq(1u << (part->id & 0xff), part->size);
        ck_assert_ptr_eq(nor_find(part->name), part);
    }
    ck_assert_ptr_null(nor_find("W25Q999"));
    ck_assert_uint_eq(nor_parts[0].id, 0xef4016);
}
END_TEST

START_TEST(programming_only_clears_bits)
{
    program(0x1000, "\xf0\x55", 2);
    ck_assert_uint_eq(read_byte(0x1000), 0xf0);
    ck_assert_uint_eq(read_byte(0x1001), 0x55);
    ck_assert_uint_eq(read_byte(0x1002), 0xff);
    program(0x1000, "\x30", 1);
    ck_assert_uint_eq(read_byte(0x1000), 0x30);
    ck_assert_uint_eq(nor_stats(nor)->violations, 0);
    program(0x1000, "\x0f", 1);
    ck_assert_uint_eq(read_byte(0x1000), 0x00);
    ck_assert_uint_eq(nor_stats(nor)->violations, 1);
    ck_assert_uint_eq(nor_stats(nor)->programs, 3);
}
END_TEST

START_TEST(a_page_wraps_onto_itself)
{
    program(0x10fe, "\x01\x02\x03\x04", 4);
    ck_assert_uint_eq(read_byte(0x10fe), 1);
    ck_assert_uint_eq(read_byte(0x10ff), 2);
    ck_assert_uint_eq(read_byte(0x1000), 3);
    ck_assert_uint_eq(read_byte(0x1001), 4);
    ck_assert_uint_eq(read_byte(0x1100), 0xff);
}
END_TEST

struct eraser {
    uint8_t op;
    uint32_t size, us;
};

static const struct eraser erasers[] = {{0x20, 4096, 45000},
                                        {0x52, 32768, 120000},
                                        {0xd8, 65536, 150000},
                                        {0xc7, 4u << 20, 10000000},
                                        {0x60, 4u << 20, 10000000}};

START_TEST(erases_cover_their_block_and_take_their_time)
{
    const struct eraser *e = &erasers[_i];
    uint32_t base = e->size == 4u << 20 ? 0 : 0x120000;
    uint64_t begun;

    memset(nor_bytes(nor), 0, nor_size(nor));
    command(WRITE_ENABLE);
    command_at(e->op, base + 0x123, NULL, 0);
    begun = now;
    ck_assert_uint_eq(status(0x05) & NOR_SR1_WIP, NOR_SR1_WIP);
    wait_ready();
    ck_assert_uint_ge(now - begun, US(e->us) * 95 / 100 - 1);
    ck_assert_uint_le(now - begun, US(e->us) * 105 / 100 + 1);
    ck_assert_uint_eq(status(0x05), 0);
    for (uint32_t i = 0; i < nor_size(nor); i++)
        if (nor_bytes(nor)[i] != (i >= base && i - base < e->size ? 0xff : 0))
            ck_abort_msg("byte 0x%x is 0x%02x", i, nor_bytes(nor)[i]);
    ck_assert_uint_eq(nor_stats(nor)->erases, 1);
}
END_TEST

START_TEST(write_enable_serves_one_command)
{
    command_at(0x02, 0, "\0", 1);
    ck_assert_uint_eq(read_byte(0), 0xff);
    command(WRITE_ENABLE);
    ck_assert_uint_eq(status(0x05), NOR_SR1_WEL);
    command_at(0x02, 0, "\0", 1);
    wait_ready();
    ck_assert_uint_eq(status(0x05), 0);
    command_at(0x02, 1, "\0", 1);
    ck_assert_uint_eq(read_byte(1), 0xff);
    command(WRITE_ENABLE);
    command(0x04); /* WRDI */
    command_at(0x20, 0, NULL, 0);
    ck_assert_uint_eq(read_byte(0), 0);
    ck_assert_uint_eq(nor_stats(nor)->programs, 1);
    ck_assert_uint_eq(nor_stats(nor)->erases, 0);
}
END_TEST

START_TEST(a_busy_part_hears_status_reads_only)
{
    program(0x2000, "\0", 1);
    command(WRITE_ENABLE);
    command_at(0x20, 0, NULL, 0);
    ck_assert_uint_eq(read_byte(0x2000), 0xff);
    ck_assert_uint_eq(read_id(), 0xffffff);
    command(WRITE_ENABLE);
    command_at(0x20, 0x2000, NULL, 0);
    wait_ready();
    ck_assert_uint_eq(read_byte(0x2000), 0);
    ck_assert_uint_eq(nor_stats(nor)->erases, 1);
}
END_TEST

START_TEST(program_time_grows_with_the_bytes)
{
    uint8_t page[256] = {0};
    uint64_t begun = now, full, piece;

    program(0, page, sizeof page);
    full = now - begun;
    ck_assert_uint_ge(full, US(636));
    ck_assert_uint_le(full, US(704));
    begun = now;
    program(0x100, page, 32);
    piece = now - begun;
    /* 30 µs + 2.5 µs a byte */
    ck_assert_uint_ge(piece, US(104));
    ck_assert_uint_le(piece, US(116));
}
END_TEST

START_TEST(protection_bits_protect_all)
{
    command(WRITE_ENABLE);
    nor_transfer(nor, now, (const uint8_t[]){0x01, 0x1c}, 2, NULL, 0);
    ck_assert_uint_eq(status(0x05) & NOR_SR1_WIP, NOR_SR1_WIP);
    wait_ready();
    ck_assert_uint_eq(status(0x05), 0x1c);
    program(0, "\0", 1);
    erase(0x20, 0);
    erase(0xc7, 0);
    ck_assert_uint_eq(read_byte(0), 0xff);
    ck_assert_uint_eq(nor_stats(nor)->programs + nor_stats(nor)->erases, 0);

    nor_power(nor, now, false);
    nor_power(nor, now, true);
    ck_assert_uint_eq(status(0x05), 0x1c);
    command(WRITE_ENABLE);
    nor_transfer(nor, now, (const uint8_t[]){0x01, 0x00}, 2, NULL, 0);
    wait_ready();
    program(0, "\0", 1);
    ck_assert_uint_eq(read_byte(0), 0);
}
END_TEST

START_TEST(volatile_status_lasts_until_power_off)
{
    command(0x50);
    nor_transfer(nor, now, (const uint8_t[]){0x01, 0x1c, 0x02}, 3, NULL, 0);
    ck_assert_uint_eq(status(0x05), 0x1c); /* at once */
    ck_assert_uint_eq(status(0x35), 0x02);
    nor_power(nor, now, false);
    nor_power(nor, now, true);
    ck_assert_uint_eq(status(0x05), 0);
    ck_assert_uint_eq(status(0x35), 0);
}
END_TEST

START_TEST(each_status_register_has_its_commands)
{
    command(WRITE_ENABLE);
    nor_transfer(nor, now, (const uint8_t[]){0x31, 0x02}, 2, NULL, 0);
    wait_ready();
    command(WRITE_ENABLE);
    nor_transfer(nor, now, (const uint8_t[]){0x11, 0x60}, 2, NULL, 0);
    wait_ready();
    ck_assert_uint_eq(status(0x05), 0);
    ck_assert_uint_eq(status(0x35), 0x02);
    ck_assert_uint_eq(status(0x15), 0x60);
    nor_transfer(nor, now, (const uint8_t[]){0x31, 0x00}, 2, NULL, 0); /* not enabled */
    ck_assert_uint_eq(status(0x35), 0x02);
}
END_TEST

START_TEST(addresses_wrap_at_the_end)
{
    make(&(struct nor_config){.part = nor_find("W25Q80"), .mhz = MHZ});
    program(0x100010, "\x42", 1);
    ck_assert_uint_eq(nor_bytes(nor)[0x10], 0x42);
    ck_assert_uint_eq(read_byte(0x300010), 0x42);
    erase(0x20, 0x700000);
    ck_assert_uint_eq(read_byte(0x10), 0xff);
}
END_TEST

START_TEST(stuck_bits_stay_zero)
{
    uint32_t zeros = 0, again = 0;

    make(&(struct nor_config){.seed = 7, .mhz = MHZ, .stuck_bits = 20});
    for (uint32_t i = 0; i < nor_size(nor); i++)
        zeros += nor_bytes(nor)[i] != 0xff;
    ck_assert_uint_eq(zeros, 20);
    erase(0xc7, 0);
    for (uint32_t i = 0; i < nor_size(nor); i++)
        again += nor_bytes(nor)[i] != 0xff;
    ck_assert_uint_eq(again, 20);
}
END_TEST

START_TEST(faults_of_identity_and_speed)
{
    uint64_t begun;

    make(&(struct nor_config){.mhz = MHZ, .flash_id = 0xffffff, .slow = 10});
    ck_assert_uint_eq(read_id(), 0xffffff);
    begun = now;
    erase(0x20, 0);
    ck_assert_uint_ge(now - begun, US(427500));
}
END_TEST

START_TEST(without_power_nothing_answers)
{
    nor_power(nor, now, false);
    ck_assert_uint_eq(read_id(), 0xffffff);
    ck_assert_uint_eq(status(0x05), 0xff);
}
END_TEST

START_TEST(power_lost_in_an_erase_spoils_the_sector)
{
    uint32_t spoilt = 0;

    command(WRITE_ENABLE);
    command_at(0x20, 0x3000, NULL, 0);
    nor_power(nor, now + US(100), false);
    for (uint32_t i = 0; i < nor_size(nor); i++) {
        bool inside = i >= 0x3000 && i < 0x4000;

        spoilt += inside && nor_bytes(nor)[i] != 0xff;
        if (!inside && nor_bytes(nor)[i] != 0xff)
            ck_abort_msg("byte 0x%x outside of the sector is spoilt", i);
    }
    ck_assert_uint_gt(spoilt, 1000);
}
END_TEST

START_TEST(deep_power_down_is_left_by_ab_only)
{
    command(0xb9);
    ck_assert_uint_eq(read_id(), 0xffffff);
    command(0xab);
    ck_assert_uint_eq(read_id(), 0xef4016);
}
END_TEST

START_TEST(times_are_those_of_the_seed)
{
    uint64_t took[3];

    for (int i = 0; i < 3; i++) {
        make(&(struct nor_config){.seed = i == 2 ? 9 : 8, .mhz = MHZ});
        uint64_t begun = now;
        erase(0xd8, 0);
        took[i] = now - begun;
    }
    ck_assert_uint_eq(took[0], took[1]);
    ck_assert_uint_ne(took[0], took[2]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("nor");
    TCase *tc = tcase_create("part");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, every_part_says_its_size);
    tcase_add_test(tc, programming_only_clears_bits);
    tcase_add_test(tc, a_page_wraps_onto_itself);
    tcase_add_loop_test(tc, erases_cover_their_block_and_take_their_time, 0, sizeof erasers / sizeof *erasers);
    tcase_add_test(tc, write_enable_serves_one_command);
    tcase_add_test(tc, a_busy_part_hears_status_reads_only);
    tcase_add_test(tc, program_time_grows_with_the_bytes);
    tcase_add_test(tc, protection_bits_protect_all);
    tcase_add_test(tc, volatile_status_lasts_until_power_off);
    tcase_add_test(tc, each_status_register_has_its_commands);
    tcase_add_test(tc, addresses_wrap_at_the_end);
    tcase_add_test(tc, stuck_bits_stay_zero);
    tcase_add_test(tc, faults_of_identity_and_speed);
    tcase_add_test(tc, without_power_nothing_answers);
    tcase_add_test(tc, power_lost_in_an_erase_spoils_the_sector);
    tcase_add_test(tc, deep_power_down_is_left_by_ab_only);
    tcase_add_test(tc, times_are_those_of_the_seed);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
