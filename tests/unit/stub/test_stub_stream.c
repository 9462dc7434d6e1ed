/* SPDX-License-Identifier: MIT */
/* The stub's stream: frames in any order, credits, gaps, polls, and what a status tells. */
#include "stub/flash_digest.h"
#include "tests/md5.h"
#include "tests/runner.h"
#include "tests/unit/stub/stream_fake.h"

#include <stdlib.h>
#include <zlib.h>

#define SECTORS    (PART_SIZE / SPI_SECTOR)
#define SIZE       (40 * SPI_SECTOR)
#define FRAME_SIZE (WIRE_STREAM_HEADER_SIZE + WIRE_STREAM_PAYLOAD + WIRE_CRC_SIZE)
#define PLAN_SIZE  ((2 * (SIZE / SPI_SECTOR) + WIRE_PLAN_ALIGN - 1) / WIRE_PLAN_ALIGN * WIRE_PLAN_ALIGN)

static uint8_t wanted[SIZE], packed[SIZE + 8192];
static size_t n_packed;
static uint32_t n_frames;
static struct reply reply;

static struct {
    unsigned count; /* so far */
    uint8_t bytes[WIRE_STATUS_SIZE];
} status; /* the latest */

/* Content that does not deflate, and a stream in which each sector is data. */
static void setup(void)
{
    static uint8_t raw[PLAN_SIZE + SIZE];
    stream_close();
    memset(&part, 0, sizeof(part));
    memset(&line, 0, sizeof(line));
    memset(&status, 0, sizeof(status));
    part.fails_at = UINT32_MAX;
    memset(part.programmed, true, sizeof(part.programmed));
    srand(3);
    for (size_t i = 0; i < SIZE; i++)
        raw[PLAN_SIZE + i] = wanted[i] = (uint8_t)rand();
    uLongf size = sizeof(packed);
    ck_assert_int_eq(compress2(packed, &size, raw, sizeof(raw), 9), Z_OK);
    n_packed = size;
    n_frames = (uint32_t)(n_packed + WIRE_STREAM_PAYLOAD - 1) / WIRE_STREAM_PAYLOAD;
    crc32_init();
    frame_limit(FRAME_MAX);
    flash_set_size(PART_SIZE);
    ck_assert_int_eq(begin_stream(0, SIZE, 0, &reply), WIRE_OK);
}

static void take_status(const uint8_t *frame, size_t n)
{
    static uint8_t sum[WIRE_STATUS_SIZE] __attribute__((aligned(4)));
    ck_assert_uint_eq(n, WIRE_STATUS_SIZE);
    memcpy(sum, frame, n);
    ck_assert_uint_eq(get_le32(frame + n - WIRE_CRC_SIZE), crc32_of(sum, n - WIRE_CRC_SIZE));
    memcpy(status.bytes, frame, n);
    status.count++;
}

static void take_statuses(void)
{
    uint8_t frame[2 * WIRE_STATUS_SIZE];
    struct slip_decoder decoder;
    slip_decoder_init(&decoder, frame, sizeof(frame));
    for (size_t i = 0; i < line.n_out; i++)
        if (slip_decode(&decoder, line.out[i]))
            take_status(frame, decoder.len);
    line.n_out = 0;
}

/* Until there is nothing to do. */
static void work(void)
{
    for (unsigned turns = 0; turn(); turns++)
        ck_assert_uint_lt(turns, 10000000);
    take_statuses();
}

static void send_frame_number(uint32_t number)
{
    size_t at = (size_t)number * WIRE_STREAM_PAYLOAD, left = n_packed - at;
    send_to_stub(number, 0, packed + at, left < WIRE_STREAM_PAYLOAD ? left : WIRE_STREAM_PAYLOAD, 0);
}

static void poll(uint8_t number)
{
    send_to_stub(n_frames, number, NULL, 0, 0);
    work();
    ck_assert_uint_eq(status.bytes[WIRE_STATUS_POLL], number);
}

static uint32_t told_next(void)
{
    return get_le16(status.bytes + WIRE_STATUS_NEXT);
}

static uint32_t told_limit(void)
{
    return get_le16(status.bytes + WIRE_STATUS_LIMIT);
}

static uint32_t told_received(void)
{
    return get_le32(status.bytes + WIRE_STATUS_RECEIVED);
}

