/* SPDX-License-Identifier: MIT */
/* compare = first against a virtual board: one that holds the image passes without being written; any other is
 * written. */
#include "proto/link/bytes.h"
#include "tests/runner.h"
#include "tests/simulation/rig.h"
#include "tools/boardsim/board/flash/nor.h"

#include <stdlib.h>
#include <string.h>

#define SECOND_PART 0x40000
#define SEEDS       40

/* More bytes than the host sends before the comparison: reset, identification and the upload of the stub take less. */
#define AT_WORK 8000

static struct golden *golden;
static struct stub_image *stub;
static struct rig *rig;
static struct program_job job; /* outlives the recipe */
static uint8_t *flash_bytes;
static size_t flash_size;
static uint64_t boots;

static void setup(void)
{
    char error[200];
    uint8_t *bytes = rig_image(70001, 3);
    golden = golden_new();
    ck_assert_int_eq(golden_add(golden, "boot", 0, bytes, 66001, error, sizeof(error)), 0);
    ck_assert_int_eq(golden_add(golden, "app", SECOND_PART, bytes, 70001, error, sizeof(error)), 0);
    ck_assert_int_eq(golden_seal(golden, error, sizeof(error)), 0);
    free(bytes);
    stub = stub_image_builtin();
    rig = calloc(1, sizeof(*rig));
    rig->unplug_at = RIG_NEVER;
    job = rig_job(golden, stub);
    job.compare_first = rig->flash_trusted = true;
    job.find_update = rig_find_update;
    job.update_data = rig;
}

static void teardown(void)
{
    board_free(rig->board);
    update_free(rig->update);
    golden_free(golden);
    stub_image_free(stub);
    free(rig);
}

static struct board_config some_board(void)
{
    return (struct board_config){.seed = 1, .mac = {0x18, 0xFE, 0x34, 0xA1, 0xB2, 0xC3}, .part = nor_find("W25Q40")};
}

/* A board that holds the image, not yet powered. */
static void right_board(const struct board_config *config)
{
    board_free(rig->board);
    rig->board = board_new(config);
    flash_bytes = board_flash(rig->board, &flash_size);
    for (size_t i = 0; i < golden->n_parts; i++)
        memcpy(flash_bytes + golden->parts[i].offset, golden->parts[i].bytes, golden->parts[i].padded_size);
}

static void flash_it(void)
{
    board_power(rig->board, true);
    boots = board_stats(rig->board)->boots;
    rig_program(rig, &job, 600);
}

static void expect_pass(bool written)
{
    ck_assert_msg(rig->program.state == PROGRAM_PASSED, "%s: %s", cause_code(rig->program.cause), rig->program.detail);
    ck_assert(rig_holds(rig->board, golden));
    ck_assert_int_eq(rig->program.written, written);
    ck_assert_int_eq(board_stats(rig->board)->erases > 0, written);
    ck_assert(written || board_stats(rig->board)->programs == 0);
    ck_assert_uint_eq(board_stats(rig->board)->nor_violations, 0);
}

START_TEST(a_right_board_passes_as_it_is)
{
    struct board_config config = some_board();
    right_board(&config);
    flash_it();
    expect_pass(false);
    ck_assert_uint_eq(rig->program.tries, 1);
    ck_assert_uint_eq(program_percent(&rig->program, rig->now), 100);
    ck_assert_uint_gt(rig->program.phase_us[PROGRAM_PHASE_compare], 0);
    ck_assert_uint_eq(rig->program.phase_us[PROGRAM_PHASE_write] + rig->program.phase_us[PROGRAM_PHASE_verify], 0);
    /* Once into the loader, once into the firmware. */
    board_run(rig->board, (rig->now + 1000000) * 1000);
    ck_assert_uint_eq(board_stats(rig->board)->boots, boots + 2);
}
END_TEST

START_TEST(a_right_board_is_written_all_the_same_unless_it_is_to_be_compared)
{
    struct board_config config = some_board();
    job.compare_first = false;
    right_board(&config);
    flash_it();
    expect_pass(true);
    ck_assert_uint_eq(rig->program.phase_us[PROGRAM_PHASE_compare], 0);
}
END_TEST

