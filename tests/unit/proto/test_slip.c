/* SPDX-License-Identifier: MIT */
#include "proto/link/slip.h"
#include "tests/runner.h"

#include <stdlib.h>
#include <string.h>

static size_t feed(struct slip_decoder *decoder, const uint8_t *bytes, size_t n)
{
    size_t frames = 0;
    for (size_t i = 0; i < n; i++)
        frames += slip_decode(decoder, bytes[i]);
    return frames;
}

START_TEST(encoded_bytes_are_decoded_again)
{
    srand(1);
    for (int round = 0; round < 500; round++) {
        uint8_t plain[64], wire[SLIP_ENCODED_MAX(64)], frame[64];
        size_t n = 1 + (size_t)rand() % sizeof(plain);
        for (size_t i = 0; i < n; i++)
            plain[i] = rand() % 3 == 0 ? (uint8_t)(0xC0 + rand() % 0x20) : (uint8_t)rand();
        wire[0] = 0xC0;
        size_t len = 1 + slip_escape(wire + 1, plain, n);
        ck_assert_ptr_null(memchr(wire + 1, 0xC0, len - 1));
        wire[len++] = 0xC0;

        struct slip_decoder decoder;
        slip_decoder_init(&decoder, frame, sizeof(frame));
        ck_assert_uint_eq(feed(&decoder, wire, len), 1);
        ck_assert_uint_eq(decoder.len, n);
        ck_assert_mem_eq(frame, plain, n);
    }
}
END_TEST

START_TEST(garbage_does_not_cost_the_next_frame)
{
    static const uint8_t wire[] = {'x', 'y', 0xDB, 0x00, 0xC0, 0xC0, 1, 2, 0xC0, 3, 4, 0xC0};
    uint8_t frame[8];
    struct slip_decoder decoder;
    slip_decoder_init(&decoder, frame, sizeof(frame));
    ck_assert_uint_eq(feed(&decoder, wire, 8), 0);
    ck_assert(slip_decode(&decoder, wire[8]));
    ck_assert_uint_eq(decoder.len, 2);
    ck_assert_uint_eq(frame[0], 1);
    ck_assert_uint_eq(feed(&decoder, wire + 9, 3), 1);
    ck_assert_uint_eq(frame[0], 3);
}
END_TEST

START_TEST(a_frame_too_long_is_dropped_whole)
{
    uint8_t wire[32], frame[8];
    memset(wire, 'a', sizeof(wire));
    wire[20] = 0xC0;
    wire[23] = 0xC0;
    struct slip_decoder decoder;
    slip_decoder_init(&decoder, frame, sizeof(frame));
    ck_assert_uint_eq(feed(&decoder, wire, 21), 0);
    ck_assert_uint_eq(feed(&decoder, wire + 21, 3), 1);
    ck_assert_uint_eq(decoder.len, 2);
}
END_TEST

START_TEST(a_frame_cut_in_an_escape_is_dropped)
{
    static const uint8_t wire[] = {0xC0, 1, 0xDB, 0xC0, 2, 0xC0};
    uint8_t frame[8];
    struct slip_decoder decoder;
    slip_decoder_init(&decoder, frame, sizeof(frame));
    ck_assert_uint_eq(feed(&decoder, wire, 4), 0);
    ck_assert_uint_eq(feed(&decoder, wire + 4, 2), 1);
    ck_assert_uint_eq(frame[0], 2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("slip");
    TCase *tcase = tcase_create("slip");
    tcase_add_test(tcase, encoded_bytes_are_decoded_again);
    tcase_add_test(tcase, garbage_does_not_cost_the_next_frame);
    tcase_add_test(tcase, a_frame_too_long_is_dropped_whole);
    tcase_add_test(tcase, a_frame_cut_in_an_escape_is_dropped);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
