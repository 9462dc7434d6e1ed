/* SPDX-License-Identifier: MIT */
/* The board's wire and its lines: rates, times, and what is wrong with them on request. */
#include "tests/runner.h"
#include "tests/unit/boardsim/board_talk.h"

static const struct board_config plain = {.seed = 1, .mac = {0x18, 0xfe, 0x34, 0x01, 0x02, 0x03}};

static void plug_with(struct board_faults faults)
{
    struct board_config config = plain;

    config.faults = faults;
    plug(&config);
}

static void setup(void)
{
    plug_with((struct board_faults){0});
}

static void teardown(void)
{
    unplug();
}

/* The wire. */

START_TEST(bytes_take_their_time)
{
    uint32_t address = 0x40001000;
    uint8_t byte;
    uint64_t begun;

    connect_at(115200);
    begun = now;
    say_request(0x0a, 0, &address, 4); /* 14 bytes */
    ck_assert_uint_eq(board_sending(board), 14);
    now = board_run(board, now + 1000 * MS);
    ck_assert_uint_eq(board_receive(board, baud, &byte, 1), 1);
    ck_assert_uint_eq(byte, 0xc0);
    ck_assert_uint_eq(board_receive(board, baud, &byte, 1), 0);
    ck_assert_uint_eq(board_sending(board), 0);
    /* 15 bytes of 86.8 µs, and the ROM's thinking */
    ck_assert_uint_ge(now - begun, 1302000);
    ck_assert_uint_le(now - begun, 1402000);
}
END_TEST

START_TEST(another_baud_rate_is_garbage)
{
    baud = 115200;
    pass(100 * MS);
    ck_assert_uint_gt(heard_size, 0);
    ck_assert(!said("ets"));
}
END_TEST

START_TEST(a_slight_difference_is_none)
{
    baud = 76800; /* what a CP2102 makes of 74880 */
    pass(100 * MS);
    ck_assert(said("ets Jan"));
}
END_TEST

START_TEST(wrong_rate_towards_the_board_is_not_understood)
{
    uint32_t address = 0x40001000;

    connect_at(115200);
    baud = 230400;
    say_request(0x0a, 0, &address, 4);
    pass(50 * MS);
    ck_assert_uint_eq(heard_size, 0);
    baud = 115200;
    say("\xc0", 1);
    pass(50 * MS);
    forget();
    must(ask(0x0a, &address, 4));
}
END_TEST

START_TEST(a_full_fifo_loses_bytes)
{
    /* j . */
    static const uint8_t code[] = {0x06, 0xff, 0xff};
    static const uint8_t many[200];

    connect_at(115200);
    upload(0x40100000, code, sizeof code, 0x40100000);
    say(many, sizeof many);
    pass(100 * MS);
    ck_assert_uint_eq(board_stats(board)->fifo_overflows, 72);
    ck_assert_uint_eq(board_next(board), BOARD_NEVER);
}
END_TEST

/* Sends back what comes.
 *
 * .word 0x60000000; l32r a5, .-4; loop: l32i.n a3, a5, 28 (STATUS); extui a3, a3, 0, 8; beqz a3, loop; l32i.n a4, a5,
 * 0; s32i.n a4, a5, 0; j loop */
static const uint8_t echo[24] = {0x00, 0x00, 0x00, 0x60, 0x51, 0xff, 0xff, 0x38, 0x75, 0x30, 0x30,
                                 0x74, 0x16, 0x73, 0xff, 0x48, 0x05, 0x49, 0x05, 0x06, 0xfc, 0xff};

/* A board that was reset out of flash into the echo, so that no noise keeps it from being loaded. */
static void plug_echo(struct board_faults faults)
{
    plug_with(faults);
    put_image(2, 0, 0x40100004, &(struct segment){0x40100000, echo, sizeof echo}, 1);
    pass(500 * MS);
    forget();
}

#define ECHOED 1280u

/* Sends ECHOED times a byte and counts what comes back: in all, and changed. */
static size_t talk(uint8_t byte, size_t *changed)
{
    uint8_t bytes[64];

    memset(bytes, byte, sizeof bytes);
    forget();
    for (unsigned i = 0; i < ECHOED / sizeof bytes; i++) {
        say(bytes, sizeof bytes);
        pass(20 * MS);
    }
    *changed = 0;
    for (size_t i = 0; i < heard_size; i++)
        *changed += heard[i] != byte;
    return heard_size;
}