static void expect_done(void)
{
    uint8_t md5[16];
    md5_of(wanted, SIZE, md5);
    ck_assert_uint_eq(status.bytes[WIRE_STATUS_ERROR], WIRE_OK);
    ck_assert_uint_eq(status.bytes[WIRE_STATUS_STATE], WIRE_STREAM_DONE);
    ck_assert_uint_eq(told_next(), n_frames);
    ck_assert_uint_eq(get_le32(status.bytes + WIRE_STATUS_ERASED), SIZE);
    ck_assert_uint_eq(get_le32(status.bytes + WIRE_STATUS_WRITTEN), SIZE);
    ck_assert_uint_eq(get_le32(status.bytes + WIRE_STATUS_VERIFIED), SIZE);
    ck_assert_mem_eq(status.bytes + WIRE_STATUS_MD5, md5, 16);
    ck_assert_mem_eq(part.bytes, wanted, SIZE);
}

START_TEST(begin_is_answered_with_its_own_words)
{
    ck_assert_uint_eq(reply.size, 12);
    ck_assert_uint_eq(get_le32(reply.data + 4), SIZE);
    ck_assert_int_eq(begin_stream(SPI_SECTOR, 100, WIRE_STREAM_DUAL | 3 << WIRE_STREAM_DIVIDER_SHIFT, &reply), WIRE_OK);
    ck_assert_uint_eq(get_le32(reply.data), SPI_SECTOR);
    ck_assert_uint_eq(get_le32(reply.data + 8), WIRE_STREAM_DUAL | 3 << WIRE_STREAM_DIVIDER_SHIFT);
    ck_assert_uint_eq(part.divider, 3);
    ck_assert(part.dual);
    stream_close();
    ck_assert_uint_eq(part.divider, 0);
    ck_assert(!part.dual && !stream_is_open());
    ck_assert_int_eq(begin_stream(100, SIZE, 0, &reply), WIRE_ERR_INVALID);
    ck_assert_int_eq(begin_stream(0, PART_SIZE + 1, 0, &reply), WIRE_ERR_INVALID);
    ck_assert(!stream_is_open());
}
END_TEST

START_TEST(frames_in_order_are_written_and_read_back)
{
    for (uint32_t number = 0; number < n_frames; number++) {
        send_frame_number(number);
        work();
    }
    expect_done();
    poll(9);
    expect_done();
}
END_TEST

/* All that fits behind the first one waits for it, and is told. */
START_TEST(frames_behind_a_gap_wait)
{
    for (uint32_t number = STREAM_SLOTS - 1; number >= 1; number--) {
        send_frame_number(number);
        work();
        ck_assert_uint_eq(told_next(), 0);
        ck_assert_uint_eq(told_received() >> (number - 1), (1u << (STREAM_SLOTS - number)) - 1);
    }
    send_frame_number(STREAM_SLOTS); /* there is no slot for it */
    work();
    ck_assert_uint_eq(told_received(), (1u << (STREAM_SLOTS - 1)) - 1);
    send_frame_number(0);
    work();
    poll(1);
    ck_assert_uint_eq(told_next(), STREAM_SLOTS);
    ck_assert_uint_eq(told_received(), 0);
    for (uint32_t number = STREAM_SLOTS; number < n_frames; number++)
        send_frame_number(number), work();
    expect_done();
}
END_TEST

/* A frame for which there is no slot yet is kept while the job still makes room. */
START_TEST(a_frame_is_held_until_there_is_a_slot)
{
    for (uint32_t number = 0; number < STREAM_SLOTS + 8; number++)
        if (number != STREAM_SLOTS - 1)
            send_frame_number(number);
    work();
    poll(1);
    ck_assert_uint_eq(told_next(), STREAM_SLOTS - 1);
    ck_assert_uint_eq(told_received(), (1u << 8) - 1);
}
END_TEST

START_TEST(what_is_no_good_frame_is_ignored)
{
    static const uint8_t too_long[2 * FRAME_SIZE] = {SLIP_END, WIRE_STREAM};
    send_to_stub(0, 0, packed, WIRE_STREAM_PAYLOAD, 1);
    send_to_stub(0, 5, NULL, 0, 1);
    put_on_line(too_long, sizeof(too_long));
    put_on_line((const uint8_t *)"\xC0\x02\xC0\x02\1\0\0\xC0\xDB\x02\xC0", 11);
    work();
    poll(1);
    ck_assert_uint_eq(told_next(), 0);
    ck_assert_uint_eq(told_received(), 0);
    for (unsigned i = 0; i < 3; i++) { /* known ones do no harm */
        send_frame_number(0);
        send_frame_number(1);
    }
    work();
    poll(2);
    ck_assert_uint_eq(told_next(), 2);
}
END_TEST

