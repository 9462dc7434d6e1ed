/* SPDX-License-Identifier: MIT */
/* The recipe program against a virtual board: which boards pass, and which cause each fault leads to. */
#include "tests/runner.h"
#include "tests/simulation/rig.h"
#include "tools/boardsim/board/flash/nor.h"

#include <stdlib.h>
#include <string.h>

#define IMAGE_SIZE (96 * 1024)

static struct golden *golden;
static struct stub_image *stub;
static struct rig *rig;
static struct program_job job; /* outlives the recipe */

static void setup(void)
{
    golden = rig_golden(IMAGE_SIZE, 1);
    stub = stub_image_builtin();
    rig = calloc(1, sizeof(*rig));
    rig->unplug_at = RIG_NEVER;
    job = rig_job(golden, stub);
}

static void teardown(void)
{
    board_free(rig->board);
    golden_free(golden);
    stub_image_free(stub);
    free(rig);
}

static const struct board_config good_board = {.seed = 1, .mac = {0x18, 0xFE, 0x34, 0xA1, 0xB2, 0xC3}};

static void flash_board(const struct board_config *config)
{
    rig->board = board_new(config);
    board_power(rig->board, true);
    rig_program(rig, &job, 600);
}

static void expect_pass(void)
{
    ck_assert_msg(rig->program.state == PROGRAM_PASSED, "%s: %s", cause_code(rig->program.cause), rig->program.detail);
    ck_assert(rig_holds(rig->board, golden));
    ck_assert_uint_eq(board_stats(rig->board)->nor_violations, 0);
}

static void expect_failure(enum cause cause)
{
    ck_assert_int_eq(rig->program.state, PROGRAM_FAILED);
    ck_assert_msg(rig->program.cause == cause, "%s (%s) instead of %s", cause_code(rig->program.cause),
                  rig->program.detail, cause_code(cause));
}

START_TEST(a_good_board_passes_at_the_first_try)
{
    static const uint8_t mac[] = {0x18, 0xFE, 0x34, 0xA1, 0xB2, 0xC3};
    flash_board(&good_board);
    expect_pass();
    ck_assert_uint_eq(rig->program.tries, 1);
    ck_assert_uint_eq(program_baud(&rig->program), 921600);
    ck_assert_mem_eq(rig->program.chip.mac, mac, 6);
    ck_assert_uint_eq(rig->program.chip.chip_id, 0x00A1B2C3);
    ck_assert_uint_eq(rig->program.flash_part.size, 4 * 1024 * 1024);
    ck_assert_uint_eq(program_percent(&rig->program, rig->now), 100);
    /* The loader is spoken to at 921600 at once, and nothing was to be compared. */
    for (enum program_phase phase = 0; phase < PROGRAM_PHASE_COUNT; phase++)
        ck_assert_msg((rig->program.phase_us[phase] > 0) ==
                          (phase != PROGRAM_PHASE_compare && phase != PROGRAM_PHASE_baud),
                      "time in %s", program_phase_label(phase));
}
END_TEST

START_TEST(old_content_is_gone)
{
    size_t size;
    rig->board = board_new(&good_board);
    uint8_t *flash = board_flash(rig->board, &size);
    memset(flash, 0x00, size);
    board_power(rig->board, true);
    rig_program(rig, &job, 600);
    expect_pass();
    ck_assert_uint_eq(flash[size - 1], 0x00);
}
END_TEST

START_TEST(several_files_at_offsets)
{
    char error[200];
    uint8_t *bytes = rig_image(50001, 9);
    struct golden *parts = golden_new();
    ck_assert_int_eq(golden_add(parts, "fs", 0x3FB000, bytes, 4096 + 5, error, sizeof(error)), 0);
    ck_assert_int_eq(golden_add(parts, "boot", 0, bytes, 4001, error, sizeof(error)), 0);
    ck_assert_int_eq(golden_add(parts, "app", 0x1000, bytes, 50001, error, sizeof(error)), 0);
    ck_assert_int_eq(golden_seal(parts, error, sizeof(error)), 0);
    job.golden = parts;
    rig->board = board_new(&good_board);
    board_power(rig->board, true);
    rig_program(rig, &job, 600);
    ck_assert_msg(rig->program.state == PROGRAM_PASSED, "%s: %s", cause_code(rig->program.cause), rig->program.detail);
    ck_assert(rig_holds(rig->board, parts));
    free(bytes);
    golden_free(parts);
}
END_TEST