START_TEST(a_break_is_a_zero_without_stop_bit)
{
    uint32_t address = 0x60000004;

    connect_at(115200);
    baud = 9600;
    say("", 1);
    baud = 115200;
    pass(50 * MS);
    ck_assert_uint_eq(ask(0x0a, &address, 4).value & 0x88, 0x88);
}
END_TEST

START_TEST(the_second_uart_keeps_what_is_written)
{
    const uint32_t tuple[4] = {0x60000f14, 0x1234, UINT32_MAX, 0};
    uint32_t address = 0x60000f14;

    connect_at(115200);
    must(ask(0x09, tuple, sizeof tuple));
    ck_assert_uint_eq(ask(0x0a, &address, 4).value, 0x1234);
    address = 0x60000f1c; /* its transmit FIFO is never full */
    ck_assert_uint_eq(ask(0x0a, &address, 4).value, 0);
}
END_TEST

/* Faults. */

/* Says SYNC twice, 46 bytes each, and waits until it must have been answered. */
static void sync_twice(uint32_t rate)
{
    baud = rate;
    say_sync();
    say_sync();
    pass(500 * MS);
}

START_TEST(a_silent_board_is_silent)
{
    plug_with((struct board_faults){.silent = true});
    reset_to_download();
    say_sync();
    pass(1000 * MS);
    ck_assert_uint_eq(heard_size, 0);
    ck_assert_uint_eq(board_stats(board)->boots, 0);
}
END_TEST

START_TEST(open_wires_are_one_sided)
{
    plug_with((struct board_faults){.tx_open = true});
    reset_to_download();
    ck_assert(said("boot mode:(1,6)"));
    forget();
    sync_twice(115200);
    ck_assert_uint_eq(heard_size, 0);
    ck_assert_uint_eq(board_stats(board)->bytes_in, 0);

    plug_with((struct board_faults){.rx_open = true});
    reset_to_download();
    sync_twice(115200);
    ck_assert_uint_eq(heard_size, 0);
    ck_assert_uint_gt(board_stats(board)->bytes_out, 100);
}
END_TEST

START_TEST(a_brown_out_resets_once)
{
    plug_with((struct board_faults){.reset_after = 60});
    reset_to_download();
    forget();
    sync_twice(BOOT_BAUD);
    ck_assert(said("rst cause:1, boot mode:(3,6)"));
    ck_assert_uint_eq(board_stats(board)->boots, 2);
    connect_at(115200);
}
END_TEST

START_TEST(a_hung_board_needs_a_power_cycle)
{
    plug_with((struct board_faults){.hang_after = 60});
    reset_to_download();
    sync_twice(115200);
    forget();
    reset_to_download();
    ck_assert_uint_eq(heard_size, 0);
    board_power(board, false);
    pass(100 * MS);
    board_power(board, true);
    baud = BOOT_BAUD;
    pass(100 * MS);
    ck_assert(said("rst cause:1"));
}
END_TEST

START_TEST(a_brown_out_says_its_boot_log_in_the_stream)
{
    size_t changed;

    plug_echo((struct board_faults){.reset_after = 300});
    say("0123456789", 10);
    pass(20 * MS);
    ck_assert(said("0123456789"));
    talk('x', &changed);
    ck_assert_msg(said("rst cause:1, boot mode:(3,") && said("load 0x40100000"), "%s", (char *)heard);
    ck_assert_uint_eq(heard[0], 'x');
    ck_assert_uint_eq(heard[heard_size - 1], 'x');
}
END_TEST

static const struct {
    const char *name;
    struct board_faults faults;
    int in, host;    /* bytes that come too few (-1) or too many to the board, and in the end to the host */
    bool is_changed; /* some are not what was sent */
} noises[] = {
    {"lose-in", {.in = {.lose = 0.1}}, -1, -1, false},
    {"lose-out", {.out = {.lose = 0.1}}, 0, -1, false},
    {"insert-in", {.in = {.insert = 0.1}}, 1, 1, true},
    {"insert-out", {.out = {.insert = 0.1}}, 0, 1, true},
    {"corrupt-in", {.in = {.corrupt = 0.1}}, 0, 0, true},
    {"corrupt-out", {.out = {.corrupt = 0.1}}, 0, 0, true},
    {"flaky", {.flaky_above = 57600, .flaky.lose = 0.1}, -1, -1, false},
    {"flaky", {.flaky_above = 74880, .flaky.lose = 0.1}, 0, 0, false},
};

