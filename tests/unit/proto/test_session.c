/* SPDX-License-Identifier: MIT */
#include "proto/link/bytes.h"
#include "proto/link/session.h"
#include "tests/runner.h"

#include <errno.h>
#include <string.h>

/* A recipe that does what the test tells it, and keeps what it is told. */
static struct {
    struct recipe recipe;
    void (*next)(void);
    unsigned events;
    struct session_event last;
    uint8_t data[64];
} probe;

static struct session session;

static void step(struct recipe *recipe, const struct session_event *event)
{
    ck_assert_ptr_eq(recipe, &probe.recipe);
    probe.events++;
    probe.last = *event;
    if (event->data)
        memcpy(probe.data, event->data, event->len);
    if (probe.next) {
        void (*next)(void) = probe.next;
        probe.next = NULL;
        next();
    }
}

static void start(void (*first)(void))
{
    memset(&probe, 0, sizeof(probe));
    memset(&session, 0, sizeof(session));
    probe.recipe.step = step;
    probe.next = first;
    session_start(&session, &probe.recipe, 115200, 1000);
    probe.events = 0;
}

static void send_all(uint64_t now)
{
    session_sent(&session, session_want(&session)->len, now);
}

static void reply(uint8_t op, uint32_t value, const char *data, size_t len, uint64_t now)
{
    uint8_t frame[64] = {WIRE_REPLY, op, (uint8_t)len}, wire[SLIP_ENCODED_MAX(64)] = {SLIP_END};
    put_le32(frame + 4, value);
    memcpy(frame + 8, data, len);
    size_t n = 1 + slip_escape(wire + 1, frame, 8 + len);
    wire[n++] = SLIP_END;
    session_received(&session, wire, n, now);
}

static void read_register_at_most(unsigned tries)
{
    static const uint8_t address[] = {0x00, 0x10, 0xC0, 0xDB};
    session_request(&session, WIRE_READ_REG, address, 4, 5000, tries);
}

static void read_register(void)
{
    read_register_at_most(2);
}

static void read_register_once(void)
{
    read_register_at_most(1);
}

static void read_register_often(void)
{
    read_register_at_most(9);
}

START_TEST(a_request_is_framed_and_escaped)
{
    static const uint8_t wire[] = {0xC0, 0x00, 0x0A, 0x04, 0x00, 0, 0, 0, 0, 0x00, 0x10, 0xDB, 0xDC, 0xDB, 0xDD, 0xC0};
    start(read_register);
    const struct session_want *want = session_want(&session);
    ck_assert_int_eq(want->kind, SESSION_WANTS_SEND);
    ck_assert_uint_eq(want->len, sizeof(wire));
    ck_assert_mem_eq(want->bytes, wire, sizeof(wire));
    session_sent(&session, 10, 1100);
    ck_assert_uint_eq(session_want(&session)->len, sizeof(wire) - 10);
    send_all(1200);
    ck_assert_int_eq(session_want(&session)->kind, SESSION_WANTS_NOTHING);
}
END_TEST

START_TEST(only_the_answer_to_this_request_counts)
{
    start(read_register_once);
    send_all(1100);
    reply(WIRE_SYNC, 1, "\0\0", 2, 1200);
    ck_assert_uint_eq(probe.events, 0);
    reply(WIRE_READ_REG, 0x12345678, "ab\1\6", 4, 1300);
    ck_assert_uint_eq(probe.events, 1);
    ck_assert_int_eq(probe.last.kind, SESSION_REPLY);
    ck_assert_uint_eq(probe.last.value, 0x12345678);
    ck_assert_uint_eq(probe.last.len, 2);
    ck_assert_mem_eq(probe.data, "ab", 2);
    ck_assert_uint_eq(probe.last.wire_error, WIRE_ROM_ERR_RESULT);
    reply(WIRE_READ_REG, 1, "\0\0", 2, 1400);
    ck_assert_uint_eq(probe.events, 1);
}
END_TEST