START_TEST(one_bit_anywhere_is_seen)
{
    struct board_config config = some_board();
    for (uint32_t seed = 0; seed < SEEDS; seed++) {
        right_board(&config);
        const struct golden_part *part = &golden->parts[seed % golden->n_parts];
        uint32_t random = seed * 2654435761u ^ 0x5bd1e995u, at = random % part->padded_size;
        /* Also the first and the last byte, and those at the boundary between head and rest. */
        if (seed < 8)
            at = seed / 4 == 0 ? (seed / 2 % 2 ? part->padded_size - 1 : 0) : GOLDEN_HEAD - 1 + seed / 2 % 2;
        flash_bytes[part->offset + at] ^= (uint8_t)(1u << (random >> 29));
        flash_it();
        expect_pass(true);
        ck_assert_uint_gt(rig->program.phase_us[PROGRAM_PHASE_compare], 0);
    }
}
END_TEST

/* In virtual time: the comparison costs little for boards with other content. */
START_TEST(a_blank_board_is_found_out_at_once)
{
    struct board_config config = some_board();
    rig->board = board_new(&config);
    flash_it();
    expect_pass(true);
    ck_assert_uint_lt(rig->program.phase_us[PROGRAM_PHASE_compare], 120000);
}
END_TEST

START_TEST(flash_outside_the_image_is_not_changed)
{
    struct board_config config = some_board();
    right_board(&config);
    flash_bytes[golden->parts[0].padded_size] = 0x12;
    flash_bytes[SECOND_PART - 1] = 0x34;
    flash_bytes[flash_size - 1] = 0x56;
    flash_it();
    expect_pass(false);
    ck_assert_uint_eq(flash_bytes[golden->parts[0].padded_size], 0x12);
    ck_assert_uint_eq(flash_bytes[SECOND_PART - 1], 0x34);
    ck_assert_uint_eq(flash_bytes[flash_size - 1], 0x56);
}
END_TEST

static void change_word(uint32_t at, uint32_t by)
{
    put_le32(flash_bytes + at, get_le32(flash_bytes + at) + by);
}

/* Of what differs alone: one sector near the end of each part. */
START_TEST(only_what_differs_is_written)
{
    struct board_config config = some_board();
    right_board(&config);
    flash_bytes[0x10000 + 5] ^= 1;
    flash_bytes[SECOND_PART + 0x3000] ^= 1;
    flash_it();
    expect_pass(true);
    ck_assert_uint_eq(board_stats(rig->board)->erases, 2);
    ck_assert_uint_le(board_stats(rig->board)->programs, 2 * GOLDEN_SECTOR / 64);
}
END_TEST

/* An image whose halves are alike. */
static void take_repeated_image(void)
{
    char error[200];
    uint8_t *bytes = rig_image(0x20000, 3);
    memcpy(bytes + 0x10000, bytes, 0x10000);
    golden_free(golden);
    golden = golden_new();
    ck_assert_int_eq(golden_add(golden, "twice", 0, bytes, 0x20000, error, sizeof(error)), 0);
    ck_assert_int_eq(golden_seal(golden, error, sizeof(error)), 0);
    free(bytes);
    job.golden = golden;
}

/* What is missing of the second half is copied from what is there of the first. */
START_TEST(what_is_missing_is_copied_from_what_is_there)
{
    struct board_config config = some_board();
    take_repeated_image();
    right_board(&config);
    memset(flash_bytes + 0x10000, 0x33, 0x8000);
    flash_it();
    expect_pass(true);
    ck_assert_uint_eq(board_stats(rig->board)->erases, 8);
    ck_assert_uint_lt(rig->update->parts[0].size, 256);
}
END_TEST

/* A sector whose erase was cut off may read as right: a board of which nobody knows that it was not is written. */
START_TEST(a_board_that_is_not_trusted_is_written)
{
    struct board_config config = some_board();
    rig->flash_trusted = false;
    right_board(&config);
    flash_it();
    expect_pass(true);
    ck_assert_uint_eq(rig->program.phase_us[PROGRAM_PHASE_compare], 0);
}
END_TEST

/* Another content with the sum of the right one: its sector is kept, the MD5 is wrong, and the next try writes all. */
START_TEST(a_sector_that_only_seems_right_does_not_pass)
{
    struct board_config config = some_board();
    take_repeated_image();
    right_board(&config);
    change_word(0x4000, 1);
    change_word(0x4004, (uint32_t)-2);
    change_word(0x4008, 1);
    flash_it();
    expect_pass(true);
    ck_assert_uint_eq(rig->program.tries, 2);
    ck_assert_int_eq(rig->program.failed_tries[0].cause, CAUSE_MD5_MISMATCH);
}
END_TEST

