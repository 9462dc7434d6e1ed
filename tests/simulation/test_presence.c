/* SPDX-License-Identifier: MIT */
/* One probe of a fixture: which board is in it, and that the probe changes no board. */
#include "tests/runner.h"
#include "tests/simulation/rig.h"

#include <stdlib.h>
#include <string.h>

#define IMAGE_SIZE   (16 * 1024)
#define WAITING_BAUD 921600

static struct golden *golden;
static struct stub_image *stub;
static struct rig *rig;
static struct program_job attempt;
static struct presence_job job;

static const struct board_config first_board = {.seed = 1, .mac = {0x18, 0xFE, 0x34, 0xA1, 0xB2, 0xC3}};
static const struct board_config second_board = {.seed = 2, .mac = {0x5C, 0xCF, 0x7F, 0x01, 0x02, 0x03}};

static void setup(void)
{
    golden = rig_golden(IMAGE_SIZE, 1);
    stub = stub_image_builtin();
    rig = calloc(1, sizeof(*rig));
    rig->unplug_at = RIG_NEVER;
    rig->baud = LOADER_BAUD;
    attempt = rig_job(golden, stub);
    attempt.run = false;
    job = (struct presence_job){0};
}

static void take_out(void)
{
    board_free(rig->board);
    rig->board = NULL;
}

static void teardown(void)
{
    take_out();
    golden_free(golden);
    stub_image_free(stub);
    free(rig);
}

/* Lets time pass; received bytes are discarded. */
static void pass_ms(unsigned ms)
{
    uint8_t bytes[64];
    uint64_t until = board_run(rig->board, 0) + ms * 1000000ULL;
    while (board_run(rig->board, until) < until)
        ;
    while (board_receive(rig->board, rig->baud, bytes, sizeof(bytes)) > 0)
        ;
}

static void put_in(const struct board_config *config)
{
    take_out();
    rig->board = board_new(config);
    board_set_lines(rig->board, rig->dtr, rig->rts);
    board_power(rig->board, true);
    pass_ms(300);
}

/* Whatever the result, the flash is as it was. */
static void probe_board(void)
{
    size_t size;
    const uint8_t *flash = board_flash(rig->board, &size);
    const struct board_stats before = *board_stats(rig->board), *after = board_stats(rig->board);
    uint8_t *content = malloc(size);
    ck_assert_ptr_nonnull(content);
    memcpy(content, flash, size);
    rig_probe(rig, &job, 60);
    ck_assert(memcmp(board_flash(rig->board, &size), content, size) == 0);
    ck_assert_uint_eq(after->erases, before.erases);
    ck_assert_uint_eq(after->programs, before.programs);
    free(content);
}

/* And the board is not kept in reset. */
static enum presence_result probe(void)
{
    if (rig->board)
        probe_board();
    else
        rig_probe(rig, &job, 60);
    ck_assert_int_ne(rig->presence.result, PRESENCE_UNKNOWN);
    if (rig->presence.result != PRESENCE_ERROR)
        ck_assert(!rig->dtr && !rig->rts);
    return rig->presence.result;
}

static void expect(enum presence_result expected)
{
    enum presence_result result = probe();
    ck_assert_msg(result == expected, "%s (%s) instead of %s", presence_result_word(result), rig->presence.detail,
                  presence_result_word(expected));
}

static void expect_board(const struct board_config *config)
{
    expect(PRESENCE_BOARD);
    ck_assert_msg(rig->presence.identified, "%s", rig->presence.detail);
    ck_assert_mem_eq(rig->presence.chip.mac, config->mac, 6);
}

/* The board that has had its attempt: neither reset nor crashed, and its lines are not touched. */
static void expect_waiting(void)
{
    const struct board_stats before = *board_stats(rig->board), *after = board_stats(rig->board);
    unsigned lines = rig->lines_asked;
    for (int i = 0; i < 4; i++)
        expect(PRESENCE_SAME);
    ck_assert_uint_eq(after->boots, before.boots);
    ck_assert_uint_eq(after->fifo_overflows, before.fifo_overflows);
    ck_assert_ptr_null(after->exception);
    ck_assert_uint_eq(rig->lines_asked, job.manual_reset ? lines + 4 : lines); /* released each time */
}

static void pass_attempt(void)
{
    rig_program(rig, &attempt, 600);
    ck_assert_msg(rig->program.state == PROGRAM_PASSED, "%s: %s", cause_code(rig->program.cause), rig->program.detail);
    job.waiting_baud = rig->baud;
}

START_TEST(a_board_is_found_and_known_by_either_reset)
{
    struct board_config config = first_board;
    config.crystal_mhz = _i & 1 ? 40 : 26;
    job.tight = _i & 2;
    put_in(&config);
    expect_board(&config);
    ck_assert_uint_eq(board_stats(rig->board)->boots, 2);
    expect_board(&config);
    ck_assert_uint_eq(board_stats(rig->board)->boots, 3);
    pass_attempt();
}
END_TEST