static const uint32_t rates[] = {115200, 230400, 460800, 921600, 2000000};

START_TEST(every_rate_works)
{
    job.bauds[0] = rates[_i];
    job.n_bauds = 1;
    rig->board = board_new(&good_board);
    board_power(rig->board, true);
    rig_program(rig, &job, 600);
    expect_pass();
    ck_assert_uint_eq(rig->program.tries, 1);
}
END_TEST

START_TEST(a_40_mhz_board_passes)
{
    struct board_config config = good_board;
    config.crystal_mhz = 40;
    flash_board(&config);
    expect_pass();
}
END_TEST

START_TEST(an_adapter_that_cannot_do_the_rate_steps_down_the_ladder)
{
    rig->baud_max = 300000;
    job.tries = 4;
    flash_board(&good_board);
    expect_pass();
    ck_assert_uint_eq(rig->program.tries, 3);
    ck_assert_uint_eq(program_baud(&rig->program), 230400);
}
END_TEST

/* Four rates, and fewer tries. */
START_TEST(the_last_try_is_at_the_lowest_rate)
{
    job.tries = (unsigned)_i;
    rig->baud_max = 150000;
    flash_board(&good_board);
    expect_pass();
    ck_assert_uint_eq(rig->program.tries, job.tries);
    ck_assert_uint_eq(program_baud(&rig->program), 115200);
}
END_TEST

/* A stuck bit is stuck at each rate. */
START_TEST(a_wrong_md5_lowers_no_rate)
{
    struct board_config config = good_board;
    config.faults.flash.stuck_bits = 4000;
    flash_board(&config);
    expect_failure(CAUSE_MD5_MISMATCH);
    ck_assert_uint_eq(rig->program.tries, 3);
    ck_assert_uint_eq(program_baud(&rig->program), 921600);
}
END_TEST

/* The flash is sound, so that it is not blamed, nor the ROM. */
START_TEST(noise_is_not_booked_as_bad_flash)
{
    enum { SEEDS = 60 };
    unsigned failed = 0;
    for (unsigned seed = 1; seed <= SEEDS; seed++) {
        struct board_config config = good_board;
        double rate = seed % 2 ? 0.0005 : 0.002;
        config.seed = seed;
        config.faults.in.corrupt = rate;
        config.faults.in.lose = seed % 4 < 2 ? rate : 0;
        board_free(rig->board);
        job.tries = 1;
        flash_board(&config);
        failed += rig->program.state == PROGRAM_FAILED;
        enum cause cause = rig->program.cause;
        bool blamed = cause == CAUSE_WRITE_FAILED || cause == CAUSE_ROM_REFUSED || cause == CAUSE_MD5_MISMATCH;
        ck_assert_msg(!blamed, "seed %u: %s (%s)", seed, cause_code(cause), rig->program.detail);
    }
    ck_assert_uint_gt(failed, SEEDS / 4);
}
END_TEST

START_TEST(a_board_without_reset_circuit_waits_for_a_person)
{
    struct board_config config = good_board;
    config.no_auto_reset = true;
    job.manual_reset = true;
    rig->board = board_new(&config);
    board_power(rig->board, true);
    rig->unplug_at = 20000000;
    rig_program(rig, &job, 600);
    expect_failure(CAUSE_UNPLUGGED);

    board_buttons(rig->board, true, true);
    board_run(rig->board, rig->now * 1000 + 100000000);
    board_buttons(rig->board, false, true);
    rig->unplug_at = RIG_NEVER;
    rig_program(rig, &job, 600);
    expect_pass();
}
END_TEST

static const struct {
    const char *name;
    struct board_faults faults;
    enum cause cause;
} faulty[] = {
    {"silent", {.silent = true}, CAUSE_BOARD_SILENT},
    {"rx open", {.rx_open = true}, CAUSE_BOARD_SILENT},
    {"tx open", {.tx_open = true}, CAUSE_TX_OPEN},
    {"gpio0 open", {.gpio0_open = true}, CAUSE_NOT_DOWNLOAD_MODE},
    {"unknown oui", {.clone_oui = true}, CAUSE_UNKNOWN_OUI},
    {"flash id ffffff", {.flash = {.wrong_id = true, .id = 0xFFFFFF}}, CAUSE_FLASH_ID_UNREADABLE},
    {"stuck bits", {.flash = {.stuck_bits = 4000}}, CAUSE_MD5_MISMATCH},
    {"hang in the stub", {.hang_after = 60000}, CAUSE_BOARD_SILENT},
};

