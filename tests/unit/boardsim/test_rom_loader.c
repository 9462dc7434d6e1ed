/* SPDX-License-Identifier: MIT */
/* The ROM's serial loader, as a host meets it over the wire, with its errors and its bugs. */
#include "tests/runner.h"
#include "tests/unit/boardsim/board_talk.h"

enum {
    FLASH_BEGIN = 0x02,
    FLASH_DATA = 0x03,
    FLASH_END = 0x04,
    MEM_BEGIN = 0x05,
    MEM_END = 0x06,
    MEM_DATA = 0x07,
    SYNC = 0x08,
    WRITE_REG = 0x09,
    READ_REG = 0x0a,
    FLASH_PARAMETERS = 0x0b,
};

#define SRAM 0x3ffe8000u

static const struct board_config config = {.seed = 1, .mac = {0x18, 0xfe, 0x34, 0x01, 0x02, 0x03}};

static void setup(void)
{
    plug(&config);
    connect_at(115200);
}

static void teardown(void)
{
    unplug();
}

static uint32_t read_reg(uint32_t address)
{
    struct loader_reply reply = ask(READ_REG, &address, 4);

    must(reply);
    return reply.value;
}

static struct loader_reply write_reg(uint32_t address, uint32_t value, uint32_t mask, uint32_t delay)
{
    const uint32_t tuple[4] = {address, value, mask, delay};

    return ask(WRITE_REG, tuple, sizeof tuple);
}

static struct loader_reply begin(uint8_t op, uint32_t size, uint32_t blocks, uint32_t block, uint32_t address)
{
    const uint32_t data[4] = {size, blocks, block, address};

    return ask(op, data, sizeof data);
}

#define ck_reply(reply_, status_, error_)                                                                              \
    do {                                                                                                               \
        struct loader_reply got = (reply_);                                                                            \
        ck_assert_uint_eq(got.status, status_);                                                                        \
        ck_assert_uint_eq(got.error, error_);                                                                          \
    } while (0)

START_TEST(the_first_sync_is_eaten_and_the_next_answered_eight_times)
{
    struct loader_reply reply;
    int answers = 0;

    reset_to_download();
    forget();
    say_sync();
    pass(100 * MS);
    ck_assert_uint_eq(heard_size, 0);
    say_sync();
    pass(100 * MS);
    while (next_reply(&reply)) {
        ck_assert_uint_eq(reply.op, SYNC);
        ck_assert_uint_eq(reply.value, 0x20120707);
        ck_assert_uint_eq(reply.status, 0);
        answers++;
    }
    ck_assert_int_eq(answers, 8);
    ck_assert_uint_eq(heard_size, 0);
}
END_TEST

static const uint32_t rates[] = {9600, 57600, 74880, 115200, 230400, 460800, 921600, 1500000, 2000000};

START_TEST(autobaud_finds_the_rate)
{
    connect_at(rates[_i]);
    /* Whole cycles of the shortest pulse: 0.8 % fast at 921600, 2 % at 1500000. */
    ck_assert_uint_eq(read_reg(0x60000014), 52000000 / rates[_i]);
}
END_TEST

START_TEST(autobaud_runs_once)
{
    baud = 230400;
    forget();
    say_sync();
    pass(100 * MS);
    say_sync();
    pass(100 * MS);
    ck_assert_uint_eq(heard_size, 0);
}
END_TEST

START_TEST(a_bad_sync_is_refused_eight_times)
{
    uint8_t data[36] = {0x07, 0x07, 0x12, 0x21};
    struct loader_reply reply;
    int answers = 0;

    say_request(SYNC, 0, data, sizeof data);
    pass(100 * MS);
    while (next_reply(&reply)) {
        ck_reply(reply, 1, 5);
        answers++;
    }
    ck_assert_int_eq(answers, 8);
}
END_TEST

START_TEST(unknown_commands_echo_the_previous_one)
{
    struct loader_reply reply;
    int answers = 0;

    read_reg(0x40001000);
    reply = ask(0x0f, "\0\0\0\0", 4);
    ck_assert_uint_eq(reply.op, READ_REG);
    ck_reply(reply, 1, 5);

    say_sync();
    pass(100 * MS);
    forget();
    say_request(0xd0, 0, NULL, 0);
    pass(100 * MS);
    while (next_reply(&reply)) {
        ck_assert_uint_eq(reply.op, SYNC);
        ck_reply(reply, 1, 5);
        answers++;
    }
    ck_assert_int_eq(answers, 8);
}
END_TEST

