/* SPDX-License-Identifier: MIT */
/* The step `stream` against a stub of the test's own, on a line that loses, damages, delays and doubles. */
#include "proto/link/bytes.h"
#include "proto/step/stream.h"
#include "tests/runner.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define BAUD        921600
#define SECOND      1000000ULL
#define PART_SIZE   (40 * 1024)
#define SECOND_PART 0x100000
#define FRAMES_MAX  64
#define CREDIT      12 /* frames that may be ahead */
#define NEVER       UINT_MAX
#define STATUSES    256

/* The stub, and what goes wrong. Frames and statuses are counted from 0; NEVER: none. */
static struct {
    /* Faults. */
    unsigned lost_frame, lost_again; /* its number, and how often */
    unsigned lost_status, late_status, doubled_status, damaged_status;
    unsigned silent_from; /* from this frame on, whatever its number */
    unsigned stuck_from;  /* from this one on nothing is taken, and polls are answered */
    bool says_noise;      /* when silent, to each poll: a boot message */
    unsigned error_at;    /* from this frame on each status has `error` */
    uint8_t error;
    bool wrong_md5;      /* of the first part */
    unsigned bad_echoes; /* replies to STREAM_BEGIN */
    uint32_t elsewhere;  /* so far beside its place is the region that was begun */
    unsigned replace_at; /* at this frame the data of both parts is replaced */
    /* State. */
    size_t part, begins;
    bool has[FRAMES_MAX];
    uint32_t next, told_limit;
    uint8_t poll;
    unsigned frames, polls, statuses;
    unsigned sent[2][FRAMES_MAX]; /* how often each came, by part */
    const uint8_t *data[2];       /* of each part, as it was when it was begun */
    uint32_t data_size[2];
} peer;

static struct {
    uint64_t at;
    uint8_t bytes[SLIP_ENCODED_MAX(80)];
    size_t n;
} queue[STATUSES];
static size_t n_queue;

static struct {
    struct recipe recipe;
    struct stream step;
    enum step_status status;
} one;

static struct golden *golden;
static struct session session;
static uint64_t now;

static void setup(void)
{
    static uint8_t image[PART_SIZE];
    char error[200];
    srand(1);
    for (size_t i = 0; i < sizeof(image); i++)
        image[i] = (uint8_t)rand();
    golden = golden_new();
    ck_assert_int_eq(golden_add(golden, "a", 0, image, sizeof(image), error, sizeof(error)), 0);
    ck_assert_int_eq(golden_add(golden, "b", SECOND_PART, image + 5, 9000, error, sizeof(error)), 0);
    ck_assert_int_eq(golden_seal(golden, error, sizeof(error)), 0);
    memset(&peer, 0, sizeof(peer));
    peer.lost_frame = peer.lost_status = peer.late_status = peer.doubled_status = peer.damaged_status = NEVER;
    peer.silent_from = peer.stuck_from = peer.error_at = peer.replace_at = NEVER;
    n_queue = 0;
    now = SECOND;
}

static void teardown(void)
{
    golden_free(golden);
}

static const struct golden_part *part(void)
{
    return &golden->parts[peer.part];
}

static uint32_t n_frames(void)
{
    return (peer.data_size[peer.part] + WIRE_STREAM_PAYLOAD - 1) / WIRE_STREAM_PAYLOAD;
}

static void say(const void *frame, size_t n, uint64_t delay)
{
    ck_assert_uint_lt(n_queue, STATUSES);
    uint8_t *bytes = queue[n_queue].bytes;
    bytes[0] = SLIP_END;
    size_t len = 1 + slip_escape(bytes + 1, frame, n);
    bytes[len++] = SLIP_END;
    queue[n_queue].n = len;
    queue[n_queue++].at = now + delay;
}

