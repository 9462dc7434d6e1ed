/* SPDX-License-Identifier: MIT */
/* What the ROM makes of the straps and of the flash, letter by letter, and code that runs from the flash window. */
#include "tests/runner.h"
#include "tests/unit/boardsim/board_talk.h"
#include "tools/boardsim/board/observer/observer.h"

#include <stdio.h>
#include <stdlib.h>

#define IRAM 0x40100000u
#define DRAM 0x3ffe8000u

static const struct board_config plain = {.seed = 1, .mac = {0x18, 0xfe, 0x34, 0x01, 0x02, 0x03}};

/* .word 0x60000000; l32r a5, .-4; movi a2, 'K'; s32i.n a2, a5, 0; waiti 15 */
static const uint8_t say_k[16] = {0x00, 0x00, 0x00, 0x60, 0x51, 0xff, 0xff, 0x22,
                                  0xa0, 0x4b, 0x29, 0x05, 0x00, 0x7f, 0x00};

#define SAY_K_ENTRY (IRAM + 4)

static void setup(void)
{
    plug(&plain);
}

static void teardown(void)
{
    unplug();
}

static void expect(const char *text)
{
    ck_assert_str_eq((const char *)heard, text);
}

/* An image of one segment that says K. */
static size_t put_small_image(uint8_t mode, uint8_t clock)
{
    return put_image(mode, clock, SAY_K_ENTRY, &(struct segment){IRAM, say_k, sizeof say_k}, 1);
}

/* Its log. */
#define SMALL_LOG "load 0x40100000, len 16, room 16 \r\ntail 0\r\nchksum 0x44\r\ncsum 0x44\r\n"

/* Straps. */

static const struct {
    bool gpio15_high, gpio0_low, gpio2_low;
    const char *log;
} straps[] = {
    {false, false, false, BANNER(1, 3) "ets_main.c \r\n"},
    {false, true, false, BANNER(1, 1)},
    {true, false, false, BANNER(1, 7) "waiting for host\r\n"},
    {true, true, false, BANNER(1, 5) "waiting for host\r\n"},
    {true, false, true, BANNER(1, 6) "waiting for host\r\n"},
    {true, true, true, BANNER(1, 4) "waiting for host\r\n"},
    {false, false, true, BANNER(1, 2)},
    {false, true, true, BANNER(1, 0)},
};

START_TEST(straps_choose_the_mode)
{
    struct board_config config = plain;

    config.faults.gpio15_high = straps[_i].gpio15_high;
    config.faults.gpio2_low = straps[_i].gpio2_low;
    plug(&config);
    board_buttons(board, false, straps[_i].gpio0_low);
    pass(200 * MS);
    expect(straps[_i].log);
    ck_assert_uint_eq(board_next(board), BOARD_NEVER);
}
END_TEST

/* A firmware puts its flash into deep power-down before it sleeps itself. A reset of the chip is none of the part. */
START_TEST(the_boot_wakes_a_sleeping_flash)
{
    static const uint32_t sleep[4] = {0x60000200, 1u << 21, UINT32_MAX, 0}, begin[4] = {0, 0, 0x400, 0};

    put_small_image(2, 0);
    connect_at(115200);
    must(ask(0x02, begin, sizeof begin)); /* FLASH_BEGIN attaches the flash */
    must(ask(0x09, sleep, sizeof sleep));
    for (int i = 0; i < 2; i++) {
        board_set_lines(board, false, true);
        pass(100 * MS);
        board_set_lines(board, false, false);
        baud = BOOT_BAUD;
        forget();
        pass(100 * MS);
        expect(BANNER(2, 3) SMALL_LOG "K");
    }
}
END_TEST

