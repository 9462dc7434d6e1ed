/* SPDX-License-Identifier: MIT */
/* The wire: what a receiver at another rate sees, breaks, noise. */
#include "tests/runner.h"
#include "tools/boardsim/board/line/line.h"

#define BIT 451u /* 115200 at 52 MHz */

static struct serial_line line;

static void teardown(void)
{
    line_free(&line);
}

/* One byte at a receiver whose bits are `receiver` long, from a sender with bits of `sender`. */
static unsigned see(uint8_t value, double sender, double receiver, struct line_seen seen[LINE_SEEN_MAX])
{
    uint32_t bit = (uint32_t)(sender * LINE_BIT(1));
    struct line_byte byte = {1000000, bit, value};

    line.deaf_until = 0;
    return line_see(&line, &byte, (uint32_t)(receiver * LINE_BIT(1)), seen);
}

/* Whether every byte arrives as it was sent. */
static bool understood(double sender, double receiver)
{
    struct line_seen seen[LINE_SEEN_MAX];

    for (unsigned value = 0; value < 256; value++)
        if (see((uint8_t)value, sender, receiver, seen) != 1 || seen[0].value != value || seen[0].framing)
            return false;
    return true;
}

/* The last data bit and the stop bit are sampled 8.5 and 9.5 bits behind the start: half a bit is 5 to 6 %. */
START_TEST(rates_agree_within_half_a_bit_in_ten)
{
    for (int percent = -5; percent <= 5; percent++)
        ck_assert_msg(understood(BIT * (1 + percent / 100.0), BIT), "%d %%", percent);
    ck_assert(!understood(BIT * 1.065, BIT));
    ck_assert(!understood(BIT * 0.935, BIT));
    ck_assert(!understood(BIT * 1.20, BIT));
    ck_assert(!understood(BIT * 0.80, BIT));
}
END_TEST

START_TEST(a_zero_from_a_slow_sender_is_a_break)
{
    struct line_seen seen[LINE_SEEN_MAX];

    ck_assert_uint_eq(see(0x00, BIT * 4, BIT, seen), 1);
    ck_assert_uint_eq(seen[0].value, 0);
    ck_assert(seen[0].framing);
}
END_TEST

START_TEST(a_slow_sender_looks_like_several_bytes)
{
    struct line_seen seen[LINE_SEEN_MAX];
    unsigned n = see(0x55, BIT * 8, BIT, seen);

    ck_assert_uint_eq(n, 5); /* five falling edges */
    for (unsigned i = 0; i < n; i++)
        ck_assert_uint_eq(seen[i].value, 0x80); /* low for eight bits: start and seven zeros */
}
END_TEST

START_TEST(a_slow_receiver_takes_several_bytes_for_one)
{
    static const uint8_t text[8] = "UUUUUUUU";
    struct line_seen seen[LINE_SEEN_MAX];
    unsigned n = 0;

    line_send(&line, 0, LINE_BIT(BIT), text, sizeof text);
    ck_assert_uint_eq(line.count, sizeof text);
    while (line.count > 0) {
        n += line_see(&line, line_peek(&line), LINE_BIT(BIT * 4), seen);
        line_drop(&line);
    }
    ck_assert_uint_ge(n, 1);
    ck_assert_uint_le(n, 3);
}
END_TEST

START_TEST(bytes_follow_one_another)
{
    static const uint8_t text[2] = "ab";

    line_send(&line, 100, LINE_BIT(BIT), text, 2);
    line_send(&line, 200, LINE_BIT(BIT), text, 1); /* behind those under way */
    ck_assert_uint_eq(line_peek(&line)->at, 100 + 10 * BIT);
    line_drop(&line);
    ck_assert_uint_eq(line_peek(&line)->at, 100 + 20 * BIT);
    line_drop(&line);
    ck_assert_uint_eq(line_peek(&line)->at, 100 + 30 * BIT);
    ck_assert_uint_eq(line_peek(&line)->value, 'a');
}
END_TEST

static unsigned disturb(struct line_noise noise, unsigned *lost, unsigned *changed, unsigned *doubled)
{
    uint8_t out[2];

    *lost = *changed = *doubled = 0;
    for (unsigned i = 0; i < 10000; i++) {
        unsigned n = line_disturb(&noise, 0x5a, out);

        *lost += n == 0;
        *changed += n > 0 && out[0] != 0x5a;
        *doubled += n == 2;
        if (n > 0 && out[0] != 0x5a)
            ck_assert_int_eq(__builtin_popcount(out[0] ^ 0x5a), 1);
    }
    return *lost + *changed + *doubled;
}

START_TEST(noise_comes_as_often_as_asked)
{
    unsigned lost, changed, doubled;

    ck_assert_uint_eq(disturb((struct line_noise){.rng = {1}}, &lost, &changed, &doubled), 0);
    ck_assert_uint_gt(disturb((struct line_noise){.lose = 0.1, .rng = {1}}, &lost, &changed, &doubled), 900);
    ck_assert_uint_eq(changed + doubled, 0);
    ck_assert_uint_lt(lost, 1100);
    ck_assert_uint_gt(disturb((struct line_noise){.corrupt = 0.1, .rng = {2}}, &lost, &changed, &doubled), 900);
    ck_assert_uint_eq(lost + doubled, 0);
    ck_assert_uint_lt(changed, 1100);
    ck_assert_uint_gt(disturb((struct line_noise){.insert = 0.1, .rng = {3}}, &lost, &changed, &doubled), 900);
    ck_assert_uint_eq(lost + changed, 0);
    ck_assert_uint_lt(doubled, 1100);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("line");
    TCase *tc = tcase_create("line");

    tcase_add_checked_fixture(tc, NULL, teardown);
    tcase_add_test(tc, rates_agree_within_half_a_bit_in_ten);
    tcase_add_test(tc, a_zero_from_a_slow_sender_is_a_break);
    tcase_add_test(tc, a_slow_sender_looks_like_several_bytes);
    tcase_add_test(tc, a_slow_receiver_takes_several_bytes_for_one);
    tcase_add_test(tc, bytes_follow_one_another);
    tcase_add_test(tc, noise_comes_as_often_as_asked);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