static void say_status(void)
{
    const bool done = peer.next == n_frames();
    uint8_t status[WIRE_STATUS_SIZE] = {WIRE_STREAM};
    unsigned number = peer.statuses++;
    uint32_t limit = peer.next + CREDIT, first = part()->offset + peer.elsewhere;
    status[WIRE_STATUS_ERROR] = peer.frames > peer.error_at ? peer.error : WIRE_OK;
    put_le16(status + WIRE_STATUS_NEXT, (uint16_t)peer.next);
    put_le16(status + WIRE_STATUS_LIMIT, (uint16_t)limit);
    status[WIRE_STATUS_POLL] = peer.poll;
    status[WIRE_STATUS_STATE] = done ? WIRE_STREAM_DONE : WIRE_STREAM_RUNNING;
    uint32_t received = 0;
    for (uint32_t i = 0; i < 32 && peer.next + 1 + i < FRAMES_MAX; i++)
        received |= (uint32_t)peer.has[peer.next + 1 + i] << i;
    put_le32(status + WIRE_STATUS_RECEIVED, received);
    put_le32(status + WIRE_STATUS_ERASED, first);
    put_le32(status + WIRE_STATUS_WRITTEN, first);
    put_le32(status + WIRE_STATUS_VERIFIED, done ? first + part()->padded_size : first);
    if (done)
        memcpy(status + WIRE_STATUS_MD5, part()->md5, GOLDEN_MD5_SIZE);
    status[WIRE_STATUS_MD5] ^= done && peer.wrong_md5 && peer.part == 0;
    put_le32(status + WIRE_STATUS_SIZE - WIRE_CRC_SIZE, (uint32_t)crc32(0, status, WIRE_STATUS_SIZE - WIRE_CRC_SIZE));
    if (number == peer.damaged_status)
        status[WIRE_STATUS_NEXT] ^= 1;
    if (number == peer.lost_status)
        return;
    if (limit > peer.told_limit)
        peer.told_limit = limit;
    say(status, sizeof(status), number == peer.late_status ? 60000 : 1000);
    if (number == peer.doubled_status)
        say(status, sizeof(status), 20000);
}

static void take_begin(const uint8_t *frame)
{
    const uint8_t *words = frame + WIRE_HEADER_SIZE;
    uint8_t reply[WIRE_HEADER_SIZE + 12 + 2] = {WIRE_REPLY, WIRE_STREAM_BEGIN, 14};
    peer.part = get_le32(words) == 0 ? 0 : 1;
    peer.data[peer.part] = part()->stream.bytes;
    peer.data_size[peer.part] = part()->stream.size;
    ck_assert_uint_eq(get_le32(words), part()->offset);
    ck_assert_uint_eq(get_le32(words + 4), part()->padded_size);
    put_le32(reply + 4, CREDIT);
    memcpy(reply + WIRE_HEADER_SIZE, words, 12);
    if (peer.begins++ < peer.bad_echoes)
        reply[WIRE_HEADER_SIZE + 1] ^= 0x10;
    /* What was sent before comes before the reply. */
    for (size_t i = 0; i < n_queue; i++)
        queue[i].at = now;
    memset(peer.has, 0, sizeof(peer.has));
    peer.next = 0;
    peer.poll = 0;
    peer.told_limit = CREDIT;
    say(reply, sizeof(reply), 1000);
}

static void take_poll(uint8_t number)
{
    static const char banner[] = " ets Jan  8 2013,rst cause:2, boot mode:(3,6)\n load 0x40100000";
    peer.polls++;
    peer.poll = number;
    if (peer.frames <= peer.silent_from)
        say_status();
    else if (peer.says_noise)
        say(banner, strlen(banner), 1000);
}

/* By something shorter. The stub of this test inflates nothing. */
static void replace_data(void)
{
    for (size_t i = 0; i < 2; i++) {
        uint32_t size = golden->parts[i].stream.size / 2;
        uint8_t *data = malloc(size);
        memset(data, 0x11 * (int)(i + 1), size);
        golden_replace_stream(golden, i, data, size);
    }
}

static void take_data(uint32_t number)
{
    unsigned count = peer.frames++;
    if (count == peer.replace_at)
        replace_data();
    ck_assert_uint_lt(number, n_frames());
    ck_assert_uint_lt(number, peer.told_limit);
    peer.sent[peer.part][number]++;
    if (count >= peer.silent_from || count >= peer.stuck_from)
        return;
    if (number == peer.lost_frame && peer.lost_again > 0) {
        peer.lost_again--;
        return;
    }
    bool gap = number > peer.next;
    peer.has[number] = true;
    while (peer.has[peer.next])
        peer.next++;
    if (gap || count % 4 == 3 || peer.next == n_frames() || count >= peer.error_at)
        say_status();
}

static void take_frame(const uint8_t *frame, size_t len)
{
    if (frame[0] == WIRE_REQUEST) {
        take_begin(frame);
        return;
    }
    ck_assert_uint_eq(frame[0], WIRE_STREAM);
    ck_assert_uint_eq(get_le32(frame + len - WIRE_CRC_SIZE), (uint32_t)crc32(0, frame, (uInt)len - WIRE_CRC_SIZE));
    size_t n = len - WIRE_STREAM_HEADER_SIZE - WIRE_CRC_SIZE;
    uint32_t number = get_le16(frame + 2);
    if (n == 0) {
        take_poll(frame[1]);
        return;
    }
    ck_assert_mem_eq(frame + WIRE_STREAM_HEADER_SIZE, peer.data[peer.part] + (size_t)number * WIRE_STREAM_PAYLOAD, n);
    take_data(number);
}