START_TEST(the_loader_wakes_a_sleeping_flash)
{
    static const uint32_t sleep[4] = {0x60000200, 1u << 21, UINT32_MAX, 0}, begin[4] = {0, 0, 0x400, 0};
    static const uint32_t id[4] = {0x60000200, 1u << 28, UINT32_MAX, 0}, w0 = 0x60000240;

    connect_at(115200);
    must(ask(0x02, begin, sizeof begin));
    must(ask(0x09, sleep, sizeof sleep));
    must(ask(0x09, id, sizeof id));
    ck_assert_uint_eq(ask(0x0a, &w0, sizeof w0).value, 0xffffff);
    connect_at(115200);
    must(ask(0x02, begin, sizeof begin));
    must(ask(0x09, id, sizeof id));
    ck_assert_uint_eq(ask(0x0a, &w0, sizeof w0).value, 0x1640ef);
}
END_TEST

START_TEST(straps_are_sampled_when_reset_ends)
{
    put_small_image(2, 0);
    pass(100 * MS);
    board_buttons(board, false, true);
    pass(100 * MS);
    expect(BANNER(1, 3) SMALL_LOG "K");
    board_buttons(board, true, true);
    pass(100 * MS);
    board_buttons(board, false, true);
    pass(5 * MS);
    board_buttons(board, false, false); /* before the capacitor at EN is charged */
    forget();
    pass(100 * MS);
    expect(BANNER(2, 3) SMALL_LOG "K");
}
END_TEST

/* The log. */

/* Segments as in a log that somebody published: all the numbers but the checksums are from there. */
static const struct segment published[] = {{IRAM, NULL, 28780}, {DRAM, NULL, 1580}, {DRAM + 0x630, NULL, 36588}};

START_TEST(a_published_log_comes_out_again)
{
    struct board_config config = plain;

    config.crystal_mhz = _i == 0 ? 26 : 40;
    plug(&config);
    baud = _i == 0 ? 74880 : 115200;
    put_image(2, 0x40, 0x40000080, published, 3);
    pass(500 * MS);
    expect(BANNER(1, 3) "load 0x40100000, len 28780, room 16 \r\ntail 12\r\nchksum 0xef\r\n"
                        "ho 0 tail 12 room 4\r\nload 0x3ffe8000, len 1580, room 12 \r\ntail 0\r\nchksum 0xef\r\n"
                        "load 0x3ffe8630, len 36588, room 8 \r\ntail 4\r\nchksum 0xef\r\ncsum 0xef\r\n");
}
END_TEST

START_TEST(small_segments_lie_in_one_piece)
{
    const struct segment segments[] = {{IRAM, say_k, 12}, {IRAM + 12, say_k + 12, 4}, {DRAM, "ab", 2}, {DRAM, "", 0}};

    put_image(2, 0, SAY_K_ENTRY, segments, 4);
    pass(200 * MS);
    expect(BANNER(1, 3) "load 0x40100000, len 12, room 16 \r\ntail 12\r\nchksum 0x3b\r\n"
                        "ho 0 tail 12 room 4\r\nload 0x4010000c, len 4, room 12 \r\ntail 4\r\nchksum 0x44\r\n"
                        "load 0x3ffe8000, len 2, room 0 \r\ntail 2\r\nchksum 0x47\r\n"
                        "load 0x3ffe8000, len 0, room 6 \r\ntail 0\r\nchksum 0x47\r\ncsum 0x47\r\nK");
    ck_assert_ptr_null(board_stats(board)->exception);
}
END_TEST

START_TEST(no_segments_are_a_bad_sum)
{
    size_t size;

    put_small_image(2, 0);
    board_flash(board, &size)[1] = 0;
    pass(200 * MS);
    expect(BANNER(1, 3) "csum 0xef\r\ncsum err\r\nets_main.c \r\n");
}
END_TEST

START_TEST(a_bad_magic_is_no_image)
{
    size_t size;

    put_small_image(2, 0);
    board_flash(board, &size)[0] = 0xea;
    pass(200 * MS);
    expect(BANNER(1, 3) "ets_main.c \r\n");
    ck_assert_uint_eq(board_stats(board)->instructions, 0);
}
END_TEST