START_TEST(values_are_stale)
{
    ck_assert_uint_eq(read_reg(0x40001000), 0xfff0c101);
    ck_assert_uint_eq(begin(MEM_BEGIN, 4, 1, 4, SRAM).value, 0xfff0c101);
}
END_TEST

START_TEST(efuses_hold_the_mac)
{
    ck_assert_uint_eq(read_reg(0x3ff00050), 0x03000000);
    ck_assert_uint_eq(read_reg(0x3ff00054), 0x00000102);
    ck_assert_uint_eq(read_reg(0x3ff0005c), 0);
}
END_TEST

START_TEST(registers_are_written_under_a_mask)
{
    uint64_t begun;

    must(write_reg(SRAM, 0x11223344, 0xffffffff, 0));
    must(write_reg(SRAM, 0xaabbccdd, 0x00ff0000, 0));
    ck_assert_uint_eq(read_reg(SRAM), 0x11bb3344);
    begun = now;
    must(write_reg(SRAM, 0, 0xffffffff, 200000));
    ck_assert_uint_ge(now - begun, 200 * MS);
    ck_reply(ask(WRITE_REG, "\0\0\0\0\0\0\0\0\0\0\0\0", 12), 1, 5);
    ck_reply(ask(READ_REG, "\0\0", 2), 1, 5);
}
END_TEST

START_TEST(many_registers_go_in_one_request)
{
    uint32_t tuples[40][4];

    for (uint32_t i = 0; i < 40; i++) {
        const uint32_t tuple[4] = {SRAM + 4 * i, i, 0xffffffff, 0};

        memcpy(tuples[i], tuple, sizeof tuple);
    }
    must(ask(WRITE_REG, tuples, sizeof tuples));
    ck_assert_uint_eq(read_reg(SRAM + 4 * 39), 39);
}
END_TEST

START_TEST(memory_is_written_block_by_block)
{
    uint8_t block[0x1800];

    for (size_t i = 0; i < sizeof block; i++)
        block[i] = (uint8_t)(i * 7);
    must(begin(MEM_BEGIN, 2 * sizeof block, 2, sizeof block, 0x40100000));
    must(ask_data(MEM_DATA, 0, block, sizeof block, 0));
    must(ask_data(MEM_DATA, 1, block, sizeof block, 0));
    ck_assert_uint_eq(read_reg(0x40100000), 0x150e0700);
    ck_assert_uint_eq(read_reg(0x40101800), 0x150e0700);
    /* The frame itself landed in the message buffer: 8 + 16 bytes of headers before the payload. The question just
     * asked has overwritten its beginning. */
    ck_assert_uint_eq(read_reg(0x3fffa018), 0x150e0700);
}
END_TEST

START_TEST(memory_inside_the_message_is_copied_upwards)
{
    enum { ROOM = 64 }; /* from the payload to where it goes */
    uint8_t block[128];

    for (size_t i = 0; i < sizeof block; i++)
        block[i] = (uint8_t)(i + 1);
    must(begin(MEM_BEGIN, sizeof block, 1, sizeof block, 0x3fffa018 + ROOM));
    must(ask_data(MEM_DATA, 0, block, sizeof block, 0));
    ck_assert_uint_eq(read_reg(0x3fffa018 + ROOM), 0x04030201);
    ck_assert_uint_eq(read_reg(0x3fffa018 + 2 * ROOM - 4), 0x403f3e3d);
    ck_assert_uint_eq(read_reg(0x3fffa018 + 2 * ROOM), 0x04030201);
    ck_assert_uint_eq(read_reg(0x3fffa018 + 3 * ROOM - 4), 0x403f3e3d);
}
END_TEST

START_TEST(memory_begin_is_checked)
{
    ck_reply(begin(MEM_BEGIN, 0x1804, 1, 0x1804, SRAM), 1, 5);
    ck_reply(ask(MEM_BEGIN, "\0\0\0\0\0\0\0\0\0\0\0\0", 12), 1, 5);
}
END_TEST

