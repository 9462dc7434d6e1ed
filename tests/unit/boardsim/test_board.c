/* SPDX-License-Identifier: MIT */
/* The board as a whole: reset circuit, boot, code that uses the ROM, time. */
#include "tests/runner.h"
#include "tests/unit/boardsim/board_talk.h"

#define ROM_UNKNOWN 0x40001234u

static const struct board_config plain = {.seed = 1, .mac = {0x18, 0xfe, 0x34, 0x01, 0x02, 0x03}};

static void setup(void)
{
    plug(&plain);
}

static void teardown(void)
{
    unplug();
}

/* Boot and reset. */

START_TEST(power_on_boots_from_flash)
{
    pass(100 * MS);
    ck_assert_str_eq((const char *)heard, BANNER(1, 3) "ets_main.c \r\n");
    ck_assert_uint_eq(board_next(board), BOARD_NEVER);
    ck_assert_uint_eq(board_stats(board)->boots, 1);
}
END_TEST

START_TEST(both_reset_sequences_reach_download_mode)
{
    pass(100 * MS);
    forget();
    reset_to_download();
    ck_assert_str_eq((const char *)heard, BANNER(2, 1));

    forget();
    board_set_lines(board, false, true); /* the classic one moves one line at a time */
    pass(100 * MS);
    board_set_lines(board, true, true);
    pass(MS);
    board_set_lines(board, true, false);
    pass(50 * MS);
    board_set_lines(board, false, false);
    ck_assert_str_eq((const char *)heard, BANNER(2, 1));
}
END_TEST

START_TEST(a_plain_reset_boots_from_flash)
{
    pass(100 * MS);
    forget();
    board_set_lines(board, false, true);
    pass(100 * MS);
    ck_assert_uint_eq(heard_size, 0);
    board_set_lines(board, false, false);
    pass(100 * MS);
    ck_assert(said("rst cause:2, boot mode:(3,6)"));
}
END_TEST

START_TEST(both_lines_together_do_nothing)
{
    pass(100 * MS);
    board_set_lines(board, true, true);
    pass(100 * MS);
    board_set_lines(board, false, false);
    pass(100 * MS);
    ck_assert_uint_eq(board_stats(board)->boots, 1);
}
END_TEST

START_TEST(without_the_circuit_only_fingers_reset)
{
    struct board_config config = plain;

    config.no_auto_reset = true;
    plug(&config);
    pass(100 * MS);
    forget();
    reset_to_download();
    ck_assert_uint_eq(heard_size, 0);
    board_buttons(board, true, true);
    pass(100 * MS);
    board_buttons(board, false, true);
    pass(100 * MS);
    board_buttons(board, false, false);
    ck_assert_str_eq((const char *)heard, BANNER(2, 1));
}
END_TEST

START_TEST(an_open_gpio0_never_reaches_download_mode)
{
    struct board_config config = plain;

    config.faults.gpio0_open = true;
    plug(&config);
    pass(100 * MS);
    forget();
    reset_to_download();
    pass(50 * MS);
    ck_assert(said("boot mode:(3,6)"));
}
END_TEST

START_TEST(a_faster_crystal_speaks_faster)
{
    struct board_config config = plain;
    uint32_t address = 0x60000014;
    struct loader_reply reply;

    config.crystal_mhz = 40;
    plug(&config);
    baud = 115200;
    pass(100 * MS);
    ck_assert(said("boot mode:(3,6)"));
    connect_at(115200);
    reply = ask(0x0a, &address, 4);
    ck_assert_uint_eq(reply.value, 694);
}
END_TEST

START_TEST(a_software_reset_keeps_the_straps)
{
    /* .word 0x4000264c; l32r a0, .-4; jx a0 */
    static const uint8_t code[] = {0x4c, 0x26, 0x00, 0x40, 0x01, 0xff, 0xff, 0xa0, 0x00, 0x00};

    connect_at(BOOT_BAUD);
    upload(0x40100000, code, sizeof code, 0x40100004);
    pass(100 * MS);
    ck_assert(said("rst cause:3, boot mode:(1,6)"));
}
END_TEST

/* Code on the CPU. */

/* Attaches an interrupt handler that sends back each byte plus one; erases sector 0 by the ROM; says '!'; sleeps.
 *
 * lit:     .word 0x60000000, ets_isr_attach, ets_isr_unmask, SelectSpiFunction, SPIEraseSector, uart_tx_one_char,
 * handler movi.n a2, 5; l32r a3, handler; l32r a0, attach; callx0 a0 l32r a5, uart; movi.n a2, 1; s32i.n a2, a5, 12
 * (INT_ENA); movi.n a2, 32; l32r a0, unmask; callx0 a0 l32r a0, select; callx0 a0; movi.n a2, 0; l32r a0, erase; callx0
 * a0 movi.n a2, '!'; l32r a0, tx; callx0 a0 sleep:   waiti 0; j sleep handler: l32r a5, uart; l32i.n a3, a5, 0 (FIFO);
 * addi.n a3, a3, 1; s32i.n a3, a5, 0 movi.n a3, 1; s32i.n a3, a5, 16 (INT_CLR); ret */