START_TEST(a_stub_puts_its_error_first)
{
    start(read_register_once);
    send_all(1100);
    reply(WIRE_READ_REG, 0, "\xC3\0", 2, 1200);
    ck_assert_uint_eq(probe.last.wire_error, WIRE_ERR_INVALID);
}
END_TEST

/* By any error: the answer may be damaged too. Each copy is answered: no late reply is to come. */
START_TEST(a_refused_request_is_sent_again)
{
    static const char *const refusals[] = {"\1\5", "\1\7", "\xC0\0", "\xC1\0", "\x20\0"};
    start(read_register);
    send_all(1100);
    reply(WIRE_READ_REG, 0, refusals[_i], 2, 1200);
    ck_assert_uint_eq(probe.events, 0);
    ck_assert_int_eq(session_want(&session)->kind, SESSION_WANTS_SEND);
    send_all(1300);
    probe.next = read_register;
    reply(WIRE_READ_REG, 0, refusals[_i], 2, 1400);
    ck_assert_uint_eq(probe.events, 1);
    ck_assert_uint_ne(probe.last.wire_error, WIRE_OK);
    ck_assert_int_eq(session_want(&session)->kind, SESSION_WANTS_SEND);
}
END_TEST

START_TEST(a_refusal_is_final_when_it_comes_twice_the_same)
{
    start(read_register_often);
    send_all(1100);
    reply(WIRE_READ_REG, 0, "\xC3\0", 2, 1200);
    send_all(1300);
    reply(WIRE_READ_REG, 0, "\xC1\0", 2, 1400);
    send_all(1500);
    ck_assert_uint_eq(probe.events, 0);
    reply(WIRE_READ_REG, 0, "\xC1\0", 2, 1600);
    ck_assert_uint_eq(probe.events, 1);
    ck_assert_uint_eq(probe.last.wire_error, WIRE_ERR_CHECKSUM);
}
END_TEST

START_TEST(a_reply_whose_length_lies_is_no_answer)
{
    uint8_t wire[] = {0xC0, 1, WIRE_READ_REG, 9, 0, 0, 0, 0, 0, 0, 0, 0xC0};
    start(read_register);
    send_all(1100);
    session_received(&session, wire, sizeof(wire), 1200);
    ck_assert_uint_eq(probe.events, 0);
    wire[3] = 1;
    session_received(&session, wire, sizeof(wire), 1200);
    ck_assert_uint_eq(probe.events, 0);
}
END_TEST

START_TEST(a_lost_request_is_sent_again_then_given_up)
{
    start(read_register);
    send_all(1100);
    uint64_t deadline = session_deadline(&session);
    /* 16 bytes at 115200 and the 5 ms asked for. */
    ck_assert_uint_gt(deadline, 1100 + 5000 + 1380);
    ck_assert_uint_lt(deadline, 1100 + 5000 + 2000);
    session_expired(&session, deadline - 1);
    ck_assert_int_eq(session_want(&session)->kind, SESSION_WANTS_NOTHING);
    session_expired(&session, deadline);
    ck_assert_int_eq(session_want(&session)->kind, SESSION_WANTS_SEND);
    ck_assert_uint_eq(probe.events, 0);
    send_all(deadline + 100);
    session_expired(&session, session_deadline(&session));
    ck_assert_uint_eq(probe.events, 1);
    ck_assert_int_eq(probe.last.kind, SESSION_EXPIRED);
    ck_assert_uint_eq(session_deadline(&session), SESSION_NEVER);
}
END_TEST

static void answer_late(void (*then)(void))
{
    start(read_register);
    send_all(1100);
    session_expired(&session, session_deadline(&session));
    send_all(10000);
    probe.next = then;
    reply(WIRE_READ_REG, 1, "\0\0", 2, 10100);
    ck_assert_uint_eq(probe.events, 1);
    ck_assert_uint_eq(probe.last.value, 1);
}