START_TEST(each_fault_has_its_cause)
{
    struct board_config config = good_board;
    config.faults = faulty[_i].faults;
    flash_board(&config);
    ck_assert_int_eq(rig->program.state, PROGRAM_FAILED);
    ck_assert_msg(rig->program.cause == faulty[_i].cause, "%s: %s (%s) instead of %s", faulty[_i].name,
                  cause_code(rig->program.cause), rig->program.detail, cause_code(faulty[_i].cause));
}
END_TEST

/* The boot message is legible, the replies to SYNC are not: the line to the board is connected but bad. */
START_TEST(a_noisy_line_is_not_called_open)
{
    unsigned told = 0;
    for (unsigned seed = 1; seed <= 20; seed++) {
        struct board_config config = good_board;
        config.seed = seed;
        config.faults.in.corrupt = 0.08;
        board_free(rig->board);
        flash_board(&config);
        ck_assert_int_eq(rig->program.state, PROGRAM_FAILED);
        ck_assert_msg(rig->program.cause != CAUSE_TX_OPEN, "seed %u: %s", seed, rig->program.detail);
        told += rig->program.cause == CAUSE_LINE_NOISE && strstr(rig->program.detail, "boot mode 1");
    }
    ck_assert_uint_gt(told, 10);
}
END_TEST

/* One byte in sixteen thousand is damaged: every second block of 16 KB, and every second upload of the stub. */
START_TEST(noise_costs_blocks_and_not_tries)
{
    enum { SEEDS = 15 };
    unsigned passed = 0, at_once = 0;
    for (unsigned seed = 1; seed <= SEEDS; seed++) {
        struct board_config config = good_board;
        config.seed = seed;
        config.faults.in = config.faults.out =
            (struct board_noise){.lose = 0.00002, .corrupt = 0.00002, .insert = 0.00002};
        board_free(rig->board);
        flash_board(&config);
        if (rig->program.state == PROGRAM_PASSED) {
            ck_assert(rig_holds(rig->board, golden));
            passed++;
            at_once += rig->program.tries == 1;
        }
    }
    ck_assert_msg(passed >= 14 && at_once >= 11, "%u passed, %u of them at the first try", passed, at_once);
}
END_TEST

START_TEST(an_open_line_is_called_open_whatever_the_boot_says)
{
    struct board_config config = good_board;
    config.faults.tx_open = true;
    config.faults.noisy_boot = _i & 1;
    config.crystal_mhz = _i & 2 ? 40 : 26;
    flash_board(&config);
    ck_assert_int_eq(rig->program.state, PROGRAM_FAILED);
    /* A boot message half covered by noise cannot be read. */
    if (!config.faults.noisy_boot)
        expect_failure(CAUSE_TX_OPEN);
    else
        ck_assert(rig->program.cause == CAUSE_TX_OPEN || rig->program.cause == CAUSE_LINE_NOISE);
    ck_assert_uint_eq(rig->program.in_try.unexpected, 0);
}
END_TEST

/* The last try fails before the MAC is read. */
START_TEST(a_board_that_dies_in_mid_write_is_still_known)
{
    struct board_config config = good_board;
    config.faults.hang_after = 60000;
    flash_board(&config);
    expect_failure(CAUSE_BOARD_SILENT);
    ck_assert(rig->program.identified);
    ck_assert_mem_eq(rig->program.chip.mac, good_board.mac, 6);
    ck_assert_uint_eq(rig->program.flash_part.size, 4 * 1024 * 1024);
}
END_TEST

START_TEST(a_flash_that_is_too_small_is_refused_before_it_is_erased)
{
    struct golden *large = rig_golden(768 * 1024, 2);
    struct board_config config = good_board;
    config.part = nor_find("W25Q40");
    ck_assert_ptr_nonnull(config.part);
    rig->board = board_new(&config);
    size_t size;
    memset(board_flash(rig->board, &size), 0x5A, 16);
    board_power(rig->board, true);
    job.golden = large;
    rig_program(rig, &job, 600);
    expect_failure(CAUSE_FLASH_TOO_SMALL);
    ck_assert_uint_eq(rig->program.tries, 1);
    ck_assert_uint_eq(board_stats(rig->board)->erases, 0);
    golden_free(large);
}
END_TEST

START_TEST(a_module_with_less_flash_than_the_products_is_refused)
{
    struct board_config config = good_board;
    config.part = nor_find("W25Q80");
    job.min_flash_size = 4 << 20;
    flash_board(&config);
    expect_failure(CAUSE_FLASH_TOO_SMALL);
    ck_assert_uint_eq(board_stats(rig->board)->erases, 0);
}
END_TEST