START_TEST(a_bad_sum_is_told_and_not_run)
{
    size_t size, at = put_small_image(2, 0);

    board_flash(board, &size)[at] ^= 1;
    pass(200 * MS);
    expect(BANNER(1, 3) SMALL_LOG "csum err\r\nets_main.c \r\n");
    ck_assert_uint_eq(board_stats(board)->instructions, 0);
}
END_TEST

static const struct {
    struct segment segment;
    const char *log, *exception;
} nowhere[] = {
    {{0x10000000, say_k, sizeof say_k},
     "load 0x10000000, len 16, room 16 \r\n",
     "boot: segment of 16 bytes for 0x10000000"},
    {{IRAM + 0xfff0, NULL, 48}, "load 0x4010fff0, len 48, room 16 \r\n", "boot: segment of 48 bytes for 0x40110000"},
    {{IRAM, NULL, 0x20000},
     "load 0x40100000, len 131072, room 16 \r\n",
     "boot: segment of 131072 bytes for 0x40110000"},
};

START_TEST(a_segment_for_nowhere_stops_the_board)
{
    char log[200];

    put_image(2, 0, SAY_K_ENTRY, &nowhere[_i].segment, 1);
    pass(300 * MS);
    snprintf(log, sizeof log, BANNER(1, 3) "%s", nowhere[_i].log);
    expect(log);
    ck_assert_str_eq(board_stats(board)->exception, nowhere[_i].exception);
}
END_TEST

START_TEST(code_that_returns_to_the_rom_boots_from_flash)
{
    static const uint8_t code[] = {0x80, 0x00, 0x00}; /* ret */

    put_image(2, 0, 0x40108004, &(struct segment){0x40108000, say_k, sizeof say_k}, 1);
    connect_at(115200);
    upload(IRAM, code, sizeof code, IRAM);
    pass(100 * MS);
    expect("load 0x40108000, len 16, room 16 \r\ntail 0\r\nchksum 0x44\r\ncsum 0x44\r\nK");
}
END_TEST

/* How the flash is read. */

/* One has no quad mode; to the other the ROM says it in a way that it does not take. */
static const char *const no_quad_parts[] = {"MX25L32", "GD25Q32"};

/* As published: the header is read one bit at a time, all that follows by four pins that give nothing. */
START_TEST(a_mode_that_the_part_does_not_know_reads_zeros)
{
    struct board_config config = plain;

    config.part = nor_find(no_quad_parts[_i]);
    plug(&config);
    put_image(0, 0, SAY_K_ENTRY,
              (const struct segment[]){{IRAM, NULL, 1856}, {DRAM, NULL, 776}, {DRAM + 0x310, NULL, 552}}, 3);
    pass(300 * MS);
    expect(BANNER(1, 3) "load 0x40100000, len 1856, room 16 \r\ntail 0\r\nchksum 0xef\r\n"
                        "load 0x00000000, len 0, room 8 \r\ntail 0\r\nchksum 0xef\r\n"
                        "load 0x00000000, len 0, room 0 \r\ntail 0\r\nchksum 0xef\r\n"
                        "csum 0xef\r\ncsum err\r\nets_main.c \r\n");
}
END_TEST

START_TEST(every_mode_boots_a_good_board)
{
    put_small_image((uint8_t)_i, 0);
    pass(200 * MS);
    expect(BANNER(1, 3) SMALL_LOG "K");
}
END_TEST

/* The time from the end of the reset until the board says K, in microseconds. */
static uint64_t boot_time(uint8_t mode, uint8_t clock)
{
    static uint8_t code[32000];

    plug(&plain);
    memcpy(code, say_k, sizeof say_k);
    put_image(mode, clock, SAY_K_ENTRY, &(struct segment){IRAM, code, sizeof code}, 1);
    for (int i = 0; i < 50000; i++) {
        pass(MS / 100);
        if (heard_size > 0 && heard[heard_size - 1] == 'K')
            return now / 1000;
    }
    ck_abort_msg("does not boot");
}