START_TEST(a_damaged_block_cannot_be_sent_again)
{
    must(begin(MEM_BEGIN, 16, 4, 4, SRAM));
    must(ask_data(MEM_DATA, 0, (const uint8_t *)"abcd", 4, 0));
    ck_reply(ask_data(MEM_DATA, 1, (const uint8_t *)"efgh", 4, 0x10), 1, 7);
    ck_reply(ask_data(MEM_DATA, 1, (const uint8_t *)"efgh", 4, 0), 1, 5);
    ck_reply(ask_data(MEM_DATA, 3, (const uint8_t *)"mnop", 4, 0), 1, 5);
}
END_TEST

START_TEST(data_lengths_must_agree)
{
    static const uint32_t lying[5] = {8, 0, 0, 0, 0};

    must(begin(MEM_BEGIN, 4, 1, 4, SRAM));
    ck_reply(ask(MEM_DATA, lying, sizeof lying), 1, 5);
    ck_reply(ask(MEM_DATA, lying, 12), 1, 5);
}
END_TEST

START_TEST(oversized_data_is_refused)
{
    static uint8_t block[0x1804];

    must(begin(MEM_BEGIN, 0x1800, 1, 0x1800, SRAM));
    ck_reply(ask_data(MEM_DATA, 0, block, sizeof block, 0), 1, 5);
    ck_assert_uint_eq(read_reg(0x40001000), 0xfff0c101);
}
END_TEST

START_TEST(slip_survives_noise)
{
    static const uint8_t noise[] = {0x12, 0xdb, 0x99, 0xc0, 0xdb, 0x01, 0xc0, 0xc0, 0xc0, 0x01, 0x02, 0xc0};

    say(noise, sizeof noise);
    pass(100 * MS);
    ck_assert_uint_eq(read_reg(0x40001000), 0xfff0c101);
}
END_TEST

START_TEST(a_frame_longer_than_its_header_says_is_refused)
{
    static const uint8_t frame[] = {0, READ_REG, 3, 0, 0, 0, 0, 0, 0x00, 0x10, 0x00, 0x40};
    struct loader_reply reply;

    forget();
    say_frame(frame, sizeof frame);
    pass(100 * MS);
    ck_assert(next_reply(&reply));
    ck_reply(reply, 1, 5);
}
END_TEST

START_TEST(special_bytes_are_escaped_both_ways)
{
    must(write_reg(SRAM, 0xc0dbdcdd, 0xffffffff, 0));
    ck_assert_uint_eq(read_reg(SRAM), 0xc0dbdcdd);
}
END_TEST

START_TEST(code_runs_after_the_answer)
{
    /* movi.n a2, 0x2a; l32r a0, tx; callx0 a0; waiti 15, with the literal first */
    static const uint8_t code[] = {0x30, 0x3b, 0x00, 0x40, 0x2c, 0xa2, 0x01, 0xfe,
                                   0xff, 0xc0, 0x00, 0x00, 0x00, 0x7f, 0x00};

    upload(0x40100000, code, sizeof code, 0x40100004);
    pass(50 * MS);
    ck_assert_uint_eq(heard_size, 1);
    ck_assert_uint_eq(heard[0], 0x2a);
    ck_assert_ptr_null(board_stats(board)->exception);
    ck_assert_uint_eq(board_next(board), BOARD_NEVER);
}
END_TEST

START_TEST(mem_end_may_stay)
{
    static const uint32_t stay[2] = {1, 0};

    must(ask(MEM_END, stay, sizeof stay));
    ck_assert_uint_eq(read_reg(0x40001000), 0xfff0c101);
}
END_TEST

/* Flash without a stub. */

static void fill_flash(uint8_t value)
{
    size_t size;
    uint8_t *flash = board_flash(board, &size);

    memset(flash, value, size);
}

/* How many sectors are blank, and that they are the ones from `first` on. */
static unsigned blank_sectors(uint32_t first)
{
    size_t size;
    const uint8_t *flash = board_flash(board, &size);
    unsigned n = 0;

    for (uint32_t at = 0; at < size; at += 4096) {
        bool blank = true;

        for (uint32_t i = 0; i < 4096; i++)
            blank &= flash[at + i] == 0xff;
        if (blank)
            ck_assert_uint_eq(at, (first + n++) * 4096);
    }
    return n;
}

struct erase_case {
    uint32_t sector, asked, erased;
};

/* h = min(N, 16 - start mod 16) sectors, then N more. */
static const struct erase_case erase_cases[] = {{0, 1, 2},  {0, 16, 32},  {0, 20, 36},
                                                {14, 1, 2}, {14, 10, 12}, {3, 40, 53}};

