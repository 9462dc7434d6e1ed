/* SPDX-License-Identifier: MIT */
/* The one-time words, read over the wire and understood as docs/esp8266.md section 3 says. */
#include "tests/runner.h"
#include "tests/unit/boardsim/board_talk.h"
#include "tools/boardsim/board/chip/efuse.h"

#define READ_REG 0x0a

static uint32_t words[4];

/* A board of that make, and its words. */
static void read_words(const struct board_config *config)
{
    plug(config);
    connect_at(115200);
    for (uint32_t i = 0; i < 4; i++) {
        uint32_t address = 0x3ff00050 + 4 * i;
        struct loader_reply reply = ask(READ_REG, &address, 4);

        must(reply);
        words[i] = reply.value;
    }
}

static bool bit(unsigned n)
{
    return words[n / 32] >> n % 32 & 1;
}

/* The first three bytes of the MAC, -1 if they are unknown. */
static int64_t oui(void)
{
    if (words[3] != 0)
        return words[3] & 0xffffff;
    switch (words[1] >> 16 & 0xff) {
    case 0: return 0x18fe34;
    case 1: return 0xacd074;
    default: return -1;
    }
}

/* MB of flash in the package, 0 if the words do not say. */
static unsigned embedded(void)
{
    if (bit(123) || bit(4) == bit(121))
        return 0;
    return (bit(4) ? 1 : 2) << bit(122);
}

struct oui_case {
    uint8_t mac[6];
    bool clone;
    int64_t oui;
};

static const struct oui_case oui_cases[] = {
    {{0x18, 0xfe, 0x34, 1, 2, 3}, false, 0x18fe34}, {{0xac, 0xd0, 0x74, 1, 2, 3}, false, 0xacd074},
    {{0x5c, 0xcf, 0x7f, 1, 2, 3}, false, 0x5ccf7f}, {{0x18, 0xfe, 0x34, 1, 2, 3}, true, -1},
    {{0x5c, 0xcf, 0x7f, 1, 2, 3}, true, -1},
};

START_TEST(the_mac_is_in_the_words)
{
    const struct oui_case *c = &oui_cases[_i];
    struct board_config config = {.seed = 1, .faults.clone_oui = c->clone};

    memcpy(config.mac, c->mac, 6);
    read_words(&config);
    ck_assert_int_eq(oui(), c->oui);
    ck_assert_uint_eq(words[0], 0x03000000);
    ck_assert_uint_eq(words[1] & 0xffff, 0x0102);
    ck_assert_uint_eq(words[2], words[3] ? 0x9000 : 0x8000);
}
END_TEST

struct chip_case {
    const char *name;
    bool esp8285, hot;
    unsigned mb, flash_mb; /* as burnt, and as the board has without more words */
};

static const struct chip_case chip_cases[] = {
    {"esp8266ex", false, false, 0, 4},  {"esp8285", true, false, 0, 4},     {"esp8285n08", true, false, 1, 1},
    {"esp8285h08", true, true, 1, 1},   {"esp8285n16", true, false, 2, 2},  {"esp8285h16", true, true, 2, 2},
    {"esp8285-2mb", true, false, 2, 2}, {"esp8285-4mb", true, false, 4, 4},
};

START_TEST(the_chip_is_in_the_words)
{
    static const uint8_t macs[][6] = {
        {0x18, 0xfe, 0x34, 1, 2, 3}, {0xac, 0xd0, 0x74, 1, 2, 3}, {0xec, 0xfa, 0xbc, 1, 2, 3}};
    const struct chip_case *c = &chip_cases[_i];

    for (size_t i = 0; i < sizeof macs / sizeof *macs; i++) {
        struct board_config config = {.seed = 1, .chip = efuse_find(c->name)};
        size_t size;

        ck_assert_ptr_nonnull(config.chip);
        memcpy(config.mac, macs[i], 6);
        read_words(&config);
        ck_assert_int_eq(bit(4) || bit(80), c->esp8285);
        ck_assert_int_eq(bit(5), c->hot);
        ck_assert(bit(79));
        ck_assert_uint_eq(embedded(), c->mb);
        ck_assert_int_eq(oui(), (int64_t)macs[i][0] << 16 | macs[i][1] << 8 | macs[i][2]);
        board_flash(board, &size);
        ck_assert_uint_eq(size, (size_t)c->flash_mb << 20);
    }
}
END_TEST

START_TEST(what_is_burnt_stays)
{
    const struct board_config config = {.seed = 1, .mac = {0x18, 0xfe, 0x34, 1, 2, 3}};
    static const uint32_t tuple[4] = {0x3ff00050, 0xffffffff, 0xffffffff, 0};
    uint32_t address = 0x3ff00050;

    read_words(&config);
    must(ask(0x09, tuple, sizeof tuple));
    ck_assert_uint_eq(ask(READ_REG, &address, 4).value, 0x03000000);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof *(table)))

int main(void)
{
    Suite *suite = suite_create("efuse");
    TCase *tc = tcase_create("efuse");

    tcase_add_checked_fixture(tc, NULL, unplug);
    tcase_add_loop_test(tc, the_mac_is_in_the_words, 0, COUNT(oui_cases));
    tcase_add_loop_test(tc, the_chip_is_in_the_words, 0, COUNT(chip_cases));
    tcase_add_test(tc, what_is_burnt_stays);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
