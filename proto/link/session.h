/* SPDX-License-Identifier: MIT */
/*
 * A conversation with one chip, without any I/O: bytes and time come in by call, what is to be done comes out as one
 * `want` at a time. The same code runs against a tty, against a virtual board in virtual time and under a fuzzer.
 *
 * The owner's loop: read session_want(), begin to do it, and report the outcome by session_sent(), session_done(),
 * session_received() and session_expired(). After each of these the want may be another.
 *
 * A recipe (recipe/program.h) decides the content of the conversation. It is a state machine: the session hands it one
 * event, it asks for exactly one thing (a request, a pause, modem lines, a baud rate, a bare frame), and gets one event
 * back.
 *
 * Times are microseconds on any clock that does not go back. Nothing is allocated. Every call is cheap.
 */
#ifndef PROTO_LINK_SESSION_H
#define PROTO_LINK_SESSION_H

#include "proto/link/slip.h"
#include "proto/link/wire.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SESSION_NEVER UINT64_MAX

/* The longest frame sent: a data block; and received: a block of READ_FLASH with room to spare. */
#define SESSION_TX_MAX SLIP_ENCODED_MAX(WIRE_HEADER_SIZE + WIRE_DATA_HEADER_SIZE + WIRE_FLASH_BLOCK)
#define SESSION_RX_MAX 4352
#define SESSION_HEARD  256

enum session_want_kind {
    SESSION_WANTS_NOTHING, /* only bytes and time */
    SESSION_WANTS_SEND,    /* `bytes`: tell session_sent() as they go */
    SESSION_WANTS_LINES,   /* `dtr` and `rts`, both in one step: tell session_done() */
    SESSION_WANTS_BAUD,    /* `baud`: tell session_done() */
};

struct session_want {
    enum session_want_kind kind;
    const uint8_t *bytes; /* valid until the next call */
    size_t len;
    bool dtr, rts;
    uint32_t baud;
};

enum session_event_kind {
    SESSION_STARTED, /* the first event of a recipe */
    SESSION_REPLY,   /* the answer to a request, good or bad */
    SESSION_FRAME,   /* a bare frame that session_listen(), session_expect_frame() or a stream waited for */
    SESSION_SENT,    /* the last byte of a stream's frame has been sent */
    SESSION_DONE,    /* lines or baud are set, or `error` says why not */
    SESSION_EXPIRED, /* no answer after the last try; or the pause is over */
    SESSION_STRAY,   /* instead of an answer came more than `stray_limit` bytes that are none */
};

struct session_event {
    enum session_event_kind kind;
    uint8_t op;          /* REPLY */
    uint8_t wire_error;  /* REPLY: enum wire_error; WIRE_OK: done */
    uint32_t value;      /* REPLY */
    const uint8_t *data; /* REPLY (without the status bytes), FRAME: valid during the call */
    size_t len;
    int error; /* DONE: 0 or a negative errno */
};

struct session;

/* First member of every recipe. `step` must call exactly one of the session's requests below, or none when it has
 * ended. */
struct recipe {
    void (*step)(struct recipe *recipe, const struct session_event *event);
};

enum session_trace { SESSION_TRACE_SENT, SESSION_TRACE_RECEIVED };

struct session {
    struct recipe *recipe;
    uint64_t now, deadline;
    uint32_t baud;
    enum {
        SESSION_IDLE,
        SESSION_ASKING,
        SESSION_LISTENING,
        SESSION_PAUSING,
        SESSION_SETTING,
        SESSION_STREAMING
    } activity;
    struct session_want want;

    struct {
        uint8_t op;
        unsigned tries_left, sent;
        uint64_t timeout;
        bool is_block;      /* refused, it is the recipe's to send again: not every stub can tell a repeated one */
        bool value_matters; /* only a reply with `value` is its answer */
        bool deferred;      /* not sent before the late replies of its kind have come */
        uint32_t value;
        uint8_t refusal;   /* enum wire_error of the latest answer */
        const char *frame; /* a bare frame of these bytes ends it too; NULL: none */
    } request;
    /* A request that was sent n times may be answered n times, and most replies do not tell which request they answer.
     * The next request of that kind is deferred until the late replies have come or, at `until`, must be lost. */
    struct {
        uint8_t op;
        unsigned count; /* still expected */
        uint64_t until; /* µs */
    } late_replies;
    uint8_t tx[SESSION_TX_MAX];
    size_t tx_len;