START_TEST(an_empty_fixture_is_empty)
{
    uint64_t start = rig->now;
    expect(PRESENCE_NOTHING);
    ck_assert_uint_lt(rig->now - start, 650000);
    job.tight = true;
    expect(PRESENCE_NOTHING);
    job.waiting_baud = WAITING_BAUD;
    expect(PRESENCE_NOTHING);
}
END_TEST

START_TEST(noise_on_an_open_line_is_no_board)
{
    static const uint64_t gaps[] = {100, 3000, 90000};
    for (int i = 0; i < 3; i++) {
        rig->open_line = gaps[i];
        for (int n = 0; n < 20; n++) {
            job.tight = n & 1;
            job.waiting_baud = n & 2 ? WAITING_BAUD : 0;
            expect(PRESENCE_NOTHING);
        }
    }
}
END_TEST

START_TEST(a_board_that_sends_nothing_is_not_seen)
{
    struct board_config config = first_board;
    config.faults.silent = _i == 0;
    config.faults.rx_open = _i == 1;
    put_in(&config);
    expect(PRESENCE_NOTHING);
}
END_TEST

START_TEST(a_board_that_does_not_answer_is_unidentified)
{
    struct board_config config = first_board;
    config.crystal_mhz = _i & 1 ? 40 : 26;
    config.faults.tx_open = _i & 2;
    config.faults.gpio0_open = !(_i & 2);
    put_in(&config);
    expect(PRESENCE_UNIDENTIFIED);
    ck_assert_msg(strstr(rig->presence.detail, _i & 2 ? "boot mode 1" : "boot mode 3"), "%s", rig->presence.detail);
}
END_TEST

START_TEST(a_board_of_an_unknown_maker_is_a_board)
{
    struct board_config config = first_board;
    config.faults.clone_oui = true;
    put_in(&config);
    expect(PRESENCE_BOARD);
    ck_assert(!rig->presence.identified);
}
END_TEST

START_TEST(a_board_waiting_in_its_stub_is_left_alone)
{
    attempt.bauds[0] = _i == 0 ? WAITING_BAUD : LOADER_BAUD;
    attempt.n_bauds = 1;
    put_in(&first_board);
    pass_attempt();
    ck_assert_uint_eq(job.waiting_baud, attempt.bauds[0]);
    expect_waiting();
}
END_TEST

START_TEST(a_board_waiting_in_the_loader_is_left_alone)
{
    struct board_config config = first_board;
    config.faults.clone_oui = true;
    put_in(&config);
    rig_program(rig, &attempt, 600);
    ck_assert_int_eq(rig->program.cause, CAUSE_UNKNOWN_OUI);
    job.waiting_baud = rig->baud;
    ck_assert_uint_eq(job.waiting_baud, rig->program.loader_baud);
    job.waiting_in_loader = true;
    expect_waiting();
}
END_TEST

START_TEST(a_waiting_board_that_is_gone_is_missed)
{
    put_in(&first_board);
    pass_attempt();
    take_out();
    expect(PRESENCE_NOTHING);
}
END_TEST

START_TEST(another_board_is_not_taken_for_the_waiting_one)
{
    put_in(&first_board);
    pass_attempt();
    if (_i & 1) {
        job.waiting_baud = LOADER_BAUD;
        job.waiting_in_loader = true;
    }
    put_in(&second_board);
    /* A fixture may pull GPIO0 low: then the board waits in the loader and adopts the first baud rate that it
     * receives. */
    if (_i & 2) {
        board_buttons(rig->board, true, true);
        pass_ms(100);
        board_buttons(rig->board, false, true);
        pass_ms(200);
    }
    expect_board(&second_board);
    job.waiting_baud = 0;
    pass_attempt();
    expect_waiting();
}
END_TEST

START_TEST(a_waiting_board_that_has_reset_is_known_again)
{
    put_in(&first_board);
    pass_attempt();
    board_power(rig->board, false);
    board_power(rig->board, true);
    expect_board(&first_board);
}
END_TEST

static void press_buttons(void)
{
    board_buttons(rig->board, true, true);
    pass_ms(100);
    board_buttons(rig->board, false, true);
    pass_ms(200);
    board_buttons(rig->board, false, false);
}

static void put_in_by_hand(const struct board_config *config)
{
    struct board_config manual = *config;
    manual.no_auto_reset = true;
    put_in(&manual);
    job.manual_reset = attempt.manual_reset = true;
}