START_TEST(mode_and_clock_set_the_pace)
{
    /* 32,000 bytes: at 26 MHz and one line 9.8 ms of data alone, at 52 MHz half of that, at 13 MHz twice; by two lines
     * half, by four a quarter. Commands and addresses come on top, and what the ROM does between. */
    uint64_t slow = boot_time(5, 0), fast = boot_time(5, 0xf), slower = boot_time(5, 2), slowish = boot_time(5, 1);
    uint64_t dual = boot_time(2, 0), quad = boot_time(0, 0);

    ck_assert_uint_ge(slow - fast, 4900);
    ck_assert_uint_le(slow - fast, 5700);
    ck_assert_uint_ge(slower - slow, 9800);
    ck_assert_uint_le(slower - slow, 11200);
    ck_assert_uint_ge(slowish - slow, 4900);
    ck_assert_uint_le(slowish - slow, 5700);
    ck_assert_uint_ge(slow - dual, 4900);
    ck_assert_uint_le(slow - dual, 5700);
    ck_assert_uint_ge(dual - quad, 2400);
    ck_assert_uint_le(dual - quad, 2900);
}
END_TEST

/* The flash window. */

#define WINDOW 0x40210000u

/* .word Cache_Read_Enable, Cache_Read_Disable, WINDOW, UART
 * movi.n a2, 0; movi.n a3, 0; movi.n a4, 1; l32r a0, enable; callx0 a0;
 * l32r a5, window; callx0 a5; callx0 a5; l32r a0, disable; callx0 a0; callx0 a5 */
static const uint8_t caller[48] = {0x78, 0x46, 0x00, 0x40, 0xf0, 0x47, 0x00, 0x40, 0x00, 0x00, 0x21, 0x40,
                                   0x00, 0x00, 0x00, 0x60, 0x0c, 0x02, 0x0c, 0x03, 0x0c, 0x14, 0x01, 0xfa,
                                   0xff, 0xc0, 0x00, 0x00, 0x51, 0xfb, 0xff, 0xc0, 0x05, 0x00, 0xc0, 0x05,
                                   0x00, 0x01, 0xf7, 0xff, 0xc0, 0x00, 0x00, 0xc0, 0x05, 0x00};
#define CALLER_ENTRY (IRAM + 16)
#define CALLER_ODD   17
#define CALLER_PAIR  19
#define CALLER_WHOLE 21

/* movi a6, 3; slli a6, a6, 29; l32i a2, a5, 16; s32i.n a2, a6, 0; ret.n; .align 16; .word letter */
static const uint8_t called[20] = {0x62, 0xa0, 0x03, 0x30, 0x66, 0x01, 0x22, 0x25, 0x04,
                                   0x29, 0x06, 0x0d, 0xf0, 0x00, 0x00, 0x00, 0x4b};
#define CALLED_LETTER 16

static uint8_t *put_called(uint32_t megabyte)
{
    size_t size;
    uint8_t *at = board_flash(board, &size) + (megabyte << 20) + (WINDOW - 0x40200000u);

    memcpy(at, called, sizeof called);
    return at;
}

/* Boots what is in flash, and drops the log of it. */
static void run_image(void)
{
    const char *log_end;

    pass(200 * MS);
    log_end = strstr((const char *)heard, "csum 0x");
    ck_assert_ptr_nonnull(log_end);
    heard_size -= (size_t)(log_end + 11 - (const char *)heard);
    memmove(heard, log_end + 11, heard_size + 1);
}