START_TEST(a_brown_out_in_mid_write_is_tried_again)
{
    struct board_config config = good_board;
    config.faults.reset_after = 40000;
    flash_board(&config);
    expect_pass();
    ck_assert_uint_eq(rig->program.tries, 2);
    ck_assert_uint_eq(program_baud(&rig->program), 460800);

    /* What the first try failed by is kept, and the two took all the time. */
    const struct try_result *first = &rig->program.failed_tries[0];
    ck_assert_uint_eq(first->baud, 921600);
    ck_assert_int_eq(first->cause, CAUSE_BOARD_RESET);
    ck_assert_ptr_nonnull(strstr(first->detail, "writing at 0x"));
    struct try_result last;
    program_last_try(&rig->program, &last);
    ck_assert_uint_eq(last.baud, 460800);
    ck_assert_int_eq(last.cause, CAUSE_NONE);
    ck_assert_str_eq(last.detail, "");
    double seconds = 0;
    for (enum program_phase phase = 0; phase < PROGRAM_PHASE_COUNT; phase++)
        seconds += (double)rig->program.phase_us[phase] / 1e6;
    ck_assert_double_gt(first->seconds, 0);
    ck_assert_double_eq_tol(first->seconds + last.seconds, seconds, 1e-6);
}
END_TEST

START_TEST(a_brown_out_is_told_from_a_lost_link)
{
    struct board_config config = good_board;
    config.faults.reset_after = 40000;
    job.tries = 1;
    flash_board(&config);
    expect_failure(CAUSE_BOARD_RESET);
}
END_TEST

/* Where the first try has uploaded the stub. */
static uint32_t uploaded_at;

static void note_upload(void *data, const struct program_step *step)
{
    (void)data;
    if (step->state == PROGRAM_STUB && step->try == 1 && step->cause == CAUSE_NONE)
        uploaded_at = step->baud;
}

static void flash_at_a_bad_speed(uint64_t seed, double lose, double corrupt)
{
    struct board_config config = good_board;
    config.seed = seed;
    config.faults.flaky_above = 200000;
    config.faults.flaky = (struct board_noise){.lose = lose, .corrupt = corrupt};
    job.step_ended = note_upload;
    flash_board(&config);
    expect_pass();
}

/* Blocks of the stub get lost and damaged, and are repeated. Some boards go on at the loader's own rate in the same
 * try: where a damaged request has made the stub crash. */
START_TEST(a_line_bad_at_speed_carries_most_stubs_at_speed)
{
    enum { BOARDS = 8 };
    unsigned at_speed = 0;
    for (uint64_t seed = 1; seed <= BOARDS; seed++) {
        board_free(rig->board);
        flash_at_a_bad_speed(seed, 0.0004, 0.0004);
        ck_assert_uint_eq(rig->program.tries, 1);
        ck_assert_uint_eq(program_baud(&rig->program), 921600);
        at_speed += uploaded_at == 921600;
    }
    ck_assert_uint_ge(at_speed, BOARDS / 2);
    ck_assert_uint_lt(at_speed, BOARDS);
}
END_TEST

/* Neither the stub's upload nor a SYNC has a chance at speed. The same try goes on at the loader's own rate, until the
 * rate is raised. */
START_TEST(a_line_too_bad_for_the_loader_at_speed_is_spoken_to_slowly)
{
    flash_at_a_bad_speed(1, _i == 0 ? 0.01 : 0.1, 0.01);
    const struct try_result *first = &rig->program.failed_tries[0];
    ck_assert_uint_eq(uploaded_at, LOADER_BAUD);
    ck_assert_uint_gt(rig->program.tries, 1);
    ck_assert_msg(strstr(first->detail, "921600 baud") || strstr(first->detail, "writing at 0x0"), "%s", first->detail);
    ck_assert_double_lt(first->seconds, 7); /* 1 s at speed, 2 s for the upload, 2 s in which no frame gets through */
}
END_TEST

/* The damage that the loader's XOR does not show, the stub's own CRC-32 does. */
START_TEST(a_stub_damaged_in_its_upload_is_uploaded_again)
{
    rig->flip_blocks = 1;
    flash_board(&good_board);
    expect_pass();
    ck_assert_uint_eq(rig->program.tries, 1);
    ck_assert_uint_eq(rig->program.in_try.restarts, 1);
}
END_TEST