START_TEST(a_board_without_reset_circuit_is_found_in_download_mode)
{
    attempt.bauds[0] = _i == 0 ? WAITING_BAUD : LOADER_BAUD;
    attempt.n_bauds = 1;
    put_in_by_hand(&first_board);
    expect(PRESENCE_NOTHING);
    press_buttons();
    expect_board(&first_board);
    pass_attempt();
    expect_waiting();

    put_in_by_hand(&second_board);
    press_buttons();
    expect_board(&second_board);
    job.waiting_baud = 0;
    pass_attempt();
    expect_waiting();
    take_out();
    expect(PRESENCE_NOTHING);
}
END_TEST

START_TEST(a_board_without_reset_circuit_waits_in_the_loader)
{
    struct board_config config = first_board;
    config.faults.clone_oui = true;
    put_in_by_hand(&config);
    press_buttons();
    expect(PRESENCE_BOARD);
    job.waiting_baud = LOADER_BAUD;
    job.waiting_in_loader = true;
    expect_waiting();
}
END_TEST

/* It was put into download mode while the board before it was sent a SYNC. */
START_TEST(a_loader_that_has_taken_the_waiting_rate_is_another_board)
{
    static const uint8_t pattern[46] = {0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55};
    put_in_by_hand(&second_board);
    press_buttons();
    board_send(rig->board, WAITING_BAUD, pattern, sizeof(pattern));
    pass_ms(10);
    job.waiting_baud = WAITING_BAUD;
    expect_board(&second_board);
    ck_assert_uint_eq(rig->baud, WAITING_BAUD);
}
END_TEST

START_TEST(an_adapter_that_fails_ends_the_probe_as_an_error)
{
    put_in(&first_board);
    job.tight = true;
    for (unsigned fail = 1; fail <= 5; fail++) {
        rig->lines_asked = 0;
        rig->lines_fail = fail;
        expect(PRESENCE_ERROR);
        ck_assert_msg(strstr(rig->presence.detail, "modem lines"), "%s", rig->presence.detail);
    }
    rig->lines_fail = 0;
    rig->baud_max = 500000;
    job.waiting_baud = WAITING_BAUD;
    expect(PRESENCE_ERROR);
    ck_assert_msg(strstr(rig->presence.detail, "baud"), "%s", rig->presence.detail);
    job.waiting_baud = 0;
    expect_board(&first_board);
}
END_TEST

START_TEST(an_adapter_may_fail_while_the_banner_is_listened_for)
{
    struct board_config config = first_board;
    config.faults.gpio0_open = true;
    put_in(&config);
    rig->lines_fail = 4; /* the second reset's first */
    expect(PRESENCE_ERROR);
    rig->lines_fail = 0;
    rig->baud_max = 70000;
    expect(PRESENCE_ERROR);
}
END_TEST

START_TEST(noise_does_not_change_the_mac_of_a_board)
{
    unsigned found = 0;
    for (unsigned seed = 1; seed <= 200; seed++) {
        struct board_config config = first_board;
        config.seed = seed;
        config.faults.in.corrupt = config.faults.out.corrupt = 0.005;
        put_in(&config);
        if (probe() == PRESENCE_BOARD && rig->presence.identified) {
            ck_assert_mem_eq(rig->presence.chip.mac, config.mac, 6);
            found++;
        }
    }
    ck_assert_uint_gt(found, 50);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("presence");
    TCase *tcase = tcase_create("presence");
    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, a_board_is_found_and_known_by_either_reset, 0, 4);
    tcase_add_test(tcase, an_empty_fixture_is_empty);
    tcase_add_test(tcase, noise_on_an_open_line_is_no_board);
    tcase_add_loop_test(tcase, a_board_that_sends_nothing_is_not_seen, 0, 2);
    tcase_add_loop_test(tcase, a_board_that_does_not_answer_is_unidentified, 0, 4);
    tcase_add_test(tcase, a_board_of_an_unknown_maker_is_a_board);
    tcase_add_loop_test(tcase, a_board_waiting_in_its_stub_is_left_alone, 0, 2);
    tcase_add_test(tcase, a_board_waiting_in_the_loader_is_left_alone);
    tcase_add_test(tcase, a_waiting_board_that_is_gone_is_missed);
    tcase_add_loop_test(tcase, another_board_is_not_taken_for_the_waiting_one, 0, 4);
    tcase_add_test(tcase, a_waiting_board_that_has_reset_is_known_again);
    tcase_add_loop_test(tcase, a_board_without_reset_circuit_is_found_in_download_mode, 0, 2);
    tcase_add_test(tcase, a_board_without_reset_circuit_waits_in_the_loader);
    tcase_add_test(tcase, a_loader_that_has_taken_the_waiting_rate_is_another_board);
    tcase_add_test(tcase, an_adapter_that_fails_ends_the_probe_as_an_error);
    tcase_add_test(tcase, an_adapter_may_fail_while_the_banner_is_listened_for);
    tcase_add_test(tcase, noise_does_not_change_the_mac_of_a_board);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