/* So the programs of Espressif's SDK end, which have vectors of their own: it is no sleep. */
START_TEST(a_program_that_waits_in_its_debug_exception_has_crashed)
{
    static const uint8_t words[8] = {0x00, 0x00, 0x10, 0x40, 0x00, 0x00, 0x00, 0x10}; /* the vectors', and no memory */
    static const uint8_t debug[8] = {0x00, 0x72, 0x00, 0x46, 0xfe, 0xff};             /* waiti 2; j .-3 */
    static const uint8_t user[4] = {0x10, 0x41, 0x00};                                /* break 1, 1 */
    /* l32r a2, words; wsr.vecbase a2; l32r a3, words + 4; l32i.n a4, a3, 0 */
    static const uint8_t code[12] = {0x21, 0xeb, 0xff, 0x20, 0xe7, 0x13, 0x31, 0xea, 0xff, 0x48, 0x03};
    const struct segment segments[] = {{IRAM, words, sizeof words},
                                       {IRAM + 0x10, debug, sizeof debug},
                                       {IRAM + 0x50, user, sizeof user},
                                       {IRAM + 0x54, code, sizeof code}};

    put_image(2, 0, IRAM + 0x54, segments, 4);
    run_image();
    ck_assert_str_eq(board_stats(board)->exception, "break at 0x40100050, after exception 28 at 0x4010005d");
    ck_assert_uint_eq(board_stats(board)->crashes, 1);
}
END_TEST

static void run_caller(uint8_t odd, uint8_t pair, uint8_t whole)
{
    uint8_t code[sizeof caller];

    memcpy(code, caller, sizeof code);
    code[CALLER_ODD] = (uint8_t)(odd << 4 | 2);
    code[CALLER_PAIR] = (uint8_t)(pair << 4 | 3);
    code[CALLER_WHOLE] = (uint8_t)(whole << 4 | 4);
    put_image(2, 0, CALLER_ENTRY, &(struct segment){IRAM, code, sizeof code}, 1);
    run_image();
}

START_TEST(code_runs_from_the_flash_window)
{
    put_called(0);
    run_caller(0, 0, (uint8_t)_i);
    expect("KK");
    /* Code and its data share a line; the second call finds it there. */
    ck_assert_uint_eq(board_stats(board)->cache_fills, 1);
    ck_assert_str_eq(board_stats(board)->exception, "illegal instruction at 0x40210000");
}
END_TEST

START_TEST(a_line_takes_the_place_of_executed_code)
{
    /* .word Cache_Read_Enable, 0, WINDOW, 0x40108000: where the window's line will be
     * l32r a5, place; callx0 a5; movi.n a2, 0; movi.n a3, 0; movi.n a4, 1; l32r a0, enable; callx0 a0;
     * l32r a5, window; callx0 a5; l32r a7, place; callx0 a7 */
    static const uint8_t code[] = {0x78, 0x46, 0x00, 0x40, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x21, 0x40,
                                   0x00, 0x80, 0x10, 0x40, 0x51, 0xff, 0xff, 0xc0, 0x05, 0x00, 0x0c, 0x02,
                                   0x0c, 0x03, 0x0c, 0x14, 0x01, 0xf9, 0xff, 0xc0, 0x00, 0x00, 0x51, 0xf9,
                                   0xff, 0xc0, 0x05, 0x00, 0x71, 0xf9, 0xff, 0xc0, 0x07, 0x00, 0x00, 0x00};
    static const uint8_t ret_n[4] = {0x0d, 0xf0};
    const struct segment segments[] = {{IRAM, code, sizeof code}, {0x40108000, ret_n, sizeof ret_n}};

    put_called(0);
    put_image(2, 0, CALLER_ENTRY, segments, 2);
    run_image();
    expect("KK");
    ck_assert_str_eq(board_stats(board)->exception, "illegal instruction at 0x4010002e");
}
END_TEST

START_TEST(any_megabyte_can_be_in_the_window)
{
    static const char letters[] = "0123";
    char twice[3] = {letters[_i], letters[_i], 0};

    for (uint32_t i = 0; i < 4; i++)
        put_called(i)[CALLED_LETTER] = (uint8_t)letters[i];
    run_caller(_i & 1, (uint8_t)(_i >> 1), 1);
    expect(twice);
}
END_TEST