/* The line takes all at once, and is busy with it for its time: what is said meanwhile is heard behind it. */
static void take_bytes(void)
{
    static uint8_t frame[2048];
    const struct session_want want = *session_want(&session);
    struct slip_decoder decoder;
    slip_decoder_init(&decoder, frame, sizeof(frame));
    const uint64_t begun = now;
    for (size_t i = 0; i < want.len; i++) {
        now = begun + (i + 1) * 10 * SECOND / BAUD;
        if (slip_decode(&decoder, want.bytes[i]))
            take_frame(frame, decoder.len);
    }
    session_sent(&session, want.len, now);
}

/* Lets time pass to the next answer, `limit` or the deadline. */
static bool hear(uint64_t limit)
{
    size_t next = n_queue;
    for (size_t i = 0; i < n_queue; i++)
        if (queue[i].at <= limit) {
            limit = queue[i].at;
            next = i;
        }
    if (next == n_queue)
        return false;
    uint8_t bytes[sizeof(queue[0].bytes)];
    size_t n = queue[next].n;
    memcpy(bytes, queue[next].bytes, n);
    memmove(&queue[next], &queue[next + 1], (--n_queue - next) * sizeof(queue[0]));
    now = limit > now ? limit : now;
    session_received(&session, bytes, n, now);
    return true;
}

static void take_event(struct recipe *recipe, const struct session_event *event)
{
    ck_assert_ptr_eq(recipe, &one.recipe);
    one.status = event->kind == SESSION_STARTED
                     ? stream_start(&one.step, &session, &(struct stream_parameters){.golden = golden, .flags = 0x201})
                     : stream_step(&one.step, event);
}

static enum step_status run(void)
{
    memset(&session, 0, sizeof(session));
    one.recipe.step = take_event;
    session_start(&session, &one.recipe, BAUD, now);
    session.stray_limit = 48;
    for (unsigned turns = 0; one.status == STEP_RUNNING; turns++) {
        ck_assert_uint_lt(turns, 100000);
        if (hear(now))
            continue;
        if (session_want(&session)->kind == SESSION_WANTS_SEND)
            take_bytes();
        else if (!hear(session_deadline(&session)))
            session_expired(&session, now = session_deadline(&session));
    }
    ck_assert(session_ended(&session));
    ck_assert_int_eq(session_want(&session)->kind, SESSION_WANTS_NOTHING);
    return one.status;
}

static void expect_done(unsigned resends)
{
    ck_assert_int_eq(run(), STEP_DONE);
    ck_assert_uint_eq(one.step.resends, resends);
    for (peer.part = 0; peer.part < 2; peer.part++)
        for (uint32_t i = 0; i < n_frames(); i++)
            ck_assert_uint_ge(peer.sent[peer.part][i], 1);
}

static void expect_failure(enum evidence_kind kind, enum operation operation)
{
    ck_assert_int_eq(run(), STEP_FAILED);
    ck_assert_int_eq(one.step.base.evidence.kind, kind);
    ck_assert_int_eq(one.step.base.evidence.operation, operation);
}

START_TEST(each_frame_of_both_parts_is_sent_once)
{
    expect_done(0);
    ck_assert_uint_eq(peer.polls, 0);
    ck_assert_uint_eq(peer.begins, 2);
    for (peer.part = 0; peer.part < 2; peer.part++)
        for (uint32_t i = 0; i < n_frames(); i++)
            ck_assert_uint_eq(peer.sent[peer.part][i], 1);
}
END_TEST

/* Each frame, once and twice: it alone is sent again, and that costs a round trip. */
START_TEST(a_lost_frame_alone_is_sent_again)
{
    peer.lost_frame = (unsigned)_i / 2;
    peer.lost_again = 1 + (unsigned)_i % 2;
    unsigned lost = peer.lost_again;
    uint64_t begun = now;
    expect_done(lost);
    ck_assert_uint_eq(peer.sent[0][peer.lost_frame], 1 + lost);
    /* 50 frames of 11 ms, and per loss its resend, or a poll before it where nothing comes behind the frame. */
    ck_assert_uint_lt(now - begun, 50 * 12000 + lost * 120000);
}
END_TEST

/* Each status of the stream, also the one that tells its end. */
START_TEST(a_status_may_be_lost_damaged_late_or_doubled)
{
    unsigned number = (unsigned)_i / 4;
    switch (_i % 4) {
    case 0: peer.lost_status = number; break;
    case 1: peer.damaged_status = number; break;
    case 2: peer.late_status = number; break;
    case 3: peer.doubled_status = number; break;
    }
    ck_assert_int_eq(run(), STEP_DONE);
    ck_assert_uint_eq(one.step.resends, 0);
}
END_TEST

