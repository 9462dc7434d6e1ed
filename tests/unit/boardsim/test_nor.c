/* SPDX-License-Identifier: MIT */
/* The flash part by its own rules, spoken to as a controller does: bytes out, bytes in. */
#include "tests/runner.h"
#include "tests/unit/boardsim/nor_talk.h"

START_TEST(every_part_says_its_size)
{
    for (const struct nor_part *part = nor_parts; part->name; part++) {
        make(&(struct nor_config){.part = part, .mhz = MHZ});
        ck_assert_uint_eq(read_id(), part->id > 0xffffff ? part->id >> 8 : part->id);
        ck_assert_uint_eq(nor_size(nor), part->size);
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
    ck_assert_uint_eq(nor_stats(nor)->refused, 3);
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

/* Every time of every part, at each pace. */
START_TEST(each_part_takes_its_times)
{
    const struct nor_part *part = &nor_parts[_i];
    const struct {
        uint8_t op;
        const struct nor_time *time;
    } operations[] = {{0x02, &part->program},   {0x20, &part->erase_4k},   {0x52, &part->erase_32k},
                      {0xd8, &part->erase_64k}, {0xc7, &part->erase_chip}, {0x01, &part->write_status}};
    static const uint8_t zeros[256];

    for (enum nor_pace pace = NOR_TYPICAL; pace <= NOR_RANDOM; pace++) {
        make(&(struct nor_config){.part = part, .seed = 3, .mhz = MHZ, .faults = {.pace = pace}});
        if (part->layout == NOR_LOCKS) {
            command(WRITE_ENABLE);
            command(0x98);
        }
        for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
            uint8_t op = operations[i].op;
            double low = operations[i].time->typical, high = operations[i].time->maximum;
            uint64_t begun = now;
            double took;

            ck_assert(0 < low && low < high);
            if (op == 0x02 && part->traits & NOR_TRAIT_BYTES)
                continue;
            if (pace == NOR_TYPICAL)
                high = low * 1.05, low *= 0.95;
            if (pace == NOR_MAXIMUM)
                low = high;
            command(WRITE_ENABLE);
            if (op == 0x01)
                nor_transfer(nor, now, (const uint8_t[]){0x01, 0x00}, 2, NULL, 0);
            else if (op == 0xc7)
                command(op);
            else
                command_at(op, 0, zeros, op == 0x02 ? sizeof zeros : 0);
            wait_ready();
            took = (double)(now - begun) / (MHZ * 1000.0);
            ck_assert_msg(took > low * 0.999 && took < high * 1.001, "%s, command %02x: %g ms", part->name, op, took);
        }
    }
}
END_TEST

START_TEST(an_id_behind_a_continuation_byte_has_four_bytes)
{
    const uint8_t op = 0x9f, expected[] = {0x7f, 0x37, 0x20, 0x25}, three[] = {0xef, 0x40, 0x16, 0xff};
    uint8_t in[4];

    make_part("A25L16PT", (struct nor_faults){.pace = NOR_TYPICAL});
    nor_transfer(nor, now, &op, 1, in, sizeof in);
    ck_assert_mem_eq(in, expected, sizeof in);
    make_part("W25Q32", (struct nor_faults){.pace = NOR_TYPICAL});
    nor_transfer(nor, now, &op, 1, in, sizeof in);
    ck_assert_mem_eq(in, three, sizeof in);
}
END_TEST

START_TEST(a_part_of_words_programs_one_byte)
{
    make_part("SST25VF032B", (struct nor_faults){.pace = NOR_TYPICAL});
    program(0x1000, "\x12\x34", 2);
    ck_assert_uint_eq(read_byte(0x1000), 0x12);
    ck_assert_uint_eq(read_byte(0x1001), 0xff);
}
END_TEST

START_TEST(a_part_for_dout_knows_no_other_wide_read)
{
    make_part("T25S80", (struct nor_faults){.pace = NOR_TYPICAL});
    program(0, "\x12", 1);
    ck_assert_uint_eq(read_wide(0x3b, 0), 0x12);
    ck_assert_uint_eq(read_wide(0xbb, 0), 0xff);
    ck_assert_uint_eq(read_wide(0xeb, 0), 0xff);
}
END_TEST

/* Nothing that a single line sends ends it. */
START_TEST(some_parts_are_lost_after_35h)
{
    make_part("MX25U3235", (struct nor_faults){.pace = NOR_TYPICAL});
    ck_assert_uint_eq(status(0x35), 0xff);
    ck_assert_uint_eq(read_id(), 0xffffff);
    command(0x66);
    command(0x99);
    command(0xff);
    ck_assert_uint_eq(read_id(), 0xffffff);
    cycle_power();
    ck_assert_uint_eq(read_id(), 0xc22536);
    make_part("MX25L32", (struct nor_faults){.pace = NOR_TYPICAL});
    ck_assert_uint_eq(status(0x35), 0xff);
    ck_assert_uint_eq(read_id(), 0xc22016);
}
END_TEST

START_TEST(a_deep_sleeper_wants_ab_more_than_once)
{
    make_part("W25Q32", (struct nor_faults){.sleeps = 2});
    command(0xab);
    ck_assert_uint_eq(read_id(), 0xffffff);
    ck_assert_uint_eq(status(0x05), 0xff);
    command(0xab);
    ck_assert_uint_eq(read_id(), 0xef4016);
    cycle_power();
    ck_assert_uint_eq(read_id(), 0xffffff);
}
END_TEST

START_TEST(a_hung_part_wants_a_reset)
{
    make_part("W25Q32", (struct nor_faults){.hung = true});
    command(0xab);
    command(0x99);
    command(0x66);
    command(0xab);
    command(0x99);
    ck_assert_uint_eq(read_id(), 0xffffff);
    command(0x66);
    command(0x99);
    ck_assert_uint_eq(read_id(), 0xef4016);
}
END_TEST

START_TEST(status_writes_are_counted)
{
    write_status(0x01, 0x1c, 0, 1);
    write_status(0x01, 0x1c, 0, 1);
    write_status(0x31, 0x02, 0, 1);
    ck_assert_uint_eq(nor_stats(nor)->status_writes, 3);
    ck_assert_uint_eq(nor_stats(nor)->needless, 1);
}
END_TEST

START_TEST(random_times_fill_the_range)
{
    double least = 1000, most = 0;

    make_part("W25Q32", (struct nor_faults){.pace = NOR_RANDOM});
    for (int i = 0; i < 200; i++) {
        uint64_t begun = now;
        double took;

        erase(0x20, 0);
        took = (double)(now - begun) / (MHZ * 1000.0);
        least = took < least ? took : least;
        most = took > most ? took : most;
    }
    ck_assert_double_lt(least, 60); /* of 45 to 400 ms */
    ck_assert_double_gt(most, 385);
}
END_TEST

START_TEST(a_counterfeit_claims_more_than_it_has)
{
    make_part("W25Q32", (struct nor_faults){.size = 1 << 20});
    ck_assert_uint_eq(read_id(), 0xef4016);
    ck_assert_uint_eq(nor_size(nor), 1 << 20);
    program(0x300010, "\x42", 1);
    for (uint32_t at = 0x10; at < 4 << 20; at += 1 << 20)
        ck_assert_uint_eq(read_byte(at), 0x42);
    erase(0x20, 0x200000);
    ck_assert_uint_eq(read_byte(0x300010), 0xff);
}
END_TEST

START_TEST(all_of_16_mb_is_reached)
{
    make_part("W25Q128", (struct nor_faults){0});
    program(0xffff10, "\x42", 1);
    ck_assert_uint_eq(nor_bytes(nor)[0xffff10], 0x42);
    ck_assert_uint_eq(read_byte(0xffff10), 0x42);
    ck_assert_uint_eq(read_byte(0x7fff10), 0xff);
}
END_TEST

/* The last byte of the array is followed by the first. */
START_TEST(a_read_goes_on_at_the_beginning)
{
    static const uint8_t out[] = {0x03, 0x3f, 0xff, 0xff};
    uint8_t in[2];

    nor_bytes(nor)[0x3fffff] = 0x12;
    nor_bytes(nor)[0] = 0x34;
    nor_transfer(nor, now, out, sizeof out, in, sizeof in);
    ck_assert_uint_eq(in[0], 0x12);
    ck_assert_uint_eq(in[1], 0x34);
}
END_TEST

START_TEST(stuck_bits_stay_zero)
{
    uint32_t zeros = 0, again = 0;

    make(&(struct nor_config){.seed = 7, .mhz = MHZ, .faults = {.stuck_bits = 20}});
    for (uint32_t i = 0; i < nor_size(nor); i++)
        zeros += nor_bytes(nor)[i] != 0xff;
    ck_assert_uint_eq(zeros, 20);
    erase(0xc7, 0);
    for (uint32_t i = 0; i < nor_size(nor); i++)
        again += nor_bytes(nor)[i] != 0xff;
    ck_assert_uint_eq(again, 20);
}
END_TEST

START_TEST(an_id_may_be_any)
{
    static const uint32_t ids[] = {0xffffff, 0x000000, 0xef4018};

    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        make_part("W25Q32", (struct nor_faults){.wrong_id = true, .id = ids[i]});
        ck_assert_uint_eq(read_id(), ids[i]);
        ck_assert_uint_eq(nor_size(nor), 4 << 20);
    }
}
END_TEST