START_TEST(the_window_gives_words_only)
{
    uint8_t *code = put_called(0);

    code[7] = 0x05; /* l8ui a2, a5, 16 */
    code[8] = 0x10;
    run_caller(0, 0, 1);
    expect("");
    ck_assert_str_eq(board_stats(board)->exception, "narrow load at 0x40210006 of 0x40210010, which takes words only");
}
END_TEST

/* Nanoseconds that the CPU stands still when the first line is read. */
static uint64_t fill_time(uint8_t mode, uint8_t clock)
{
    uint64_t began, instructions;

    plug(&plain);
    put_called(0);
    put_image(mode, clock, CALLER_ENTRY, &(struct segment){IRAM, caller, sizeof caller}, 1);
    while (board_stats(board)->cache_fills == 0)
        pass(100);
    began = now;
    instructions = board_stats(board)->instructions;
    while (board_stats(board)->instructions == instructions)
        pass(100);
    return now - began;
}

START_TEST(a_missing_line_takes_the_time_of_its_transfer)
{
    /* By two lines 8 + 12 + 4 + 32 * 4 clocks, at 26, 13 and 52 MHz. */
    const double clocks = 152;

    ck_assert_double_eq_tol((double)fill_time(2, 0), clocks / 26 * 1000, 300);
    ck_assert_double_eq_tol((double)fill_time(2, 2), clocks / 13 * 1000, 300);
    ck_assert_double_eq_tol((double)fill_time(2, 15), clocks / 52 * 1000, 300);
}
END_TEST

/* The demo image. */

/* COMMON is the directory that it is in. */
static void put_demo(void)
{
    const char *common = getenv("COMMON");
    char path[300];
    size_t size;
    uint8_t *flash = board_flash(board, &size);
    FILE *file;

    snprintf(path, sizeof path, "%s/demo.bin", common ? common : "build/common");
    file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "no %s", path);
    ck_assert_uint_eq(fread(flash, 1, size, file), size);
    fclose(file);
}

START_TEST(the_demo_image_greets)
{
    static const char greeting[] = "\r\nDemo firmware 1.0, MAC 18:fe:34:01:02:03, flash ef4016, ready\r\n";
    const uint8_t *log;
    size_t n;

    put_demo();
    pass(300 * MS);
    ck_assert_ptr_null(board_stats(board)->exception);
    n = board_log(board, &log);
    ck_assert_uint_gt(n, sizeof greeting);
    ck_assert_mem_eq(log + n - (sizeof greeting - 1), greeting, sizeof greeting - 1);
    ck_assert_uint_gt(board_stats(board)->cache_fills, 10);
    /* It waits for a line, and that costs nothing. */
    ck_assert_uint_eq(board_next(board), BOARD_NEVER);
    baud = 115200;
    forget();
    say("id\n", 3);
    pass(50 * MS);
    ck_assert_str_eq((const char *)heard + 4, greeting);
}
END_TEST

/* What the board has done, and how long: ns. */
static struct {
    unsigned count;
    uint64_t sum, to;
} done[BOARD_ACTIVITY_COUNT];

static void on_busy(void *data, enum board_activity activity, uint64_t from, uint64_t to)
{
    ck_assert_ptr_eq(data, done);
    ck_assert_uint_le(done[activity].to, from);
    done[activity].count++;
    done[activity].sum += to - from;
    done[activity].to = to;
}

