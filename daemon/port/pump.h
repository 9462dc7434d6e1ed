/* SPDX-License-Identifier: MIT */
/*
 * Moves a conversation over a serial port: opens the port, does what a session wants (bytes, modem lines, baud rates),
 * tells it what came of that and when its time is up, and watches for an adapter that does not answer. It knows neither
 * what the conversation is about nor who has it: gangd's slots and a program that runs one recipe use it alike.
 *
 *   pump_new -> pump_open -> `opened` -> [pump_run -> `progressed`… -> `ended`]… -> pump_hang_up -> `closed` ->
 * pump_free
 *
 * Everything is on the loop's thread: all calls, and all callbacks, which come from the loop and never out of one of
 * the calls below. In a callback any call is allowed, pump_free() too. What blocks in the kernel is on the port's own
 * thread (tty.h).
 */
#ifndef DAEMON_PORT_PUMP_H
#define DAEMON_PORT_PUMP_H

#include "proto/diagnosis/cause.h"
#include "proto/link/session.h"

#include <stdbool.h>
#include <uv.h>

struct pump;

/* Where the port is. X(name, comment) */
#define PUMP_STATES(X)                                                                                                 \
    X(CLOSED, "no port")                                                                                               \
    X(OPENING, "the kernel opens it")                                                                                  \
    X(OPEN, "a session may run")                                                                                       \
    X(CLOSING, "hung up; the kernel has not yet let go of it")                                                         \
    X(REOPENING, "the same; it is opened as soon as the kernel has let go")

enum pump_state {
#define X(name, comment) PUMP_##name,
    PUMP_STATES(X)
#undef X
};

struct pump_events {
    /* OPENING -> OPEN. Lines released, 115200 baud. No session runs. */
    void (*opened)(void *data);
    /* OPENING -> CLOSING: the port could not be opened. `cause` is CAUSE_PORT_BUSY, CAUSE_PORT_FORBIDDEN,
     * CAUSE_UNPLUGGED or CAUSE_ADAPTER_ERROR, `detail` names the port and its holder or its group (valid during the
     * call). */
    void (*failed)(void *data, enum cause cause, const char *detail);
    /* Bytes, an answer of the port or the end of a time have come to the session, and its recipe goes on. */
    void (*progressed)(void *data); /* may be NULL */
    /* The session's recipe asks for nothing more. The session is dropped; the port is OPEN. */
    void (*ended)(void *data);
    /* What pump_read_lines() asked for: 0 and the lines (TIOCM_CTS, TIOCM_DSR, TIOCM_CAR, …), or a negative errno. Also
     * in the middle of a conversation, whose next order waits until this call returns. */
    void (*lines)(void *data, int error, unsigned lines); /* may be NULL */
    /* What pump_find_intruder() asked for: "/dev/ttyUSB3 was opened by screen (pid 812)" (valid during the call), or ""
     * if no other program has. */
    void (*intruder)(void *data, const char *detail); /* may be NULL */
    /* The adapter has not answered for PUMP_STUCK_MS. A port that was OPEN is hung up, and its session dropped, before
     * the call; one that is OPENING or REOPENING stays so, for the kernel may still answer. Once for each pump_open()
     * and once for the port that it opened. */
    void (*stuck)(void *data);
    /* OPEN -> CLOSING: the adapter was unplugged or died; `error` is a negative errno. The session is dropped. */
    void (*gone)(void *data, int error);
    /* CLOSING -> CLOSED: the kernel has let go of the port. */
    void (*closed)(void *data); /* may be NULL */
};

/* How long an operation of the port may take. The slowest answers of a driver whose adapter works are around a second
 * (docs/linux-serial.md). It must be exceeded at two checks in a row, PUMP_TICK_MS apart: at the first it may be this
 * process that was kept from its work, with the answer on its way to it. */
#define PUMP_STUCK_MS 3000
#define PUMP_TICK_MS  250

/* CLOSED. `events` must outlive the pump. Never NULL: aborts when out of memory. The caller frees with pump_free(). */
struct pump *pump_new(uv_loop_t *loop, const struct pump_events *events, void *data);

/* Opens `devnode` (copied, at most 63 bytes), as soon as the kernel has let go of the port before, and asks the adapter
 * for the `n` rates of `bauds` (copied, at most PUMP_BAUDS_MAX), some milliseconds without a byte. `opened` or `failed`
 * will come, if the kernel answers. Not while the port is OPENING or OPEN. */
#define PUMP_BAUDS_MAX 8
void pump_open(struct pump *pump, const char *devnode, const uint32_t *bauds, size_t n);

/* Whether the adapter of the OPEN port has said that it does this rate. True of a rate that it was not asked for, and
 * of each if its driver cannot tell. */
bool pump_can_do(const struct pump *pump, uint32_t baud);

/* Runs `session`, whose recipe has been started and has not ended, on the OPEN port. What was received before is thrown
 * away: it is the chatter of a firmware. The session and its recipe are the caller's, and must stay until `ended`, or
 * until a call or callback that drops the session. A session that runs already is dropped. */
void pump_run(struct pump *pump, struct session *session);

/* The recipe is over, as its owner has decided: the session is not touched any more. The port stays open. Fine if none
 * runs. */
void pump_drop(struct pump *pump);

/* Asks for the modem lines: `lines` will come. Does nothing unless the port is OPEN, or while another order is under
 * way: the conversation goes first, and the caller asks again. */
void pump_read_lines(struct pump *pump);

/* Asks whether another program has opened the port since the latest pump_run() (tty.h). On an OPEN port, while no
 * session runs. `intruder` will come, unless the port is lost or another session is run before. */
void pump_find_intruder(struct pump *pump);

/* Closes the port in good order and drops the session: -> CLOSING, `closed` will come unless the port is opened again.
 * Unsent bytes are discarded. Fine in any state. */
void pump_hang_up(struct pump *pump);

/* Gives the port up at once and drops the session: -> CLOSED without `closed`. The kernel may still have it, and
 * pump_open() does not wait for that: the same port would be refused as CAUSE_PORT_BUSY. So only for an adapter that is
 * gone or is left alone from now on. Fine in any state. */
void pump_close(struct pump *pump);

/* Closes, and frees as the loop runs on. No callback comes any more. */
void pump_free(struct pump *pump);

enum pump_state pump_state(const struct pump *pump);

#endif