START_TEST(a_stub_damaged_in_each_upload_fails)
{
    rig->flip_blocks = UINT_MAX;
    flash_board(&good_board);
    expect_failure(CAUSE_LINE_NOISE);
    ck_assert_ptr_nonnull(strstr(rig->program.detail, "the stub was damaged in its upload: CRC-32 "));
}
END_TEST

START_TEST(a_slow_flash_passes)
{
    struct board_config config = good_board;
    config.faults.flash.slow = 4;
    flash_board(&config);
    expect_pass();
    ck_assert_uint_eq(rig->program.tries, 1);
}
END_TEST

START_TEST(an_unplug_at_any_time_ends_as_unplugged)
{
    for (uint64_t at = 1000; at < 6000000; at += 390625) {
        rig->unplug_at = at;
        board_free(rig->board);
        rig->board = board_new(&good_board);
        board_power(rig->board, true);
        rig_program(rig, &job, 600);
        if (rig->program.state != PROGRAM_PASSED)
            expect_failure(CAUSE_UNPLUGGED);
    }
}
END_TEST

static unsigned last_percent, n_percents;

static void watch_progress(void *data, enum session_trace direction, uint64_t now, const uint8_t *bytes, size_t n)
{
    (void)direction, (void)bytes, (void)n;
    const struct rig *watched = data;
    unsigned percent = program_percent(&watched->program, now);
    ck_assert_msg(percent >= last_percent, "%u %% after %u %% in \"%s\"", percent, last_percent,
                  program_sentence(&watched->program));
    n_percents += percent > last_percent;
    last_percent = percent;
    ck_assert_double_ge(program_seconds_left(&watched->program, now), 0);
}

START_TEST(progress_never_goes_backwards)
{
    struct board_config config = good_board;
    rig->session.trace = watch_progress;
    rig->session.trace_data = rig;
    flash_board(&config);
    expect_pass();
    ck_assert_uint_gt(n_percents, 20);
    ck_assert_uint_eq(program_percent(&rig->program, rig->now), 100);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("program");
    TCase *tcase = tcase_create("program");
    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_good_board_passes_at_the_first_try);
    tcase_add_test(tcase, old_content_is_gone);
    tcase_add_test(tcase, several_files_at_offsets);
    tcase_add_loop_test(tcase, every_rate_works, 0, sizeof(rates) / sizeof(rates[0]));
    tcase_add_test(tcase, a_40_mhz_board_passes);
    tcase_add_test(tcase, an_adapter_that_cannot_do_the_rate_steps_down_the_ladder);
    tcase_add_loop_test(tcase, the_last_try_is_at_the_lowest_rate, 2, 4);
    tcase_add_test(tcase, a_wrong_md5_lowers_no_rate);
    tcase_add_test(tcase, a_board_without_reset_circuit_waits_for_a_person);
    tcase_add_loop_test(tcase, each_fault_has_its_cause, 0, sizeof(faulty) / sizeof(faulty[0]));
    tcase_add_test(tcase, a_noisy_line_is_not_called_open);
    tcase_add_test(tcase, noise_costs_blocks_and_not_tries);
    tcase_add_test(tcase, noise_is_not_booked_as_bad_flash);
    tcase_add_loop_test(tcase, an_open_line_is_called_open_whatever_the_boot_says, 0, 4);
    tcase_add_test(tcase, a_board_that_dies_in_mid_write_is_still_known);
    tcase_add_test(tcase, a_flash_that_is_too_small_is_refused_before_it_is_erased);
    tcase_add_test(tcase, a_module_with_less_flash_than_the_products_is_refused);
    tcase_add_test(tcase, a_brown_out_in_mid_write_is_tried_again);
    tcase_add_test(tcase, a_brown_out_is_told_from_a_lost_link);
    tcase_add_test(tcase, progress_never_goes_backwards);
    tcase_add_test(tcase, a_line_bad_at_speed_carries_most_stubs_at_speed);
    tcase_add_loop_test(tcase, a_line_too_bad_for_the_loader_at_speed_is_spoken_to_slowly, 0, 2);
    tcase_add_test(tcase, a_stub_damaged_in_its_upload_is_uploaded_again);
    tcase_add_test(tcase, a_stub_damaged_in_each_upload_fails);
    tcase_add_test(tcase, a_slow_flash_passes);
    tcase_add_test(tcase, an_unplug_at_any_time_ends_as_unplugged);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