/* Sent twice, answered twice: the second answer is none to what is asked for next. */
START_TEST(a_request_is_deferred_until_the_late_reply_comes)
{
    answer_late(read_register);
    ck_assert_int_eq(session_want(&session)->kind, SESSION_WANTS_NOTHING);
    reply(WIRE_READ_REG, 1, "\0\0", 2, 10200);
    ck_assert_uint_eq(probe.events, 1);
    ck_assert_int_eq(session_want(&session)->kind, SESSION_WANTS_SEND);
    send_all(10300);
    reply(WIRE_READ_REG, 2, "\0\0", 2, 10400);
    ck_assert_uint_eq(probe.events, 2);
    ck_assert_uint_eq(probe.last.value, 2);
}
END_TEST

START_TEST(a_lost_late_reply_defers_a_request_for_its_time_only)
{
    answer_late(read_register);
    uint64_t deadline = session_deadline(&session);
    ck_assert_uint_gt(deadline, 10000 + 5000);
    ck_assert_uint_lt(deadline, 10000 + 7000);
    session_expired(&session, deadline);
    ck_assert_int_eq(session_want(&session)->kind, SESSION_WANTS_SEND);
    send_all(deadline);
    /* Nor does the wait cost a try. */
    session_expired(&session, session_deadline(&session));
    ck_assert_int_eq(session_want(&session)->kind, SESSION_WANTS_SEND);
    send_all(deadline + 20000);
    reply(WIRE_READ_REG, 2, "\0\0", 2, deadline + 20100);
    ck_assert_uint_eq(probe.events, 2);
    ck_assert_uint_eq(probe.last.value, 2);
}
END_TEST

static void sync(void)
{
    session_request(&session, WIRE_SYNC, "", 0, 5000, 2);
}

/* A reply that cannot be mistaken defers nothing; a late reply may come while another reply is waited for. */
START_TEST(a_late_reply_defers_only_its_own_kind)
{
    answer_late(sync);
    ck_assert_int_eq(session_want(&session)->kind, SESSION_WANTS_SEND);
    send_all(10200);
    reply(WIRE_READ_REG, 1, "\0\0", 2, 10300);
    ck_assert_uint_eq(probe.events, 1);
    session_expired(&session, session_deadline(&session));
    send_all(20000);
    probe.next = sync;
    reply(WIRE_SYNC, 1, "\0\0", 2, 20100);
    ck_assert_uint_eq(probe.events, 2);
    ck_assert_int_eq(session_want(&session)->kind, SESSION_WANTS_SEND);
    send_all(20200);
    probe.next = read_register;
    reply(WIRE_SYNC, 1, "\0\0", 2, 20300);
    ck_assert_int_eq(session_want(&session)->kind, SESSION_WANTS_SEND);
}
END_TEST

START_TEST(a_line_that_takes_no_bytes_expires_too)
{
    start(read_register);
    ck_assert_uint_ne(session_deadline(&session), SESSION_NEVER);
}
END_TEST

static void send_block(void)
{
    session_request_block(&session, WIRE_FLASH_DEFL_DATA, 7, (const uint8_t *)"abc", 3, 1000, 1);
    session_expect(&session, 7);
}

START_TEST(a_block_carries_its_header_and_checksum)
{
    start(send_block);
    const uint8_t *wire = session_want(&session)->bytes;
    ck_assert_uint_eq(get_le16(wire + 3), 16 + 3);
    ck_assert_uint_eq(get_le32(wire + 5), 0xEF ^ 'a' ^ 'b' ^ 'c');
    ck_assert_uint_eq(get_le32(wire + 9), 3);
    ck_assert_uint_eq(get_le32(wire + 13), 7);
    ck_assert_mem_eq(wire + 25, "abc", 3);
}
END_TEST

START_TEST(a_late_answer_is_not_taken_for_the_next_one)
{
    start(send_block);
    send_all(1100);
    reply(WIRE_FLASH_DEFL_DATA, 6, "\0\0", 2, 1200);
    ck_assert_uint_eq(probe.events, 0);
    reply(WIRE_FLASH_DEFL_DATA, 7, "\0\0", 2, 1300);
    ck_assert_uint_eq(probe.events, 1);
}
END_TEST