START_TEST(a_closed_stream_takes_nothing)
{
    stream_close();
    send_frame_number(0);
    send_to_stub(0, 1, NULL, 0, 0);
    work();
    ck_assert_uint_eq(status.count, 0);
    ck_assert_int_eq(flash_write_state(true), WIRE_ERR_NOT_FLASHING);
}
END_TEST

/* What may be sent fits the slots and the ring, even if each byte is escaped. */
START_TEST(credits_never_exceed_what_fits)
{
    uint32_t limit = reply.value, sent = 0;
    ck_assert_uint_le((limit - STREAM_SLOTS) * (2 * FRAME_SIZE + 1), UART_RING - 4);
    for (unsigned turns = 0; status.bytes[WIRE_STATUS_STATE] != WIRE_STREAM_DONE; turns++) {
        ck_assert_uint_lt(turns, 10000000);
        for (; sent < n_frames && sent < limit; sent++)
            send_frame_number(sent);
        turn();
        take_statuses();
        if (status.count > 0 && told_limit() > limit)
            limit = told_limit();
        if (status.count > 0)
            ck_assert_uint_le(told_limit() - told_next(), STREAM_SLOTS + (UART_RING - 4) / (2 * FRAME_SIZE + 1));
    }
    ck_assert_uint_le(line.most_waiting, UART_RING - 4);
    expect_done();
}
END_TEST

START_TEST(a_part_that_fails_is_told)
{
    part.fails_at = 0x10000;
    for (uint32_t number = 0; number < 10; number++)
        send_frame_number(number), work();
    ck_assert_uint_eq(status.bytes[WIRE_STATUS_ERROR], WIRE_ERR_SPI);
    poll(3);
    ck_assert_uint_eq(status.bytes[WIRE_STATUS_ERROR], WIRE_ERR_SPI);
    ck_assert_uint_eq(status.bytes[WIRE_STATUS_STATE], WIRE_STREAM_RUNNING);
}
END_TEST

/* After an error no data is taken from the slots any more, and what comes must still be looked at: a request may
 * follow. */
START_TEST(frames_are_taken_after_an_error)
{
    part.fails_at = 0;
    for (uint32_t number = 0; number < n_frames; number++) {
        send_frame_number(number);
        work();
        ck_assert(stream_takes_frame());
    }
    ck_assert_uint_eq(status.bytes[WIRE_STATUS_ERROR], WIRE_ERR_SPI);
}
END_TEST

/* A line that loses, doubles and mixes up frames as it happens to come; the stub works as much as it happens to. */
START_TEST(a_bad_line_only_takes_longer)
{
    srand((unsigned)_i + 1);
    unsigned idle = 1 + (unsigned)rand() % 2000;
    for (unsigned rounds = 0; status.bytes[WIRE_STATUS_STATE] != WIRE_STREAM_DONE; rounds++) {
        ck_assert_uint_lt(rounds, 100000);
        ck_assert_uint_eq(status.bytes[WIRE_STATUS_ERROR], WIRE_OK);
        uint32_t limit = status.count > 0 ? told_limit() : reply.value, next = told_next();
        limit = limit < n_frames ? limit : n_frames;
        for (unsigned i = 0; i < 5 && next < limit && line.n_in - line.at_in < UART_RING / 2; i++) {
            uint32_t number = rand() % 3 == 0 ? next : next + (uint32_t)rand() % (limit - next);
            if (rand() % 4 > 0)
                send_frame_number(number);
            else
                put_on_line(packed, (size_t)rand() % 100);
        }
        if (rand() % 20 == 0)
            send_to_stub(n_frames, (uint8_t)(1 + rand() % 255), NULL, 0, 0);
        for (unsigned i = 0; i < idle; i++)
            turn();
        take_statuses();
    }
    expect_done();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stub stream");
    TCase *tcase = tcase_create("stream");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, begin_is_answered_with_its_own_words);
    tcase_add_test(tcase, frames_in_order_are_written_and_read_back);
    tcase_add_test(tcase, frames_behind_a_gap_wait);
    tcase_add_test(tcase, a_frame_is_held_until_there_is_a_slot);
    tcase_add_test(tcase, what_is_no_good_frame_is_ignored);
    tcase_add_test(tcase, a_closed_stream_takes_nothing);
    tcase_add_test(tcase, credits_never_exceed_what_fits);
    tcase_add_test(tcase, a_part_that_fails_is_told);
    tcase_add_test(tcase, frames_are_taken_after_an_error);
    tcase_add_loop_test(tcase, a_bad_line_only_takes_longer, 0, 50);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