START_TEST(flash_begin_erases_too_much)
{
    const struct erase_case *c = &erase_cases[_i];

    fill_flash(0);
    must(begin(FLASH_BEGIN, c->asked * 4096, 1, 1024, c->sector * 4096));
    ck_assert_uint_eq(blank_sectors(c->sector), c->erased);
}
END_TEST

START_TEST(flash_begin_is_checked)
{
    ck_reply(begin(FLASH_BEGIN, 4096, 1, 1024, 100), 1, 1);
    ck_reply(begin(FLASH_BEGIN, 4096, 1, 1024, 4u << 20), 1, 6);
    ck_reply(begin(FLASH_BEGIN, 4096, 1, 0x2000, 0), 1, 5);
}
END_TEST

START_TEST(flash_is_written)
{
    uint8_t block[1024];
    uint32_t flag = 1;
    size_t size;
    uint64_t begun = now;

    fill_flash(0);
    for (size_t i = 0; i < sizeof block; i++)
        block[i] = (uint8_t)(i ^ i >> 8);
    must(begin(FLASH_BEGIN, 2048, 2, 1024, 0x10000));
    ck_assert_uint_ge(now - begun, 85 * MS);
    must(ask_data(FLASH_DATA, 0, block, sizeof block, 0));
    ck_reply(ask(FLASH_END, &flag, 4), 1, 6);
    must(ask_data(FLASH_DATA, 1, block, sizeof block, 0));
    ck_assert_mem_eq(board_flash(board, &size) + 0x10000, block, sizeof block);
    ck_assert_mem_eq(board_flash(board, &size) + 0x10400, block, sizeof block);
    ck_assert_uint_eq(board_stats(board)->nor_violations, 0);
    must(ask(FLASH_END, &flag, 4));
}
END_TEST

START_TEST(flash_data_is_read_back)
{
    uint8_t block[4] = {0xff, 0xff, 0xff, 0xff};
    size_t size;

    must(begin(FLASH_BEGIN, 4096, 1, 1024, 0));
    board_flash(board, &size)[2] = 0x7f;
    ck_reply(ask_data(FLASH_DATA, 0, block, sizeof block, 0), 1, 8);
}
END_TEST

/* What FLASH_END with a flag other than 0 runs finds the flash locked: the loader writes a program that reads the
 * status register and says what it finds. */
START_TEST(flash_end_locks_and_boots)
{
    static const uint8_t code[] = {
        0x00, 0x02, 0x00, 0x60,                         /* .word SPI0 */
        0x00, 0x00, 0x00, 0x08,                         /* .word RDSR */
        0x00, 0x00, 0x00, 0x60,                         /* .word UART0 */
        0x21, 0xfd, 0xff, 0x31, 0xfd, 0xff, 0x39, 0x02, /* l32r a2, SPI0; l32r a3, RDSR; s32i.n a3, a2, 0 */
        0x48, 0x02, 0x56, 0xa4, 0xff,                   /* l32i.n a4, a2, 0; bnez a4, .-2 */
        0x48, 0x42, 0x51, 0xfb, 0xff, 0x49, 0x05,       /* l32i.n a4, a2, 16; l32r a5, UART0; s32i.n a4, a5, 0 */
        0x00, 0x7f, 0x00, 0x00,                         /* waiti 15 */
    };
    /* DIO: for QIO the boot would write the status register itself. */
    uint8_t image[1024] = {0xe9, 1, 2, 0, 0x0c, 0, 0x10, 0x40, 0, 0, 0x10, 0x40, sizeof code};
    uint32_t flag = 1;

    memcpy(image + 16, code, sizeof code);
    image[63] = xor_of(code, sizeof code);
    must(begin(FLASH_BEGIN, sizeof image, 1, sizeof image, 0));
    must(ask_data(FLASH_DATA, 0, image, sizeof image, 0));
    must(ask(FLASH_END, &flag, 4));
    pass(100 * MS);
    ck_assert_ptr_null(board_stats(board)->exception);
    ck_assert_uint_gt(heard_size, 0);
    ck_assert_uint_eq(heard[heard_size - 1], 0x1c);
}
END_TEST

START_TEST(flash_end_may_reset)
{
    uint32_t flag = 0;

    must(begin(FLASH_BEGIN, 0, 0, 0, 0));
    must(ask(FLASH_END, &flag, 4));
    forget();
    baud = BOOT_BAUD;
    pass(100 * MS);
    ck_assert_ptr_nonnull(strstr((const char *)heard, "rst cause:3, boot mode:(1,"));
}
END_TEST

