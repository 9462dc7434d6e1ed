/* SPDX-License-Identifier: MIT */
#include "proto/link/session.h"

#include "proto/link/bytes.h"

#include <assert.h>
#include <string.h>

#define STATUS_SIZE 2 /* status and error, behind the data of every reply */

static void step(struct session *session, const struct session_event *event)
{
    session->activity = SESSION_IDLE;
    session->want.kind = SESSION_WANTS_NOTHING;
    session->deadline = SESSION_NEVER;
    session->recipe->step(session->recipe, event);
}

/* The same during a stream: what is being sent goes on, if the recipe says so. */
static void step_stream(struct session *session, const struct session_event *event)
{
    session->activity = SESSION_IDLE;
    session->deadline = SESSION_NEVER;
    session->recipe->step(session->recipe, event);
    if (session->activity == SESSION_IDLE)
        session->want.kind = SESSION_WANTS_NOTHING;
}

void session_start(struct session *session, struct recipe *recipe, uint32_t baud, uint64_t now)
{
    session->recipe = recipe;
    session->now = now;
    session->baud = baud;
    session->stray_limit = 0;
    session_forget(session);
    step(session, &(struct session_event){.kind = SESSION_STARTED});
}

const struct session_want *session_want(const struct session *session)
{
    return &session->want;
}

uint64_t session_deadline(const struct session *session)
{
    return session->deadline;
}

bool session_ended(const struct session *session)
{
    return session->activity == SESSION_IDLE;
}

void session_forget(struct session *session)
{
    slip_decoder_init(&session->decoder, session->rx, sizeof(session->rx));
    session->heard_total = 0;
    session->late_replies.count = 0;
}

/* Ten bits a byte, and a tenth for the stop bits and gaps of real adapters. */
static uint64_t line_time(const struct session *session, size_t bytes)
{
    return bytes * 11 * 1000000ULL / session->baud;
}

static void send_request(struct session *session)
{
    session->stray = 0;
    session->request.sent++;
    session->request.deferred = false;
    session->want = (struct session_want){
        .kind = SESSION_WANTS_SEND,
        .bytes = session->tx,
        .len = session->tx_len,
    };
    /* Guards a line that takes no bytes at all; the real time-out starts when the last byte is sent. */
    session->deadline = session->now + 2 * line_time(session, session->tx_len) + session->request.timeout;
}

void session_sent(struct session *session, size_t n, uint64_t now)
{
    struct session_want *want = &session->want;
    assert(want->kind == SESSION_WANTS_SEND && n <= want->len);
    session->now = now;
    if (session->trace && n > 0)
        session->trace(session->trace_data, SESSION_TRACE_SENT, now, want->bytes, n);
    want->bytes += n;
    want->len -= n;
    if (want->len > 0)
        return;
    want->kind = SESSION_WANTS_NOTHING;
    if (session->activity == SESSION_STREAMING) {
        step_stream(session, &(struct session_event){.kind = SESSION_SENT});
        return;
    }
    /* "Sent" means that the kernel has it: the adapter may still hold all of it. */
    session->deadline = now + line_time(session, session->tx_len) + session->request.timeout;
}

void session_done(struct session *session, int error, uint64_t now)
{
    assert(session->activity == SESSION_SETTING);
    session->now = now;
    if (session->want.kind == SESSION_WANTS_BAUD && error == 0)
        session->baud = session->want.baud;
    step(session, &(struct session_event){.kind = SESSION_DONE, .error = error});
}

void session_expired(struct session *session, uint64_t now)
{
    if (now < session->deadline)
        return;
    session->now = now;
    if (session->activity == SESSION_ASKING && (session->request.deferred || --session->request.tries_left > 0))
        send_request(session);
    else if (session->activity == SESSION_STREAMING)
        step_stream(session, &(struct session_event){.kind = SESSION_EXPIRED});
    else
        step(session, &(struct session_event){.kind = SESSION_EXPIRED});
}

/* The ROM sends 1 and then the error; a stub the error and then 0. */
static uint8_t reply_error(const uint8_t status[STATUS_SIZE])
{
    return status[0] == 1 ? status[1] : status[0];
}

/* True if the reply is a late one, to a request that was sent more than once. The last of them lets go of a deferred
 * request. */
static bool take_late_reply(struct session *session, uint8_t op)
{
    if (session->late_replies.count == 0 || op != session->late_replies.op ||
        (session->activity == SESSION_ASKING && op == session->request.op && !session->request.deferred))
        return false;
    if (--session->late_replies.count == 0 && session->activity == SESSION_ASKING && session->request.deferred)
        send_request(session);
    return true;
}