    struct slip_decoder decoder;
    uint8_t rx[SESSION_RX_MAX];

    /* A stub sends replies, and statuses while a stream is open. Other bytes are the boot message of a board that has
     * reset, garbled at the higher rate. `stray`: such bytes since the request, the last reply or status; more of them
     * than `stray_limit` in place of a reply give SESSION_STRAY, 0: no limit. In a stream, where damaged statuses count
     * too, the recipe has to look at them. Set by the step that starts the stub, cleared by the recipe for each try. */
    unsigned stray_limit, stray;

    uint8_t heard[SESSION_HEARD]; /* the first bytes since session_forget(), whatever they are */
    uint64_t heard_total;

    /* Sees each byte as it is sent or received; NULL: none. Tests alone set it today. */
    void (*trace)(void *data, enum session_trace direction, uint64_t now, const uint8_t *bytes, size_t n);
    void *trace_data;
};

/* Begins a conversation at `baud`; the recipe gets SESSION_STARTED. `recipe` must outlive the session. Sets every
 * member but `trace` and `trace_data`, which the owner sets before. */
void session_start(struct session *session, struct recipe *recipe, uint32_t baud, uint64_t now);

/* The owner's side. */
const struct session_want *session_want(const struct session *session);
uint64_t session_deadline(const struct session *session); /* SESSION_NEVER: none */
bool session_ended(const struct session *session);        /* the recipe has asked for nothing more */
void session_sent(struct session *session, size_t n, uint64_t now);
void session_done(struct session *session, int error, uint64_t now);
void session_received(struct session *session, const uint8_t *bytes, size_t n, uint64_t now);
void session_expired(struct session *session, uint64_t now); /* does nothing before the deadline */

/* The recipe's side: exactly one a step. Time-outs run from the moment the last byte is sent; the time the line needs
 * at the current baud is added. `tries` > 1 sends again after a time-out, or
 * when the chip refuses the request and has not refused it so before, since the line may have damaged the request or
 * the answer: only for what may safely happen twice. */
void session_request(struct session *session, enum wire_op op, const void *data, size_t len, uint64_t timeout,
                     unsigned tries);
/* A MEM_DATA, FLASH_DATA or FLASH_DEFL_DATA block, with its header and checksum. `len` <= WIRE_FLASH_BLOCK. */
void session_request_block(struct session *session, enum wire_op op, uint32_t sequence, const uint8_t *payload,
                           size_t len, uint64_t timeout, unsigned tries);
/* Right after a request: only a reply with this value, or an error, is its answer. */
void session_expect(struct session *session, uint32_t value);
/* Right after a request: a bare frame of these characters, which can only come after the answer, is accepted in its
 * place, with SESSION_FRAME. `frame` is a static string. */
void session_expect_frame(struct session *session, const char *frame);
/* Waits for a frame that is no reply: SESSION_FRAME or SESSION_EXPIRED. */
void session_listen(struct session *session, uint64_t timeout);
/* Sends a frame of at most WIRE_FLASH_BLOCK bytes, and hears meanwhile: SESSION_SENT when the line has it,
 * SESSION_FRAME for each bare frame that comes, SESSION_EXPIRED when nothing of both has happened for `timeout`. After
 * a SESSION_FRAME before the SESSION_SENT, session_stream_on() goes on with the same frame; any other request gives it
 * up, half sent. */
void session_stream(struct session *session, const uint8_t *frame, size_t len, uint64_t timeout);
/* Right after session_stream(), or another of these: one more frame behind it. SESSION_SENT comes when the line has all
 * of them. Together they have at most WIRE_FLASH_BLOCK bytes. */
void session_stream_add(struct session *session, const uint8_t *frame, size_t len, uint64_t timeout);
/* The same without a new frame. */
void session_stream_on(struct session *session, uint64_t timeout);
void session_pause(struct session *session, uint64_t duration);
void session_lines(struct session *session, bool dtr, bool rts);
void session_baud(struct session *session, uint32_t baud);

/* Forgets what was heard and half a frame: after a reset or a change of baud. */
void session_forget(struct session *session);

#endif