static void listen_for_greeting(void)
{
    session_listen(&session, 1000);
}

START_TEST(a_greeting_right_behind_an_answer_is_not_lost)
{
    static const uint8_t both[] = {0xC0, 1, WIRE_READ_REG, 2,    0,   0,   0,   0,   0,
                                   0,    0, 0xC0,          0xC0, 'O', 'H', 'A', 'I', 0xC0};
    start(read_register);
    send_all(1100);
    probe.next = listen_for_greeting;
    session_received(&session, both, sizeof(both), 1200);
    ck_assert_uint_eq(probe.events, 2);
    ck_assert_int_eq(probe.last.kind, SESSION_FRAME);
    ck_assert_uint_eq(probe.last.len, 4);
    ck_assert_mem_eq(probe.data, "OHAI", 4);
}
END_TEST

static void set_lines(void)
{
    session_lines(&session, true, false);
}

static void set_baud(void)
{
    session_baud(&session, 921600);
}

START_TEST(lines_and_baud_are_asked_for_and_their_errors_told)
{
    start(set_lines);
    ck_assert_int_eq(session_want(&session)->kind, SESSION_WANTS_LINES);
    ck_assert(session_want(&session)->dtr && !session_want(&session)->rts);
    ck_assert_uint_eq(session_deadline(&session), SESSION_NEVER);
    probe.next = set_baud;
    session_done(&session, 0, 2000);
    ck_assert_int_eq(session_want(&session)->kind, SESSION_WANTS_BAUD);
    session_done(&session, -ERANGE, 3000);
    ck_assert_int_eq(probe.last.kind, SESSION_DONE);
    ck_assert_int_eq(probe.last.error, -ERANGE);
    ck_assert_uint_eq(session.baud, 115200);
}
END_TEST

static unsigned traced_sent, traced_received;

static void trace(void *data, enum session_trace direction, uint64_t now, const uint8_t *bytes, size_t n)
{
    (void)data, (void)now, (void)bytes;
    *(direction == SESSION_TRACE_SENT ? &traced_sent : &traced_received) += (unsigned)n;
}

START_TEST(the_trace_sees_every_byte)
{
    start(read_register);
    session.trace = trace;
    session_sent(&session, 5, 1100);
    send_all(1200);
    session_received(&session, (const uint8_t *)"noise", 5, 1300);
    ck_assert_uint_eq(traced_sent, 16);
    ck_assert_uint_eq(traced_received, 5);
    ck_assert_uint_eq(session.heard_total, 5);
    ck_assert_mem_eq(session.heard, "noise", 5);
}
END_TEST

static void start_program(void)
{
    session_request(&session, WIRE_MEM_END, "", 0, 5000, 1);
    session_expect_frame(&session, WIRE_GREETING);
}

static void hear_frame(const char *frame, uint64_t now)
{
    uint8_t wire[16] = {SLIP_END};
    size_t n = 1 + slip_escape(wire + 1, (const uint8_t *)frame, strlen(frame));
    wire[n++] = SLIP_END;
    session_received(&session, wire, n, now);
}

START_TEST(an_expected_frame_ends_a_request)
{
    start(start_program);
    send_all(1100);
    hear_frame("OHA", 1200);
    hear_frame("OHAIO", 1200);
    ck_assert_uint_eq(probe.events, 0);
    hear_frame(WIRE_GREETING, 1300);
    ck_assert_uint_eq(probe.events, 1);
    ck_assert_int_eq(probe.last.kind, SESSION_FRAME);
    ck_assert(session_ended(&session));
}
END_TEST

