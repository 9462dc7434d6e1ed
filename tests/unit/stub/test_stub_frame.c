/* SPDX-License-Identifier: MIT */
/* The stub's SLIP, with a UART of two arrays. */
#include "stub/frame.h"
#include "stub/uart.h"
#include "tests/runner.h"

#include <stdlib.h>
#include <string.h>

static uint8_t line[3 * FRAME_MAX], sent[3 * FRAME_MAX];
static size_t n_line, at_line, n_sent;

size_t uart_get(uint8_t *bytes, size_t n)
{
    n = n < n_line - at_line ? n : n_line - at_line;
    memcpy(bytes, line + at_line, n);
    at_line += n;
    return n;
}

bool uart_has_bytes(void)
{
    return at_line < n_line;
}

void uart_put(uint8_t byte)
{
    ck_assert_uint_lt(n_sent, sizeof(sent));
    sent[n_sent++] = byte;
}

static void setup(void)
{
    frame_limit(FRAME_MAX);
}

static void hear(const void *bytes, size_t n)
{
    ck_assert_uint_le(n, sizeof(line));
    memcpy(line, bytes, n);
    n_line = n;
    at_line = 0;
}

/* The next frame of what the line holds, or NULL. */
static const struct frame *receive(void)
{
    const struct frame *frame = NULL;
    while (!frame && frame_pending())
        frame = frame_receive();
    return frame;
}

static void expect(const char *bytes, size_t n)
{
    const struct frame *frame = receive();
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
    ck_assert_ptr_null(receive());
}
END_TEST

START_TEST(test_in_pieces)
{
    HEAR("\xC0on");
    ck_assert_ptr_null(receive());
    HEAR("e\xDB");
    ck_assert_ptr_null(receive());
    HEAR("\xDC");
    ck_assert_ptr_null(receive());
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
    const struct frame *frame = receive();
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
        const struct frame *frame = receive();
        ck_assert_ptr_nonnull(frame);
        ck_assert_uint_eq(frame->size, FRAME_MAX + extra);
    }
    HEAR("after\xC0");
    EXPECT("after");
}
END_TEST

START_TEST(test_limit)
{
    frame_limit(4);
    HEAR("\xC0"
         "four\xC0"
         "fifth\xC0"
         "1234567\xDB\xDC\xC0ok\xC0");
    EXPECT("four");
    ck_assert_uint_eq(receive()->size, 5);
    ck_assert_uint_eq(receive()->size, 5);
    EXPECT("ok");
    HEAR("halfway");
    ck_assert_ptr_null(receive());
    frame_limit(FRAME_MAX);
    HEAR("\xC0longer\xC0");
    ck_assert_uint_eq(receive()->size, 5);
    EXPECT("longer");
}
END_TEST

/* What is stored in the spare memory stays while short frames come. */
START_TEST(test_spare)
{
    size_t n = STREAM_SLOTS * (size_t)WIRE_STREAM_PAYLOAD,
           most = WIRE_STREAM_HEADER_SIZE + WIRE_STREAM_PAYLOAD + WIRE_CRC_SIZE;
    uint8_t *spare = frame_spare();
    frame_limit(most);
    memset(spare, 0xA5, n);
    memset(line, 'x', sizeof(line));
    line[0] = line[FRAME_MAX + 1] = SLIP_END;
    n_line = FRAME_MAX + 2;
    at_line = 0;
    ck_assert_uint_gt(receive()->size, most);
    for (size_t i = 0; i < n; i++)
        ck_assert_uint_eq(spare[i], 0xA5);
    frame_limit(FRAME_MAX);
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
    tcase_add_checked_fixture(cases, setup, NULL);
    tcase_add_test(cases, test_frames);
    tcase_add_test(cases, test_in_pieces);
    tcase_add_test(cases, test_escapes);
    tcase_add_test(cases, test_bad_escape_spoils_one_frame);
    tcase_add_test(cases, test_longest_and_too_long);
    tcase_add_test(cases, test_limit);
    tcase_add_test(cases, test_spare);
    tcase_add_test(cases, test_given_back);
    tcase_add_test(cases, test_all_bytes_come_back);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