/* As recompression does it: the part at work goes on with the data that it began with. */
START_TEST(data_that_is_replaced_is_sent_from_the_next_part_on)
{
    peer.replace_at = 10;
    expect_done(0);
    ck_assert_ptr_eq(peer.data[0], golden->parts[0].first_stream);
    ck_assert_ptr_eq(peer.data[1], golden->parts[1].stream.bytes);
    ck_assert_ptr_ne(peer.data[1], golden->parts[1].first_stream);
}
END_TEST

START_TEST(a_damaged_request_is_made_again)
{
    peer.bad_echoes = 3;
    expect_done(0);
    ck_assert_uint_eq(peer.begins, 5);
}
END_TEST

START_TEST(a_request_that_is_always_damaged_ends_the_stream)
{
    peer.bad_echoes = NEVER;
    expect_failure(EVIDENCE_REFUSED, OPERATION_BEGIN_WRITE);
    ck_assert_uint_eq(one.step.base.evidence.wire_error, WIRE_ERR_INVALID);
    ck_assert_uint_eq(peer.frames, 0);
}
END_TEST

/* The right content, and its MD5, at another place. */
START_TEST(a_stream_to_another_place_is_none)
{
    peer.elsewhere = _i == 0 ? 0x1000 : 0x200000;
    expect_failure(EVIDENCE_REFUSED, OPERATION_STREAM);
    ck_assert_uint_eq(one.step.base.evidence.wire_error, WIRE_ERR_INVALID);
}
END_TEST

START_TEST(silence_is_polled_and_then_given_up)
{
    peer.silent_from = 20;
    uint64_t begun = now;
    expect_failure(EVIDENCE_NO_ANSWER, OPERATION_STREAM);
    ck_assert_uint_gt(peer.polls, 10);
    ck_assert_uint_gt(now - begun, 2 * SECOND);
    ck_assert_uint_lt(now - begun, 3 * SECOND);
}
END_TEST

START_TEST(a_boot_message_ends_the_stream_sooner)
{
    peer.silent_from = 20;
    peer.says_noise = true;
    uint64_t begun = now;
    expect_failure(EVIDENCE_STRAY, OPERATION_STREAM);
    ck_assert_uint_gt(one.step.base.evidence.count, 48);
    ck_assert_uint_lt(now - begun, 3 * SECOND / 2);
}
END_TEST

START_TEST(a_stub_that_gets_nowhere_is_given_up)
{
    peer.stuck_from = 20;
    uint64_t begun = now;
    expect_failure(EVIDENCE_NO_ANSWER, OPERATION_STREAM);
    ck_assert_uint_gt(now - begun, 10 * SECOND);
    ck_assert_uint_lt(now - begun, 12 * SECOND);
}
END_TEST

START_TEST(an_error_ends_the_stream)
{
    peer.error_at = 10;
    peer.error = WIRE_ERR_SLOW;
    expect_failure(EVIDENCE_REFUSED, OPERATION_STREAM);
    ck_assert_uint_eq(one.step.base.evidence.wire_error, WIRE_ERR_SLOW);
    ck_assert_uint_eq(one.step.base.evidence.address, 0);
}
END_TEST

/* All is written first: the caller reads it again. */
START_TEST(a_wrong_md5_is_told_in_the_end)
{
    peer.wrong_md5 = true;
    expect_failure(EVIDENCE_MISMATCH, OPERATION_VERIFY);
    ck_assert_uint_eq(peer.begins, 2);
    ck_assert_str_eq(one.step.base.evidence.name, "a");
    ck_assert_uint_eq(one.step.base.evidence.address, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stream");
    TCase *tcase = tcase_create("stream");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, each_frame_of_both_parts_is_sent_once);
    tcase_add_loop_test(tcase, a_lost_frame_alone_is_sent_again, 0, 2 * 41);
    tcase_add_loop_test(tcase, a_status_may_be_lost_damaged_late_or_doubled, 0, 4 * 14);
    tcase_add_test(tcase, data_that_is_replaced_is_sent_from_the_next_part_on);
    tcase_add_test(tcase, a_damaged_request_is_made_again);
    tcase_add_test(tcase, a_request_that_is_always_damaged_ends_the_stream);
    tcase_add_loop_test(tcase, a_stream_to_another_place_is_none, 0, 2);
    tcase_add_test(tcase, silence_is_polled_and_then_given_up);
    tcase_add_test(tcase, a_boot_message_ends_the_stream_sooner);
    tcase_add_test(tcase, a_stub_that_gets_nowhere_is_given_up);
    tcase_add_test(tcase, an_error_ends_the_stream);
    tcase_add_test(tcase, a_wrong_md5_is_told_in_the_end);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