/* It is expected by one request, not by the next. */
START_TEST(an_unexpected_frame_does_not_end_a_request)
{
    start(start_program);
    send_all(1100);
    probe.next = read_register;
    reply(WIRE_MEM_END, 0, "\0\0", 2, 1200);
    send_all(1300);
    hear_frame(WIRE_GREETING, 1400);
    ck_assert_uint_eq(probe.events, 1);
    ck_assert_int_eq(probe.last.kind, SESSION_REPLY);
}
END_TEST

/* A stream. */

#define STREAM_TIMEOUT 5000

static void stream(void)
{
    session_stream(&session, (const uint8_t *)"\2ab\xC0", 4, STREAM_TIMEOUT);
}

static void stream_on(void)
{
    session_stream_on(&session, STREAM_TIMEOUT);
}

static void hear_status(uint64_t now)
{
    uint8_t status[WIRE_STATUS_SIZE] = {WIRE_STREAM, 0xC0, 0xDB}, wire[SLIP_ENCODED_MAX(sizeof(status))] = {SLIP_END};
    size_t n = 1 + slip_escape(wire + 1, status, sizeof(status));
    wire[n++] = SLIP_END;
    session_received(&session, wire, n, now);
}

START_TEST(a_frame_of_a_stream_is_escaped_and_its_end_is_told)
{
    start(stream);
    ck_assert_int_eq(session_want(&session)->kind, SESSION_WANTS_SEND);
    ck_assert_uint_eq(session_want(&session)->len, 7);
    ck_assert_mem_eq(session_want(&session)->bytes, "\xC0\2ab\xDB\xDC\xC0", 7);
    session_sent(&session, 6, 1100);
    ck_assert_uint_eq(probe.events, 0);
    probe.next = stream;
    session_sent(&session, 1, 1200);
    ck_assert_uint_eq(probe.events, 1);
    ck_assert_int_eq(probe.last.kind, SESSION_SENT);
    ck_assert_uint_eq(session_want(&session)->len, 7);
}
END_TEST

START_TEST(a_status_does_not_stop_the_frame_that_is_being_sent)
{
    start(stream);
    session_sent(&session, 3, 1100);
    probe.next = stream_on;
    hear_status(1200);
    ck_assert_uint_eq(probe.events, 1);
    ck_assert_int_eq(probe.last.kind, SESSION_FRAME);
    ck_assert_uint_eq(probe.last.len, WIRE_STATUS_SIZE);
    ck_assert_int_eq(session_want(&session)->kind, SESSION_WANTS_SEND);
    ck_assert_mem_eq(session_want(&session)->bytes, "b\xDB\xDC\xC0", 4);
    ck_assert_uint_eq(session_want(&session)->len, 4);
    probe.next = stream_on;
    send_all(1300);
    ck_assert_int_eq(probe.last.kind, SESSION_SENT);
    ck_assert_int_eq(session_want(&session)->kind, SESSION_WANTS_NOTHING);
    ck_assert_uint_eq(session_deadline(&session), 1300 + STREAM_TIMEOUT);
}
END_TEST

/* Ended by the recipe, or by a request: nothing of the frame's rest is sent. */
START_TEST(a_stream_that_ends_gives_up_its_frame)
{
    start(stream);
    session_sent(&session, 3, 1100);
    probe.next = _i == 0 ? NULL : read_register;
    hear_status(1200);
    ck_assert_int_eq(session_want(&session)->kind, _i == 0 ? SESSION_WANTS_NOTHING : SESSION_WANTS_SEND);
    ck_assert_int_eq(session_ended(&session), _i == 0);
    if (_i == 1)
        ck_assert_mem_eq(session_want(&session)->bytes, "\xC0\0\x0A", 3);
}
END_TEST

/* The line's time is added while a frame is being sent. */
START_TEST(silence_in_a_stream_expires)
{
    start(stream);
    ck_assert_uint_gt(session_deadline(&session), 1000 + STREAM_TIMEOUT + 2 * 500);
    ck_assert_uint_lt(session_deadline(&session), 1000 + STREAM_TIMEOUT + 2 * 1000);
    probe.next = stream_on;
    send_all(1200);
    uint64_t deadline = session_deadline(&session);
    session_expired(&session, deadline - 1);
    ck_assert_int_eq(probe.last.kind, SESSION_SENT);
    probe.next = stream_on;
    session_expired(&session, deadline);
    ck_assert_int_eq(probe.last.kind, SESSION_EXPIRED);
    ck_assert_uint_eq(session_deadline(&session), deadline + STREAM_TIMEOUT);
}
END_TEST