static const uint8_t echo[] = {0x00, 0x00, 0x00, 0x60, 0x88, 0x0f, 0x00, 0x40, 0xa8, 0x0f, 0x00, 0x40, 0x58, 0x3f,
                               0x00, 0x40, 0x00, 0x4a, 0x00, 0x40, 0x30, 0x3b, 0x00, 0x40, 0x52, 0x00, 0x10, 0x40,
                               0x0c, 0x52, 0x31, 0xfe, 0xff, 0x01, 0xf8, 0xff, 0xc0, 0x00, 0x00, 0x51, 0xf6, 0xff,
                               0x0c, 0x12, 0x29, 0x35, 0x2c, 0x02, 0x01, 0xf6, 0xff, 0xc0, 0x00, 0x00, 0x01, 0xf5,
                               0xff, 0xc0, 0x00, 0x00, 0x0c, 0x02, 0x01, 0xf4, 0xff, 0xc0, 0x00, 0x00, 0x2c, 0x12,
                               0x01, 0xf3, 0xff, 0xc0, 0x00, 0x00, 0x00, 0x70, 0x00, 0x46, 0xfe, 0xff, 0x51, 0xeb,
                               0xff, 0x38, 0x05, 0x1b, 0x33, 0x39, 0x05, 0x0c, 0x13, 0x39, 0x45, 0x80, 0x00, 0x00};

START_TEST(interrupts_come_while_the_rom_erases)
{
    connect_at(115200);
    upload(0x40100000, echo, sizeof echo, 0x4010001c);
    forget();
    say("abc", 3);
    pass(10 * MS);
    ck_assert_str_eq((const char *)heard, "bcd");
    pass(50 * MS);
    ck_assert_str_eq((const char *)heard, "bcd!");
    ck_assert_uint_eq(board_stats(board)->erases, 1);
    ck_assert_uint_eq(board_next(board), BOARD_NEVER);
    say("x", 1);
    pass(MS);
    ck_assert_str_eq((const char *)heard, "bcd!y");
    ck_assert_ptr_null(board_stats(board)->exception);
}
END_TEST

START_TEST(a_sleeping_board_executes_nothing)
{
    uint64_t before;

    connect_at(115200);
    upload(0x40100000, echo, sizeof echo, 0x4010001c);
    pass(100 * MS);
    before = board_stats(board)->instructions;
    pass(3600 * 1000 * MS);
    ck_assert_uint_eq(board_stats(board)->instructions, before);
    ck_assert_uint_eq(now, board_run(board, now));
}
END_TEST

START_TEST(the_clock_bit_doubles_the_cpu)
{
    /* l: addi.n a2, a2, 1; j l: four cycles */
    static const uint8_t code[] = {0x1b, 0x22, 0x86, 0xfe, 0xff};
    static const uint32_t twice[4] = {0x3ff00014, 1, 1, 0};
    uint64_t before, counted[2];

    for (int i = 0; i < 2; i++) {
        connect_at(115200);
        if (i == 1)
            must(ask(0x09, twice, sizeof twice));
        upload(0x40100000, code, sizeof code, 0x40100000);
        before = board_stats(board)->instructions;
        pass(10 * MS);
        counted[i] = board_stats(board)->instructions - before;
    }
    ck_assert_uint_le(counted[0] - 259990, 20); /* 520000 cycles, half of them instructions */
    ck_assert_uint_le(counted[1] - 519990, 20);
}
END_TEST

struct crash {
    uint8_t code[8];
    const char *text;
};

static const struct crash crashes[] = {
    {{0x00, 0x00, 0x00}, "illegal instruction at 0x40100000"},
    {{0xf0, 0x41, 0x00}, "break at 0x40100000"},
    /* movi.n a2, 1; l32i.n a2, a2, 0 */
    {{0x0c, 0x12, 0x28, 0x02}, "unaligned load at 0x40100002 of 0x00000001"},
    /* movi.n a2, 0; s32i.n a2, a2, 4 */
    {{0x0c, 0x02, 0x29, 0x12}, "store at 0x40100002 of 0x00000004, where nothing is"},
    /* movi.n a2, 0; jx a2 */
    {{0x0c, 0x02, 0xa0, 0x02, 0x00}, "jump to 0x00000000, where no code is"},
};

START_TEST(a_crash_is_told)
{
    connect_at(115200);
    upload(0x40100000, crashes[_i].code, sizeof crashes[_i].code, 0x40100000);
    pass(10 * MS);
    ck_assert_str_eq(board_stats(board)->exception, crashes[_i].text);
    ck_assert_uint_eq(board_next(board), BOARD_NEVER);
    reset_to_download();
    ck_assert_ptr_null(board_stats(board)->exception);
}
END_TEST