START_TEST(the_flash_id_is_read_by_registers)
{
    must(begin(FLASH_BEGIN, 0, 0, 0, 0));
    must(write_reg(0x60000200, 1u << 28, 0xffffffff, 0));
    ck_assert_uint_eq(read_reg(0x60000200), 0);
    ck_assert_uint_eq(read_reg(0x60000240), 0x1640ef);
    /* The same in free form. */
    must(write_reg(0x60000240, 0, 0xffffffff, 0));
    must(write_reg(0x6000021c, 1u << 31 | 1u << 28, 0xffffffff, 0));
    must(write_reg(0x60000220, 23u << 8, 0xffffffff, 0));
    must(write_reg(0x60000224, 7u << 28 | 0x9f, 0xffffffff, 0));
    must(write_reg(0x60000200, 1u << 18, 0xffffffff, 0));
    ck_assert_uint_eq(read_reg(0x60000240) & 0xffffff, 0x1640ef);
}
END_TEST

START_TEST(without_attaching_no_flash_is_seen)
{
    must(write_reg(0x60000200, 1u << 28, 0xffffffff, 0));
    ck_assert_uint_eq(read_reg(0x60000240), 0xffffff);
}
END_TEST

START_TEST(flash_parameters_limit_the_size)
{
    static const uint32_t parameters[6] = {0, 1u << 20, 65536, 4096, 256, 0xffff};

    must(ask(FLASH_PARAMETERS, parameters, sizeof parameters));
    ck_reply(begin(FLASH_BEGIN, 4096, 1, 1024, 1u << 20), 1, 6);
    ck_reply(ask(FLASH_PARAMETERS, parameters, 20), 1, 5);
}
END_TEST

START_TEST(a_read_of_nothing_crashes_the_loader)
{
    uint32_t nowhere = 0x10000000;

    say_request(READ_REG, 0, &nowhere, 4);
    pass(100 * MS);
    ck_assert_uint_eq(heard_size, 0);
    ck_assert_str_eq(board_stats(board)->exception, "loader: load of 0x10000000");
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof *(table)))

int main(void)
{
    Suite *suite = suite_create("rom_loader");
    TCase *tc = tcase_create("loader");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, the_first_sync_is_eaten_and_the_next_answered_eight_times);
    tcase_add_loop_test(tc, autobaud_finds_the_rate, 0, COUNT(rates));
    tcase_add_test(tc, autobaud_runs_once);
    tcase_add_test(tc, a_bad_sync_is_refused_eight_times);
    tcase_add_test(tc, unknown_commands_echo_the_previous_one);
    tcase_add_test(tc, values_are_stale);
    tcase_add_test(tc, efuses_hold_the_mac);
    tcase_add_test(tc, registers_are_written_under_a_mask);
    tcase_add_test(tc, many_registers_go_in_one_request);
    tcase_add_test(tc, memory_is_written_block_by_block);
    tcase_add_test(tc, memory_inside_the_message_is_copied_upwards);
    tcase_add_test(tc, memory_begin_is_checked);
    tcase_add_test(tc, a_damaged_block_cannot_be_sent_again);
    tcase_add_test(tc, data_lengths_must_agree);
    tcase_add_test(tc, oversized_data_is_refused);
    tcase_add_test(tc, slip_survives_noise);
    tcase_add_test(tc, a_frame_longer_than_its_header_says_is_refused);
    tcase_add_test(tc, special_bytes_are_escaped_both_ways);
    tcase_add_test(tc, code_runs_after_the_answer);
    tcase_add_test(tc, mem_end_may_stay);
    tcase_add_loop_test(tc, flash_begin_erases_too_much, 0, COUNT(erase_cases));
    tcase_add_test(tc, flash_begin_is_checked);
    tcase_add_test(tc, flash_is_written);
    tcase_add_test(tc, flash_data_is_read_back);
    tcase_add_test(tc, flash_end_locks_and_boots);
    tcase_add_test(tc, flash_end_may_reset);
    tcase_add_test(tc, the_flash_id_is_read_by_registers);
    tcase_add_test(tc, without_attaching_no_flash_is_seen);
    tcase_add_test(tc, flash_parameters_limit_the_size);
    tcase_add_test(tc, a_read_of_nothing_crashes_the_loader);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