START_TEST(a_late_reply_is_no_event_in_a_stream)
{
    start(stream);
    reply(WIRE_READ_REG, 1, "\0\0", 2, 1100);
    ck_assert_uint_eq(probe.events, 0);
    ck_assert_int_eq(session_want(&session)->kind, SESSION_WANTS_SEND);
}
END_TEST

/* The recipe of a stream looks at the count itself: statuses get damaged. Those that were sent before its end are no
 * stray bytes behind it. */
START_TEST(statuses_are_no_stray_bytes)
{
    start(stream);
    session.stray_limit = 48;
    session_received(&session, (const uint8_t *)"............................................................", 60,
                     1100);
    ck_assert_uint_eq(probe.events, 0);
    ck_assert_uint_eq(session.stray, 60);
    session_received(&session, (const uint8_t *)"\xC0", 1, 1200); /* ends it: a frame, and none of a stream */
    ck_assert_uint_eq(probe.events, 1);
    probe.next = read_register;
    hear_status(1300);
    ck_assert_uint_eq(probe.events, 1);
    start(read_register);
    session.stray_limit = 48;
    send_all(1400);
    for (unsigned i = 0; i < 5; i++)
        hear_status(1500);
    ck_assert_uint_eq(probe.events, 0);
    session_received(&session, (const uint8_t *)"............................................................", 60,
                     1600);
    ck_assert_int_eq(probe.last.kind, SESSION_STRAY);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("session");
    TCase *tcase = tcase_create("session");
    tcase_add_test(tcase, a_request_is_framed_and_escaped);
    tcase_add_test(tcase, only_the_answer_to_this_request_counts);
    tcase_add_test(tcase, a_stub_puts_its_error_first);
    tcase_add_loop_test(tcase, a_refused_request_is_sent_again, 0, 5);
    tcase_add_test(tcase, a_refusal_is_final_when_it_comes_twice_the_same);
    tcase_add_test(tcase, a_reply_whose_length_lies_is_no_answer);
    tcase_add_test(tcase, a_lost_request_is_sent_again_then_given_up);
    tcase_add_test(tcase, a_line_that_takes_no_bytes_expires_too);
    tcase_add_test(tcase, a_request_is_deferred_until_the_late_reply_comes);
    tcase_add_test(tcase, a_lost_late_reply_defers_a_request_for_its_time_only);
    tcase_add_test(tcase, a_late_reply_defers_only_its_own_kind);
    tcase_add_test(tcase, a_block_carries_its_header_and_checksum);
    tcase_add_test(tcase, a_late_answer_is_not_taken_for_the_next_one);
    tcase_add_test(tcase, a_greeting_right_behind_an_answer_is_not_lost);
    tcase_add_test(tcase, lines_and_baud_are_asked_for_and_their_errors_told);
    tcase_add_test(tcase, the_trace_sees_every_byte);
    tcase_add_test(tcase, an_expected_frame_ends_a_request);
    tcase_add_test(tcase, an_unexpected_frame_does_not_end_a_request);
    tcase_add_test(tcase, a_frame_of_a_stream_is_escaped_and_its_end_is_told);
    tcase_add_test(tcase, a_status_does_not_stop_the_frame_that_is_being_sent);
    tcase_add_loop_test(tcase, a_stream_that_ends_gives_up_its_frame, 0, 2);
    tcase_add_test(tcase, silence_in_a_stream_expires);
    tcase_add_test(tcase, a_late_reply_is_no_event_in_a_stream);
    tcase_add_test(tcase, statuses_are_no_stray_bytes);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
