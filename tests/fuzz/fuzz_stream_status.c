/* SPDX-License-Identifier: MIT */
/*
 * The step `stream` against a stub that says what the fuzzer wants: any bytes, statuses of any content with a right
 * CRC-32, or those of a stub that plays along, from which frames get lost. Whatever it says, no frame is sent beyond
 * the limit, no frame has another content than the golden image's, the step is not done before each part's own MD5 has
 * come, and it ends in bounded time.
 *
 * The input is a list of actions, a byte each: the low three bits are the action, the others its argument.
 */
#include "proto/link/bytes.h"
#include "proto/link/duration.h"
#include "proto/step/stream.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#define BAUD        921600
#define SECOND_PART 0x100000
#define FRAMES_MAX  64
#define WRONG_MD5   31
/* The step gives up after 10 s without progress, or 10 requests to begin, 0.3 s each. */
#define SILENT_END  (12 * S)
#define SILENT_LOOP 4000

enum action { ANY_BYTES, REPLY, STATUS, DONE, ANY_STATUS, LOSE, TIME, ANY_REPLY };

static struct golden *golden;
static struct session session;

static struct {
    struct recipe recipe;
    struct stream step;
    enum step_status status;
} one;

/* The input that is left. */
static const uint8_t *input;
static size_t input_left;
static uint64_t now;

/* The stub that plays along. */
static struct {
    size_t part;
    bool has[FRAMES_MAX];
    uint8_t poll;
    unsigned lost; /* frames from now on */
} stub;

/* What the host may know from all that it has heard. */
static struct {
    struct slip_decoder decoder;
    uint8_t frame[SESSION_RX_MAX];
    uint32_t limit;
    bool right_md5[2];
} told;

static void make_golden(void)
{
    static uint8_t image[9 * 1024];
    char error[100];
    uint32_t random = 1;
    for (size_t i = 0; i < sizeof(image); i++)
        image[i] = (uint8_t)((random = random * 1664525 + 1013904223) >> 24);
    golden = golden_new();
    if (!golden || golden_add(golden, "a", 0, image, sizeof(image), error, sizeof(error)) != 0 ||
        golden_add(golden, "b", SECOND_PART, image + 5, 1500, error, sizeof(error)) != 0 ||
        golden_seal(golden, error, sizeof(error)) != 0)
        abort();
}

static size_t take_input(uint8_t *bytes, size_t n)
{
    n = n < input_left ? n : input_left;
    memcpy(bytes, input, n);
    input += n;
    input_left -= n;
    return n;
}

/* The stub speaks. */

static void note_limit(uint32_t limit)
{
    if (limit > told.limit)
        told.limit = limit;
}

static bool crc_right(const uint8_t *frame, size_t len)
{
    return get_le32(frame + len - WIRE_CRC_SIZE) == (uint32_t)crc32(0, frame, (uInt)(len - WIRE_CRC_SIZE));
}

static void note_frame(const uint8_t *frame, size_t len)
{
    if (len >= WIRE_HEADER_SIZE + 2 && frame[0] == WIRE_REPLY && frame[1] == WIRE_STREAM_BEGIN)
        note_limit(get_le32(frame + 4));
    if (len != WIRE_STATUS_SIZE || frame[0] != WIRE_STREAM || !crc_right(frame, len))
        return;
    note_limit(get_le16(frame + WIRE_STATUS_LIMIT));
    for (size_t i = 0; i < golden->n_parts; i++)
        told.right_md5[i] |= frame[WIRE_STATUS_STATE] == WIRE_STREAM_DONE &&
                             memcmp(frame + WIRE_STATUS_MD5, golden->parts[i].md5, GOLDEN_MD5_SIZE) == 0;
}

static void say_bytes(const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (slip_decode(&told.decoder, bytes[i]))
            note_frame(told.decoder.frame, told.decoder.len);
    session_received(&session, bytes, n, now);
}

static void say_frame(const uint8_t *frame, size_t n)
{
    uint8_t wire[SLIP_ENCODED_MAX(64)] = {SLIP_END};
    size_t len = 1 + slip_escape(wire + 1, frame, n);
    wire[len++] = SLIP_END;
    say_bytes(wire, len);
}

static void say_status(uint8_t status[WIRE_STATUS_SIZE])
{
    status[0] = WIRE_STREAM;
    put_le32(status + WIRE_STATUS_SIZE - WIRE_CRC_SIZE, (uint32_t)crc32(0, status, WIRE_STATUS_SIZE - WIRE_CRC_SIZE));
    say_frame(status, WIRE_STATUS_SIZE);
}

static const struct golden_part *stub_part(void)
{
    return &golden->parts[stub.part];
}

static uint32_t next_frame(void)
{
    uint32_t next = 0;
    while (next < FRAMES_MAX && stub.has[next])
        next++;
    return next;
}