static const struct update *never(void *data, const struct sector_set *kept)
{
    (void)data;
    (void)kept;
    return NULL;
}

/* Data that is not made in time is not waited for. */
START_TEST(without_a_plan_all_is_written)
{
    struct board_config config = some_board();
    job.find_update = _i ? never : NULL;
    right_board(&config);
    flash_bytes[0x4000] ^= 1;
    flash_it();
    expect_pass(true);
    ck_assert_uint_eq(rig->program.tries, 1);
    ck_assert_uint_ge(board_stats(rig->board)->erases, 2);
}
END_TEST

/* A reset at every fifth of the last 120 bytes of the conversation. The board holds the image all the time and is never
 * written. */
START_TEST(a_reset_in_the_middle_is_tried_again)
{
    struct board_config config = some_board();
    right_board(&config);
    flash_it();
    uint64_t talk = board_stats(rig->board)->bytes_in;
    ck_assert_uint_gt(talk, AT_WORK);
    unsigned in_compare = 0;
    for (uint64_t at = talk - 120; at <= talk; at += 5) {
        config.faults.reset_after = at;
        job.tries = 1;
        right_board(&config);
        flash_it();
        bool hit = rig->program.state == PROGRAM_FAILED;
        if (hit && rig->program.phase_us[PROGRAM_PHASE_compare] > 0) {
            ck_assert_int_eq(rig->program.cause, CAUSE_BOARD_RESET);
            in_compare++;
        }
        job.tries = 3;
        right_board(&config);
        flash_it();
        expect_pass(false);
        ck_assert_uint_eq(rig->program.tries, hit ? 2 : 1);
    }
    ck_assert_uint_gt(in_compare, 5);
}
END_TEST

/* After a try that has begun to write, the next try writes without comparing, because the image is incomplete. */
START_TEST(a_try_after_a_write_does_not_compare)
{
    struct board_config config = some_board();
    config.faults.reset_after = 40000;
    rig->board = board_new(&config);
    flash_it();
    expect_pass(true);
    ck_assert_uint_eq(rig->program.tries, 2);
    ck_assert_uint_lt(rig->program.phase_us[PROGRAM_PHASE_compare], 120000);
}
END_TEST

/* Bytes lost, flipped and added both ways: whatever comes of it, a wrong board does not pass as it is. */
START_TEST(noise_passes_no_wrong_board)
{
    unsigned passed = 0, unwritten = 0;
    for (unsigned seed = 1; seed <= SEEDS; seed++) {
        struct board_config config = some_board();
        config.seed = seed;
        double rate = 1.0 / (6000 + 2000 * seed);
        config.faults.in = config.faults.out = (struct board_noise){.lose = rate, .corrupt = rate, .insert = rate};
        right_board(&config);
        bool right = seed % 2;
        if (!right)
            flash_bytes[golden->parts[1].offset + 67777] ^= 1;
        flash_it();
        if (rig->program.state == PROGRAM_PASSED) {
            ck_assert_msg(rig_holds(rig->board, golden), "seed %u: FALSE PASS", seed);
            ck_assert(right || rig->program.written);
            passed++;
            unwritten += !rig->program.written;
        }
        if (!rig->program.written)
            ck_assert_uint_eq(board_stats(rig->board)->erases + board_stats(rig->board)->programs, 0);
    }
    ck_assert_uint_gt(passed, SEEDS / 3);
    ck_assert_uint_gt(unwritten, SEEDS / 10);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("compare");
    TCase *tcase = tcase_create("compare");
    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_right_board_passes_as_it_is);
    tcase_add_test(tcase, a_right_board_is_written_all_the_same_unless_it_is_to_be_compared);
    tcase_add_test(tcase, one_bit_anywhere_is_seen);
    tcase_add_test(tcase, a_blank_board_is_found_out_at_once);
    tcase_add_test(tcase, flash_outside_the_image_is_not_changed);
    tcase_add_test(tcase, only_what_differs_is_written);
    tcase_add_test(tcase, what_is_missing_is_copied_from_what_is_there);
    tcase_add_test(tcase, a_board_that_is_not_trusted_is_written);
    tcase_add_test(tcase, a_sector_that_only_seems_right_does_not_pass);
    tcase_add_loop_test(tcase, without_a_plan_all_is_written, 0, 2);
    tcase_add_test(tcase, a_reset_in_the_middle_is_tried_again);
    tcase_add_test(tcase, a_try_after_a_write_does_not_compare);
    tcase_add_test(tcase, noise_passes_no_wrong_board);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