/* A SYNC is answered eight times in any case, and a reply with a value of its own is not mistaken for another: after
 * these nothing is deferred. */
static void note_late_replies(struct session *session)
{
    bool told_apart = session->request.op == WIRE_SYNC || session->request.value_matters;
    session->late_replies.op = session->request.op;
    session->late_replies.count = told_apart ? 0 : session->request.sent - 1;
    session->late_replies.until = session->deadline;
}

/* Neither a request nor its answer carries a checksum: a refusal is final when it has come twice, the same. */
static bool refusal_in_doubt(struct session *session, uint8_t error)
{
    bool again = error == session->request.refusal;
    session->request.refusal = error;
    return error != WIRE_OK && !again && !session->request.is_block && session->request.tries_left > 1;
}

static void take_reply(struct session *session, const uint8_t *frame, size_t len)
{
    if (take_late_reply(session, frame[1]))
        return;
    /* Answers to an earlier request (SYNC is answered eight times) are not ours. */
    if (session->activity != SESSION_ASKING || frame[1] != session->request.op)
        return;
    size_t data_len = get_le16(frame + 2);
    if (data_len < STATUS_SIZE || data_len != len - WIRE_HEADER_SIZE)
        return;
    const uint8_t *data = frame + WIRE_HEADER_SIZE;
    uint8_t error = reply_error(data + data_len - STATUS_SIZE);
    uint32_t value = get_le32(frame + 4);
    /* What was damaged on the way there may be refused with any value. */
    if (error == WIRE_OK && session->request.value_matters && value != session->request.value)
        return;
    if (refusal_in_doubt(session, error)) {
        session->request.tries_left--;
        session->request.sent--; /* this one is answered */
        send_request(session);
        return;
    }
    note_late_replies(session);
    step(session, &(struct session_event){
                      .kind = SESSION_REPLY,
                      .op = frame[1],
                      .value = value,
                      .data = data,
                      .len = data_len - STATUS_SIZE,
                      .wire_error = error,
                  });
}

static bool waits_for_frame(const struct session *session, const uint8_t *frame, size_t len)
{
    if (session->activity == SESSION_LISTENING)
        return true;
    const char *expected = session->request.frame;
    return session->activity == SESSION_ASKING && expected && len == strlen(expected) &&
           memcmp(frame, expected, len) == 0;
}

static void take_frame(struct session *session)
{
    const uint8_t *frame = session->decoder.frame;
    size_t len = session->decoder.len;
    bool reply = len >= WIRE_HEADER_SIZE + STATUS_SIZE && frame[0] == WIRE_REPLY;
    if (len == WIRE_STATUS_SIZE && frame[0] == WIRE_STREAM)
        session->stray = 0;
    if (session->activity == SESSION_STREAMING && !reply) {
        step_stream(session, &(struct session_event){.kind = SESSION_FRAME, .data = frame, .len = len});
    } else if (reply) {
        session->stray = 0;
        take_reply(session, frame, len);
    } else if (waits_for_frame(session, frame, len))
        step(session, &(struct session_event){.kind = SESSION_FRAME, .data = frame, .len = len});
}

/* A stub that was asked to end a stream may have sent a status before. */
static bool in_status(const struct slip_decoder *decoder)
{
    return decoder->len > 0 && decoder->len <= WIRE_STATUS_SIZE && decoder->frame[0] == WIRE_STREAM;
}

/* Answers to DIGEST_SECTORS are longer than a boot message. */
static bool in_long_reply(const struct session *session)
{
    const struct slip_decoder *decoder = &session->decoder;
    return session->request.op == WIRE_DIGEST_SECTORS && decoder->len >= WIRE_HEADER_SIZE &&
           decoder->frame[0] == WIRE_REPLY && decoder->frame[1] == WIRE_DIGEST_SECTORS &&
           decoder->len <= WIRE_HEADER_SIZE + (size_t)get_le16(decoder->frame + 2);
}

void session_received(struct session *session, const uint8_t *bytes, size_t n, uint64_t now)
{
    session->now = now;
    if (session->trace && n > 0)
        session->trace(session->trace_data, SESSION_TRACE_RECEIVED, now, bytes, n);
    for (size_t i = 0; i < n; i++) {
        if (session->heard_total < SESSION_HEARD)
            session->heard[session->heard_total] = bytes[i];
        session->heard_total++;
        bool complete = slip_decode(&session->decoder, bytes[i]);
        session->stray += !in_status(&session->decoder) && !in_long_reply(session);
        if (complete)
            take_frame(session);
        if (session->activity == SESSION_ASKING && session->stray_limit > 0 && session->stray > session->stray_limit)
            step(session, &(struct session_event){.kind = SESSION_STRAY});
    }
}

