/* SPDX-License-Identifier: MIT */
/* What the chip reads and swallows where nothing is, by the loader's READ_REG and WRITE_REG. */
#include "tests/runner.h"
#include "tests/unit/boardsim/board_talk.h"

static const struct board_config plain = {.seed = 1, .mac = {0x18, 0xfe, 0x34, 0x01, 0x02, 0x03}};

static void setup(void)
{
    plug(&plain);
    connect_at(115200);
}

static void teardown(void)
{
    unplug();
}

static const struct {
    uint32_t address, value;
} constants[] = {
    {0x20000000, 0x00008000}, {0x3fe00000, 0x00008000}, {0x3ff10000, 0},          {0x3ff30000, 0},
    {0x3ffc0000, 0x3ffc0000}, {0x3ffc1234, 0x3ffc1234}, {0x3ffe0000, 0},          {0x3ffe7ffc, 0},
    {0x40010000, 0},          {0x400c0000, 0},          {0x40108000, 0},          {0x40140000, 0xecd83159},
    {0x40300000, 0x00008000}, {0x5ffffffc, 0x00008000}, {0x70000000, 0x00008000}, {0xfffffffc, 0x00008000},
};

static uint32_t read_reg(uint32_t address)
{
    struct loader_reply reply = ask(0x0a, &address, sizeof address);

    must(reply);
    return reply.value;
}

START_TEST(constants_are_read)
{
    ck_assert_uint_eq(read_reg(constants[_i].address), constants[_i].value);
}
END_TEST

/* All but 0x40108000, which is RAM as long as no cache is on. */
START_TEST(stores_have_no_effect)
{
    const uint32_t address = constants[_i].address, tuple[4] = {address, 0x12345678, UINT32_MAX, 0};

    if (address == 0x40108000)
        return;
    must(ask(0x09, tuple, sizeof tuple));
    ck_assert_uint_eq(read_reg(address), constants[_i].value);
    ck_assert_ptr_null(board_stats(board)->exception);
}
END_TEST

static const struct {
    uint32_t address;
    const char *load, *store;
} faults[] = {
    {0x00000000, "loader: load of 0x00000000", "loader: store to 0x00000000"},
    {0x60002000, "loader: load of 0x60002000", "loader: store to 0x60002000"},
};

START_TEST(some_addresses_fault)
{
    const uint32_t address = faults[_i].address, tuple[4] = {address, 0, UINT32_MAX, 0};

    say_request(0x0a, 0, &address, sizeof address);
    pass(50 * MS);
    ck_assert_str_eq(board_stats(board)->exception, faults[_i].load);
    connect_at(115200);
    say_request(0x09, 0, tuple, sizeof tuple);
    pass(50 * MS);
    ck_assert_str_eq(board_stats(board)->exception, faults[_i].store);
}
END_TEST

/* l32r a2, lit; l8ui a2, a2, 0 */
START_TEST(only_words_are_read)
{
    static const uint8_t code[] = {0x00, 0x00, 0xfc, 0x3f, 0x21, 0xff, 0xff, 0x22, 0x02, 0x00};

    upload(0x40100000, code, sizeof code, 0x40100004);
    pass(10 * MS);
    ck_assert_str_eq(board_stats(board)->exception, "narrow load at 0x40100007 of 0x3ffc0000, which takes words only");
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof *(table)))

int main(void)
{
    Suite *suite = suite_create("unmapped");
    TCase *tc = tcase_create("unmapped");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, constants_are_read, 0, COUNT(constants));
    tcase_add_loop_test(tc, stores_have_no_effect, 0, COUNT(constants));
    tcase_add_loop_test(tc, some_addresses_fault, 0, COUNT(faults));
    tcase_add_test(tc, only_words_are_read);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