static int sign(uint64_t is, uint64_t should)
{
    return (is > should) - (is < should);
}

START_TEST(noise_has_a_direction)
{
    static uint8_t first[4000];
    size_t changed, n;
    uint64_t before;

    plug_echo(noises[_i].faults);
    before = board_stats(board)->bytes_in;
    n = talk('x', &changed);
    ck_assert_int_eq(sign(board_stats(board)->bytes_in - before, ECHOED), noises[_i].in);
    ck_assert_int_eq(sign(n, ECHOED), noises[_i].host);
    ck_assert_int_eq(changed > 0, noises[_i].is_changed);
    ck_assert_uint_gt(n, ECHOED * 3 / 4);
    ck_assert_uint_lt(changed, ECHOED / 4);

    /* The same from the same seed. */
    memcpy(first, heard, n);
    plug_echo(noises[_i].faults);
    ck_assert_uint_eq(talk('x', &changed), n);
    ck_assert_mem_eq(heard, first, n);
}
END_TEST

START_TEST(a_noisy_boot_is_heard_all_the_same)
{
    plug_with((struct board_faults){.noisy_boot = true});
    pass(100 * MS);
    ck_assert(!said("ets Jan  8 2013"));
    ck_assert_uint_gt(heard_size, 60);
    connect_at(115200);
}
END_TEST

/* The lines. */

START_TEST(without_its_line_nothing_resets)
{
    plug_with((struct board_faults){.en_open = true});
    pass(100 * MS);
    reset_to_download();
    pass(100 * MS);
    ck_assert_uint_eq(board_stats(board)->boots, 1);
    board_set_lines(board, true, false); /* this one does what it should */
    board_power(board, false);
    board_power(board, true);
    forget();
    pass(100 * MS);
    ck_assert(said("boot mode:(1,6)"));
}
END_TEST

START_TEST(lines_can_be_mixed_up)
{
    plug_with((struct board_faults){.lines_swapped = true});
    pass(100 * MS);
    reset_to_download();
    pass(100 * MS);
    ck_assert(said("rst cause:2, boot mode:(3,6)"));
    forget();
    board_set_lines(board, true, false);
    pass(100 * MS);
    board_set_lines(board, false, true);
    pass(100 * MS);
    ck_assert(said("rst cause:2, boot mode:(1,6)"));
}
END_TEST

START_TEST(changes_of_the_lines_get_lost)
{
    plug_with((struct board_faults){.drop_lines = 0.3});
    for (int i = 0; i < 40; i++) {
        reset_to_download();
        pass(50 * MS);
    }
    ck_assert_uint_gt(board_stats(board)->boots, 10);
    ck_assert_uint_lt(board_stats(board)->boots, 40);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof *(table)))

int main(void)
{
    Suite *suite = suite_create("wire");
    TCase *wire = tcase_create("wire"), *faults = tcase_create("faults");

    tcase_add_checked_fixture(wire, setup, teardown);
    tcase_add_test(wire, bytes_take_their_time);
    tcase_add_test(wire, another_baud_rate_is_garbage);
    tcase_add_test(wire, a_slight_difference_is_none);
    tcase_add_test(wire, wrong_rate_towards_the_board_is_not_understood);
    tcase_add_test(wire, a_full_fifo_loses_bytes);
    tcase_add_test(wire, a_break_is_a_zero_without_stop_bit);
    tcase_add_test(wire, the_second_uart_keeps_what_is_written);
    suite_add_tcase(suite, wire);

    tcase_add_checked_fixture(faults, NULL, teardown);
    tcase_add_test(faults, a_silent_board_is_silent);
    tcase_add_test(faults, open_wires_are_one_sided);
    tcase_add_test(faults, a_brown_out_resets_once);
    tcase_add_test(faults, a_brown_out_says_its_boot_log_in_the_stream);
    tcase_add_test(faults, a_hung_board_needs_a_power_cycle);
    tcase_add_loop_test(faults, noise_has_a_direction, 0, COUNT(noises));
    tcase_add_test(faults, a_noisy_boot_is_heard_all_the_same);
    tcase_add_test(faults, without_its_line_nothing_resets);
    tcase_add_test(faults, lines_can_be_mixed_up);
    tcase_add_test(faults, changes_of_the_lines_get_lost);
    suite_add_tcase(suite, faults);
    return run_suite(suite);
}