START_TEST(slow_is_a_factor_on_the_pace)
{
    uint64_t begun;

    make_part("W25Q32", (struct nor_faults){.slow = 10});
    begun = now;
    erase(0x20, 0);
    ck_assert_uint_ge(now - begun, US(427500));
    ck_assert_uint_le(now - begun, US(472500));
    make_part("W25Q32", (struct nor_faults){.slow = 2, .pace = NOR_MAXIMUM});
    begun = now;
    erase(0x20, 0);
    ck_assert_uint_eq(now - begun, US(800000));
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
    int count = 0;

    while (nor_parts[count].name)
        count++;
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, every_part_says_its_size);
    tcase_add_test(tc, programming_only_clears_bits);
    tcase_add_test(tc, a_page_wraps_onto_itself);
    tcase_add_loop_test(tc, erases_cover_their_block_and_take_their_time, 0, sizeof erasers / sizeof *erasers);
    tcase_add_test(tc, write_enable_serves_one_command);
    tcase_add_test(tc, a_busy_part_hears_status_reads_only);
    tcase_add_test(tc, program_time_grows_with_the_bytes);
    tcase_add_test(tc, addresses_wrap_at_the_end);
    tcase_add_test(tc, stuck_bits_stay_zero);
    tcase_add_test(tc, an_id_may_be_any);
    tcase_add_test(tc, slow_is_a_factor_on_the_pace);
    tcase_add_loop_test(tc, each_part_takes_its_times, 0, count);
    tcase_add_test(tc, an_id_behind_a_continuation_byte_has_four_bytes);
    tcase_add_test(tc, a_part_of_words_programs_one_byte);
    tcase_add_test(tc, a_part_for_dout_knows_no_other_wide_read);
    tcase_add_test(tc, some_parts_are_lost_after_35h);
    tcase_add_test(tc, a_deep_sleeper_wants_ab_more_than_once);
    tcase_add_test(tc, a_hung_part_wants_a_reset);
    tcase_add_test(tc, status_writes_are_counted);
    tcase_add_test(tc, random_times_fill_the_range);
    tcase_add_test(tc, a_counterfeit_claims_more_than_it_has);
    tcase_add_test(tc, all_of_16_mb_is_reached);
    tcase_add_test(tc, a_read_goes_on_at_the_beginning);
    tcase_add_test(tc, without_power_nothing_answers);
    tcase_add_test(tc, power_lost_in_an_erase_spoils_the_sector);
    tcase_add_test(tc, deep_power_down_is_left_by_ab_only);
    tcase_add_test(tc, times_are_those_of_the_seed);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
