/* SPDX-License-Identifier: MIT */
/* What the recipe program reports of its steps. */
#include "proto/link/text.h"
#include "tests/runner.h"
#include "tests/simulation/rig.h"

#include <stdlib.h>
#include <string.h>

static struct golden *golden;
static struct stub_image *stub;
static struct rig rig;
static struct program_job job; /* outlives the recipe */

/* All reports so far. */
static char story[1024];
static uint64_t us;

/* "sync" of a step that was done, "sync(board-silent: SYNC: no answer)" of one that failed; a number where a try
 * begins, "@" and the baud rate where another holds. */
static void note(void *data, const struct program_step *step)
{
    static unsigned try;
    static uint32_t baud;
    char words[320] = "";
    (void)data;
    if (story[0] == '\0' || try != step->try)
        text_print(words, sizeof(words), " %u", step->try);
    if (story[0] == '\0' || baud != step->baud)
        text_print(words + strlen(words), sizeof(words) - strlen(words), " @%u", (unsigned)step->baud);
    text_print(words + strlen(words), sizeof(words) - strlen(words), " %s", step->name);
    if (step->cause != CAUSE_NONE)
        text_print(words + strlen(words), sizeof(words) - strlen(words), "(%s: %s)", cause_code(step->cause),
                   step->detail);
    ck_assert_uint_lt(strlen(story) + strlen(words), sizeof(story));
    text_copy(story + strlen(story), sizeof(story) - strlen(story), words);
    try = step->try;
    baud = step->baud;
    us += step->us;
}

static void setup(void)
{
    golden = rig_golden(96 * 1024, 1);
    stub = stub_image_builtin();
    rig = (struct rig){.unplug_at = RIG_NEVER};
    job = rig_job(golden, stub);
    job.step_ended = note;
}

static void teardown(void)
{
    board_free(rig.board);
    golden_free(golden);
    stub_image_free(stub);
}

static void run(const struct board_config *config, const char *expected)
{
    uint64_t phases_us = 0;
    rig.board = board_new(config);
    board_power(rig.board, true);
    rig_program(&rig, &job, 600);
    ck_assert_str_eq(story, expected);
    for (enum program_phase phase = 0; phase < PROGRAM_PHASE_COUNT; phase++)
        phases_us += rig.program.phase_us[phase];
    ck_assert_uint_eq(us, phases_us);
}

static const struct board_config good_board = {.seed = 1, .mac = {0x18, 0xFE, 0x34, 1, 2, 3}};

START_TEST(each_step_of_a_good_board)
{
    run(&good_board, " 1 @921600 reset sync chip id stub upload flash id stream capacity run");
}
END_TEST

START_TEST(a_failed_step_with_its_cause_and_detail)
{
    struct board_config config = good_board;
    config.faults.tx_open = true;
    run(&config, " 1 @921600 reset sync(board-silent: SYNC: no answer)"
                 " @115200 reset sync(board-silent: SYNC: no answer) reset sync(board-silent: SYNC: no answer)"
                 " reset sync(board-silent: SYNC: no answer)"
                 " @74880 boot log(tx-open: boot mode 1, but no answer to SYNC)");
}
END_TEST

START_TEST(a_step_that_is_aborted)
{
    rig.unplug_at = 10000;
    run(&good_board, " 1 @921600 reset(unplugged: unplugged)");
}
END_TEST

START_TEST(each_try_has_its_steps)
{
    rig.baud_max = 500000;
    run(&good_board, " 1 @115200 reset(baud-failed: setting 921600 baud: the adapter cannot do it)"
                     " 2 reset sync chip id stub upload flash id @460800 baud stream capacity run");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("step_reports");
    TCase *tests = tcase_create("step_reports");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, each_step_of_a_good_board);
    tcase_add_test(tests, a_failed_step_with_its_cause_and_detail);
    tcase_add_test(tests, a_step_that_is_aborted);
    tcase_add_test(tests, each_try_has_its_steps);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
