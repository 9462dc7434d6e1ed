/* SPDX-License-Identifier: MIT */
/* The stub's SLIP, with a UART of two arrays. */
#include "stub/frame.h"
#include "stub/uart.h"
#include "tests/runner.h"

#include <stdlib.h>
#include <string.h>

static uint8_t line[3 * FRAME_MAX], sent[3 * FRAME_MAX];
static size_t n_line, at_line, n_sent;

int uart_get(void)
{
    return at_line < n_line ? line[at_line++] : -1;
}

void uart_put(uint8_t byte)
{
    ck_assert_uint_lt(n_sent, sizeof(sent));
    sent[n_sent++] = byte;
}

static void hear(const void *bytes, size_t n)
{
    ck_assert_uint_le(n, sizeof(line));
    memcpy(line, bytes, n);
    n_line = n;
    at_line = 0;
}

static void expect(const char *bytes, size_t n)
{
    const struct frame *frame = frame_receive();
    ck_assert_ptr_nonnull(frame);
    ck_assert_uint_eq(frame->size, n);
    ck_assert_mem_eq(frame->bytes, bytes, n);
}

#define HEAR(text)   hear(text, sizeof(text) - 1)
#define EXPECT(text) expect(text, sizeof(text) - 1)

START_TEST(test_frames)
{
    HEAR("before\xC0one\xC0two\xC0\xC0\xC0three\xC0");
    EXPECT("one");
    EXPECT("two");
    EXPECT("three");
    ck_assert_ptr_null(frame_receive());
}
END_TEST

START_TEST(test_in_pieces)
{
    HEAR("\xC0on");
    ck_assert_ptr_null(frame_receive());
    HEAR("e\xDB");
    ck_assert_ptr_null(frame_receive());
    HEAR("\xDC");
    ck_assert_ptr_null(frame_receive());
    HEAR("\xC0");
    EXPECT("one\xC0");
}
END_TEST

START_TEST(test_escapes)
{
    HEAR("\xC0\xDB\xDC\xDB\xDD\xDB\xDD\xDC\xDD\xC0");
    EXPECT("\xC0\xDB\xDB\xDC\xDD");
}
END_TEST

START_TEST(test_bad_escape_spoils_one_frame)
{
    HEAR("\xC0good\xDBno\xC0good\xC0");
    const struct frame *frame = frame_receive();
    ck_assert_ptr_nonnull(frame);
    ck_assert_uint_gt(frame->size, FRAME_MAX);
    EXPECT("good");
}
END_TEST

START_TEST(test_longest_and_too_long)
{
    for (size_t extra = 0; extra < 2; extra++) {
        memset(line, 'x', sizeof(line));
        line[0] = line[FRAME_MAX + extra + 1] = SLIP_END;
        n_line = FRAME_MAX + extra + 2;
        at_line = 0;
        const struct frame *frame = frame_receive();
        ck_assert_ptr_nonnull(frame);
        ck_assert_uint_eq(frame->size, FRAME_MAX + extra);
    }
    HEAR("after\xC0");
    EXPECT("after");
}
END_TEST

START_TEST(test_given_back)
{
    HEAR("\xC0one\xC0two\xC0");
    EXPECT("one");
    frame_give_back();
    EXPECT("one");
    EXPECT("two");
}
END_TEST

START_TEST(test_all_bytes_come_back)
{
    uint8_t bytes[256];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)i;
    frame_send(bytes, sizeof(bytes));
    ck_assert_uint_eq(n_sent, 256 + 2 + 2);
    hear(sent, n_sent);
    expect((const char *)bytes, sizeof(bytes));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stub frame");
    TCase *cases = tcase_create("frame");
    tcase_add_test(cases, test_frames);
    tcase_add_test(cases, test_in_pieces);
    tcase_add_test(cases, test_escapes);
    tcase_add_test(cases, test_bad_escape_spoils_one_frame);
    tcase_add_test(cases, test_longest_and_too_long);
    tcase_add_test(cases, test_given_back);
    tcase_add_test(cases, test_all_bytes_come_back);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
