/* SPDX-License-Identifier: MIT */
/* Blank sectors that are not erased: of which boards, and why never of one whose erase may have been cut off. */
#include "tests/runner.h"
#include "tests/simulation/rig.h"
#include "tools/boardsim/board/flash/nor.h"

#include <stdlib.h>
#include <string.h>

static struct golden *golden;
static struct stub_image *stub;
static struct rig *rig;
static struct program_job job; /* outlives the recipe */
static uint8_t *flash_bytes;
static size_t flash_size;

static void setup(void)
{
    golden = rig_golden(262144, 5);
    stub = stub_image_builtin();
    rig = calloc(1, sizeof(*rig));
    rig->unplug_at = RIG_NEVER;
    job = rig_job(golden, stub);
    job.skip_blank_erase = true;
}

static void teardown(void)
{
    board_free(rig->board);
    golden_free(golden);
    stub_image_free(stub);
    free(rig);
}

static struct board_config some_board(void)
{
    return (struct board_config){.seed = 1, .mac = {0x18, 0xFE, 0x34, 0xA1, 0xB2, 0xC3}, .part = nor_find("W25Q40")};
}

static void take_board(const struct board_config *config)
{
    board_free(rig->board);
    rig->board = board_new(config);
    flash_bytes = board_flash(rig->board, &flash_size);
    board_power(rig->board, true);
}

/* Returns how often its flash was erased. */
static uint64_t program_board(void)
{
    uint64_t before = board_stats(rig->board)->erases;
    rig_program(rig, &job, 600);
    return board_stats(rig->board)->erases - before;
}

static void expect_pass(void)
{
    ck_assert_msg(rig->program.state == PROGRAM_PASSED, "%s: %s", cause_code(rig->program.cause), rig->program.detail);
    ck_assert(rig_holds(rig->board, golden));
    ck_assert_uint_eq(board_stats(rig->board)->nor_violations, 0);
}

START_TEST(a_blank_flash_is_erased_unless_all_allow_to_skip_that)
{
    struct board_config config = some_board();
    for (unsigned i = 0; i < 4; i++) {
        rig->flash_trusted = i & 1;
        job.skip_blank_erase = i & 2;
        take_board(&config);
        uint64_t erases = program_board();
        expect_pass();
        ck_assert_msg((erases == 0) == (i == 3), "case %u: %u erases", i, (unsigned)erases);
    }
}
END_TEST

START_TEST(what_is_not_blank_is_erased)
{
    struct board_config config = some_board();
    rig->flash_trusted = true;
    take_board(&config);
    flash_bytes[0x10000 + 77] = 0x12;
    uint64_t erases = program_board();
    expect_pass();
    ck_assert_uint_ge(erases, 1);
    ck_assert_uint_le(erases, 16);
}
END_TEST

/* The try before has begun to erase. */
START_TEST(a_second_write_of_an_attempt_erases_all)
{
    struct board_config config = some_board();
    rig->flash_trusted = true;
    config.faults.reset_after = 60000;
    take_board(&config);
    uint64_t erases = program_board();
    expect_pass();
    ck_assert_uint_eq(rig->program.tries, 2);
    ck_assert_uint_ge(erases, 4); /* 64 KB blocks */
}
END_TEST

/* Virtual time at which the write begins. */
static uint64_t write_begins(const struct board_config *config)
{
    uint64_t us = 0;
    take_board(config);
    rig->flash_trusted = false;
    rig_program(rig, &job, 600);
    for (enum program_phase phase = 0; phase < PROGRAM_PHASE_write; phase++)
        us += rig->program.phase_us[phase];
    return us;
}

static void lose_power(void)
{
    board_power(rig->board, false);
    board_power(rig->board, true);
}

/* A board of other firmware that is pulled out then. */
static void unplug_at(const struct board_config *config, uint64_t us)
{
    take_board(config);
    memset(flash_bytes, 0x5A, flash_size);
    rig->flash_trusted = false;
    rig->unplug_at = us;
    rig_program(rig, &job, 600);
    rig->unplug_at = RIG_NEVER;
    lose_power();
}

/* Whether the flash is still right when the board has passed and then lost power once more. */
static bool stays_right(bool trusted)
{
    rig->flash_trusted = trusted;
    program_board();
    expect_pass();
    lose_power();
    return rig_holds(rig->board, golden);
}

/* A sector that was half-erased when the power went reads as blank: with trust that the board does not deserve it is
 * programmed as it is, its MD5 is right, and its content is not for long. */
START_TEST(a_half_erased_sector_is_erased_again)
{
    struct board_config config = some_board();
    unsigned decayed = 0;
    config.faults.flash.half_erases = true;
    uint64_t begin = write_begins(&config);
    for (uint64_t ms = 10; ms <= 430; ms += 60) {
        unplug_at(&config, begin + ms * 1000);
        ck_assert_msg(stays_right(false), "pulled out after %u ms", (unsigned)ms);
        unplug_at(&config, begin + ms * 1000);
        decayed += !stays_right(true);
    }
    ck_assert_uint_ge(decayed, 2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("skip blank");
    TCase *tcase = tcase_create("skip blank");
    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_blank_flash_is_erased_unless_all_allow_to_skip_that);
    tcase_add_test(tcase, what_is_not_blank_is_erased);
    tcase_add_test(tcase, a_second_write_of_an_attempt_erases_all);
    tcase_add_test(tcase, a_half_erased_sector_is_erased_again);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