START_TEST(an_observer_sees_all_that_a_boot_does)
{
    const struct observer observer = {on_busy, done};

    memset(done, 0, sizeof done);
    board_observe(board, &observer);
    put_demo();
    pass(300 * MS);
    ck_assert_uint_gt(done[BOARD_ACTIVITY_READ].count, board_stats(board)->cache_fills);
    ck_assert_uint_eq(done[BOARD_ACTIVITY_ERASE].count + done[BOARD_ACTIVITY_PROGRAM].count, 0);
    /* An instruction takes a cycle of 52 MHz at least; most of the time is the ROM's, and waiting. */
    ck_assert_uint_gt(done[BOARD_ACTIVITY_CPU].sum, board_stats(board)->instructions * 1000 / 52);
    ck_assert_uint_lt(done[BOARD_ACTIVITY_CPU].sum, 100 * MS);
    ck_assert_uint_lt(done[BOARD_ACTIVITY_CPU].to, now);

    baud = 115200;
    say("id\n", 3);
    pass(50 * MS);
    ck_assert_uint_eq(done[BOARD_ACTIVITY_LINK].count, 3);
    ck_assert_double_eq_tol((double)done[BOARD_ACTIVITY_LINK].sum, 3 * 10 / 115200.0 * 1e9, 100);
    ck_assert_uint_eq(done[BOARD_ACTIVITY_LINK].to / MS, 300);
    unsigned computed = done[BOARD_ACTIVITY_CPU].count;
    board_observe(board, NULL);
    say("id\n", 3);
    pass(50 * MS);
    ck_assert_uint_eq(done[BOARD_ACTIVITY_CPU].count, computed);
}
END_TEST

START_TEST(the_log_is_of_the_last_boot)
{
    const uint8_t *log;
    size_t n;

    put_demo();
    pass(300 * MS);
    board_set_lines(board, false, true);
    pass(100 * MS);
    board_set_lines(board, false, false);
    ck_assert_uint_gt(board_log(board, &log), 200);
    pass(15 * MS);
    n = board_log(board, &log);
    ck_assert_uint_lt(n, 50);
    ck_assert_mem_eq(log, BANNER(2, 3), n);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof *(table)))

int main(void)
{
    Suite *suite = suite_create("boot");
    TCase *log = tcase_create("log"), *flash = tcase_create("flash"), *cache = tcase_create("cache");

    tcase_add_checked_fixture(log, setup, teardown);
    tcase_add_loop_test(log, straps_choose_the_mode, 0, COUNT(straps));
    tcase_add_test(log, straps_are_sampled_when_reset_ends);
    tcase_add_test(log, the_boot_wakes_a_sleeping_flash);
    tcase_add_test(log, the_loader_wakes_a_sleeping_flash);
    tcase_add_loop_test(log, a_published_log_comes_out_again, 0, 2);
    tcase_add_test(log, small_segments_lie_in_one_piece);
    tcase_add_test(log, no_segments_are_a_bad_sum);
    tcase_add_test(log, a_bad_magic_is_no_image);
    tcase_add_test(log, a_bad_sum_is_told_and_not_run);
    tcase_add_loop_test(log, a_segment_for_nowhere_stops_the_board, 0, COUNT(nowhere));
    tcase_add_test(log, code_that_returns_to_the_rom_boots_from_flash);
    suite_add_tcase(suite, log);

    tcase_add_checked_fixture(flash, setup, teardown);
    tcase_add_loop_test(flash, a_mode_that_the_part_does_not_know_reads_zeros, 0, COUNT(no_quad_parts));
    tcase_add_loop_test(flash, every_mode_boots_a_good_board, 0, 6);
    tcase_add_test(flash, mode_and_clock_set_the_pace);
    suite_add_tcase(suite, flash);

    tcase_add_checked_fixture(cache, setup, teardown);
    tcase_add_test(cache, a_program_that_waits_in_its_debug_exception_has_crashed);
    tcase_add_loop_test(cache, code_runs_from_the_flash_window, 0, 2);
    tcase_add_test(cache, a_line_takes_the_place_of_executed_code);
    tcase_add_loop_test(cache, any_megabyte_can_be_in_the_window, 0, 4);
    tcase_add_test(cache, the_window_gives_words_only);
    tcase_add_test(cache, a_missing_line_takes_the_time_of_its_transfer);
    tcase_add_test(cache, the_demo_image_greets);
    tcase_add_test(cache, an_observer_sees_all_that_a_boot_does);
    tcase_add_test(cache, the_log_is_of_the_last_boot);
    suite_add_tcase(suite, cache);
    return run_suite(suite);
}