/* SLIP-encodes header, head and payload into tx and starts to send. */
static void ask(struct session *session, enum wire_op op, uint32_t checksum, const uint8_t *head, size_t head_len,
                const uint8_t *payload, size_t payload_len, uint64_t timeout, unsigned tries)
{
    assert(session->activity == SESSION_IDLE && tries > 0);
    assert(head_len + payload_len <= WIRE_DATA_HEADER_SIZE + WIRE_FLASH_BLOCK);
    uint8_t header[WIRE_HEADER_SIZE] = {WIRE_REQUEST, (uint8_t)op};
    put_le16(header + 2, (uint16_t)(head_len + payload_len));
    put_le32(header + 4, checksum);

    uint8_t *tx = session->tx;
    *tx++ = SLIP_END;
    tx += slip_escape(tx, header, sizeof(header));
    tx += slip_escape(tx, head, head_len);
    tx += slip_escape(tx, payload, payload_len);
    *tx++ = SLIP_END;
    session->tx_len = (size_t)(tx - session->tx);

    session->activity = SESSION_ASKING;
    session->request.op = (uint8_t)op;
    session->request.timeout = timeout;
    session->request.tries_left = tries;
    session->request.sent = 0;
    session->request.value_matters = false;
    session->request.frame = NULL;
    session->request.refusal = WIRE_OK;
    session->request.is_block = payload != NULL;
    session->request.deferred =
        session->late_replies.count > 0 && session->late_replies.op == op && session->now < session->late_replies.until;
    if (session->request.deferred)
        session->deadline = session->late_replies.until;
    else
        send_request(session);
}

void session_request(struct session *session, enum wire_op op, const void *data, size_t len, uint64_t timeout,
                     unsigned tries)
{
    ask(session, op, 0, data, len, NULL, 0, timeout, tries);
}

void session_request_block(struct session *session, enum wire_op op, uint32_t sequence, const uint8_t *payload,
                           size_t len, uint64_t timeout, unsigned tries)
{
    uint8_t head[WIRE_DATA_HEADER_SIZE] = {0};
    put_le32(head, (uint32_t)len);
    put_le32(head + 4, sequence);
    uint8_t checksum = WIRE_CHECKSUM_SEED;
    for (size_t i = 0; i < len; i++)
        checksum ^= payload[i];
    ask(session, op, checksum, head, sizeof(head), payload, len, timeout, tries);
}

void session_expect(struct session *session, uint32_t value)
{
    session->request.value_matters = true;
    session->request.value = value;
}

void session_expect_frame(struct session *session, const char *frame)
{
    session->request.frame = frame;
}

void session_listen(struct session *session, uint64_t timeout)
{
    session->activity = SESSION_LISTENING;
    session->deadline = session->now + timeout;
}

void session_stream(struct session *session, const uint8_t *frame, size_t len, uint64_t timeout)
{
    assert(session->activity == SESSION_IDLE);
    session->tx_len = 0;
    session->want = (struct session_want){.kind = SESSION_WANTS_SEND, .bytes = session->tx};
    session_stream_add(session, frame, len, timeout);
}

void session_stream_add(struct session *session, const uint8_t *frame, size_t len, uint64_t timeout)
{
    assert(session->want.kind == SESSION_WANTS_SEND && session->want.len == session->tx_len);
    assert(session->tx_len + SLIP_ENCODED_MAX(len) <= sizeof(session->tx));
    uint8_t *start = session->tx + session->tx_len, *tx = start;
    *tx++ = SLIP_END;
    tx += slip_escape(tx, frame, len);
    *tx++ = SLIP_END;
    session->tx_len += (size_t)(tx - start);
    session->want.len = session->tx_len;
    session_stream_on(session, timeout);
}

void session_stream_on(struct session *session, uint64_t timeout)
{
    session->activity = SESSION_STREAMING;
    session->deadline = session->now + timeout;
    if (session->want.kind == SESSION_WANTS_SEND)
        session->deadline += 2 * line_time(session, session->tx_len);
}

void session_pause(struct session *session, uint64_t duration)
{
    session->activity = SESSION_PAUSING;
    session->deadline = session->now + duration;
}

void session_lines(struct session *session, bool dtr, bool rts)
{
    session->activity = SESSION_SETTING;
    session->want = (struct session_want){.kind = SESSION_WANTS_LINES, .dtr = dtr, .rts = rts};
}

void session_baud(struct session *session, uint32_t baud)
{
    session->activity = SESSION_SETTING;
    session->want = (struct session_want){.kind = SESSION_WANTS_BAUD, .baud = baud};
}