/* Neither runs any more, and only one of them will wake. */
START_TEST(a_dead_board_is_not_one_that_sleeps)
{
    static const uint8_t sleep[] = {0x00, 0x70, 0x00}; /* waiti 0 */

    ck_assert_str_eq(board_stats(board)->state, "off");
    connect_at(115200);
    ck_assert_str_eq(board_stats(board)->state, "rom");
    upload(0x40100000, sleep, sizeof sleep, 0x40100000);
    pass(10 * MS);
    ck_assert_str_eq(board_stats(board)->state, "asleep");
    ck_assert_uint_eq(board_stats(board)->crashes, 0);
    connect_at(115200);
    upload(0x40100000, crashes[0].code, sizeof crashes[0].code, 0x40100000);
    pass(10 * MS);
    ck_assert_str_eq(board_stats(board)->state, "stopped");
    ck_assert_uint_eq(board_stats(board)->crashes, 1);
}
END_TEST

/* A reset makes a board run again; that it died is still known. */
START_TEST(crashes_are_counted_over_resets)
{
    for (unsigned i = 0; i < 2; i++) {
        connect_at(115200);
        upload(0x40100000, crashes[i].code, sizeof crashes[i].code, 0x40100000);
        pass(10 * MS);
        reset_to_download();
        ck_assert_ptr_null(board_stats(board)->exception);
        ck_assert_uint_eq(board_stats(board)->crashes, i + 1);
        ck_assert_str_eq(board_stats(board)->first_crash, crashes[0].text);
    }
    board_power(board, false);
    board_power(board, true);
    ck_assert_uint_eq(board_stats(board)->crashes, 2);
}
END_TEST

START_TEST(an_upload_takes_the_place_of_executed_code)
{
    for (int i = 0; i < 2; i++) {
        connect_at(115200);
        upload(0x40100000, crashes[i].code, sizeof crashes[i].code, 0x40100000);
        pass(10 * MS);
        ck_assert_str_eq(board_stats(board)->exception, crashes[i].text);
        reset_to_download();
    }
}
END_TEST

START_TEST(unknown_rom_functions_stop_the_board)
{
    static const uint32_t end[2] = {0, ROM_UNKNOWN};

    connect_at(115200);
    must(ask(0x06, end, sizeof end));
    pass(10 * MS);
    ck_assert_str_eq(board_stats(board)->exception,
                     "call of unknown ROM address 0x40001234, return address 0x400010a8");
}
END_TEST

/* Time. */

START_TEST(a_run_in_small_steps_is_the_same)
{
    static uint8_t whole[200], steps[200];
    size_t n, m;

    connect_at(115200);
    upload(0x40100000, echo, sizeof echo, 0x4010001c);
    forget();
    say("hello", 5);
    pass(200 * MS);
    n = heard_size;
    memcpy(whole, heard, n);

    plug(&plain);
    connect_at(115200);
    upload(0x40100000, echo, sizeof echo, 0x4010001c);
    forget();
    say("hello", 5);
    for (int i = 0; i < 20000; i++)
        pass(10000);
    m = heard_size;
    memcpy(steps, heard, m);
    ck_assert_uint_eq(n, m);
    ck_assert_mem_eq(whole, steps, n);
}
END_TEST

START_TEST(next_is_never_missed)
{
    /* Jumping from event to event gives the banner too. */
    for (uint64_t next; (next = board_next(board)) != BOARD_NEVER;) {
        now = board_run(board, next > now ? next : now + 1);
        heard_size += board_receive(board, baud, heard + heard_size, sizeof heard - 1 - heard_size);
    }
    ck_assert_str_eq((const char *)heard, BANNER(1, 3) "ets_main.c \r\n");
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof *(table)))

int main(void)
{
    Suite *suite = suite_create("board");
    TCase *boot = tcase_create("boot"), *code = tcase_create("code"), *time = tcase_create("time");

    tcase_add_checked_fixture(boot, setup, teardown);
    tcase_add_test(boot, power_on_boots_from_flash);
    tcase_add_test(boot, both_reset_sequences_reach_download_mode);
    tcase_add_test(boot, a_plain_reset_boots_from_flash);
    tcase_add_test(boot, both_lines_together_do_nothing);
    tcase_add_test(boot, without_the_circuit_only_fingers_reset);
    tcase_add_test(boot, an_open_gpio0_never_reaches_download_mode);
    tcase_add_test(boot, a_faster_crystal_speaks_faster);
    tcase_add_test(boot, a_software_reset_keeps_the_straps);
    suite_add_tcase(suite, boot);

    tcase_add_checked_fixture(code, setup, teardown);
    tcase_add_test(code, interrupts_come_while_the_rom_erases);
    tcase_add_test(code, a_sleeping_board_executes_nothing);
    tcase_add_test(code, the_clock_bit_doubles_the_cpu);
    tcase_add_loop_test(code, a_crash_is_told, 0, COUNT(crashes));
    tcase_add_test(code, a_dead_board_is_not_one_that_sleeps);
    tcase_add_test(code, crashes_are_counted_over_resets);
    tcase_add_test(code, an_upload_takes_the_place_of_executed_code);
    tcase_add_test(code, unknown_rom_functions_stop_the_board);
    suite_add_tcase(suite, code);

    tcase_add_checked_fixture(time, setup, teardown);
    tcase_add_test(time, a_run_in_small_steps_is_the_same);
    tcase_add_test(time, next_is_never_missed);
    suite_add_tcase(suite, time);
    return run_suite(suite);
}