/* Honest in all but the MD5, if `credit` is WRONG_MD5. */
static void say_honest_status(bool done, unsigned credit)
{
    uint8_t status[WIRE_STATUS_SIZE] = {0};
    uint32_t next = next_frame(), received = 0, from = stub_part()->offset;
    for (uint32_t i = 0; i < 32 && next + 1 + i < FRAMES_MAX; i++)
        received |= (uint32_t)stub.has[next + 1 + i] << i;
    put_le16(status + WIRE_STATUS_NEXT, (uint16_t)next);
    put_le16(status + WIRE_STATUS_LIMIT, (uint16_t)(next + credit));
    status[WIRE_STATUS_POLL] = stub.poll;
    status[WIRE_STATUS_STATE] = done ? WIRE_STREAM_DONE : WIRE_STREAM_RUNNING;
    put_le32(status + WIRE_STATUS_RECEIVED, received);
    put_le32(status + WIRE_STATUS_ERASED, from);
    put_le32(status + WIRE_STATUS_WRITTEN, from);
    put_le32(status + WIRE_STATUS_VERIFIED, done ? from + stub_part()->padded_size : from);
    if (done)
        memcpy(status + WIRE_STATUS_MD5, stub_part()->md5, GOLDEN_MD5_SIZE);
    status[WIRE_STATUS_MD5] ^= done && credit == WRONG_MD5;
    say_status(status);
    if (done && stub.part + 1 < golden->n_parts) {
        stub.part++;
        memset(stub.has, 0, sizeof(stub.has));
    }
}

/* With the request's data if it begins a stream, so that it is accepted. */
static void say_reply(uint32_t value, uint8_t error)
{
    uint8_t reply[WIRE_HEADER_SIZE + 12 + 2] = {WIRE_REPLY, session.request.op, 12 + 2};
    put_le32(reply + 4, value);
    put_le32(reply + WIRE_HEADER_SIZE, stub_part()->offset);
    put_le32(reply + WIRE_HEADER_SIZE + 4, stub_part()->padded_size);
    reply[WIRE_HEADER_SIZE + 12] = error;
    say_frame(reply, sizeof(reply));
}

/* The stub listens. */

static void take_data_frame(const uint8_t *frame, size_t len)
{
    const struct golden_part *part = &golden->parts[one.step.part];
    uint32_t number = get_le16(frame + 2);
    size_t size = len - WIRE_STREAM_HEADER_SIZE - WIRE_CRC_SIZE, at = (size_t)number * WIRE_STREAM_PAYLOAD;
    assert(crc_right(frame, len));
    stub.poll = frame[1] != 0 ? frame[1] : stub.poll;
    if (size == 0)
        return;
    assert(number < told.limit && at + size <= part->stream.size);
    assert(memcmp(frame + WIRE_STREAM_HEADER_SIZE, part->stream.bytes + at, size) == 0);
    if (stub.lost > 0)
        stub.lost--;
    else if (one.step.part == stub.part)
        stub.has[number] = true;
}

static void take_frame(void)
{
    static uint8_t frame[WIRE_HEADER_SIZE + WIRE_DATA_HEADER_SIZE + WIRE_FLASH_BLOCK];
    struct slip_decoder decoder;
    slip_decoder_init(&decoder, frame, sizeof(frame));
    for (size_t i = 0; i < session.tx_len; i++)
        if (slip_decode(&decoder, session.tx[i]) && frame[0] == WIRE_STREAM)
            take_data_frame(frame, decoder.len);
        else if (decoder.len > 1 && frame[0] == WIRE_REQUEST)
            told.limit = 0; /* the limit of the part before does not count for the next */
    session_sent(&session, session_want(&session)->len, now += MS);
}

static void let_time_pass(void)
{
    now = session_deadline(&session);
    session_expired(&session, now);
}

static void act(void)
{
    uint8_t action, bytes[WIRE_STATUS_SIZE] = {0};
    (void)take_input(&action, 1);
    unsigned argument = action >> 3;
    switch ((enum action)(action & 7)) {
    case ANY_BYTES: say_bytes(bytes, take_input(bytes, argument)); break;
    case REPLY: say_reply(argument, WIRE_OK); break;
    case STATUS: say_honest_status(false, argument); break;
    case DONE: say_honest_status(true, argument); break;
    case ANY_STATUS: (void)take_input(bytes + 1, argument + WIRE_CRC_SIZE), say_status(bytes); break;
    case LOSE: stub.lost = argument; break;
    case TIME: let_time_pass(); break;
    case ANY_REPLY: (void)take_input(bytes, 5), say_reply(get_le32(bytes), bytes[4]); break;
    }
}

static void step(struct recipe *recipe, const struct session_event *event)
{
    (void)recipe;
    const struct stream_parameters parameters = {.golden = golden};
    one.status =
        event->kind == SESSION_STARTED ? stream_start(&one.step, &session, &parameters) : stream_step(&one.step, event);
}

static void run(void)
{
    uint64_t silent_since = 0;
    for (unsigned silent = 0; one.status == STEP_RUNNING;) {
        if (session_want(&session)->kind == SESSION_WANTS_SEND) {
            take_frame();
        } else if (input_left > 0) {
            act();
        } else {
            silent_since = silent == 0 ? now : silent_since;
            let_time_pass();
        }
        silent += input_left == 0;
        assert(silent < SILENT_LOOP && (silent_since == 0 || now - silent_since < SILENT_END));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    if (!golden)
        make_golden();
    memset(&session, 0, sizeof(session));
    memset(&one, 0, sizeof(one));
    memset(&stub, 0, sizeof(stub));
    memset(&told, 0, sizeof(told));
    slip_decoder_init(&told.decoder, told.frame, sizeof(told.frame));
    input = bytes;
    input_left = len;
    now = S;
    one.recipe.step = step;
    session_start(&session, &one.recipe, BAUD, now);
    run();
    assert(one.status != STEP_DONE || (told.right_md5[0] && told.right_md5[1]));
    return 0;
}
