/* SPDX-License-Identifier: MIT */
#include "daemon/port/pump.h"

#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/base/memory.h"
#include "daemon/base/timer.h"
#include "daemon/port/tty.h"
#include "proto/link/text.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

_Static_assert(PUMP_BAUDS_MAX <= TTY_BAUDS_MAX, "a pump's rates fit a tty's");

/* The order that the port's thread works on. One at a time (tty.h). */
enum pump_order {
    PORT_IDLE,
    PORT_SETTING,   /* lines or baud, for the session that runs */
    PORT_STALE,     /* the same, for one that has been dropped: the answer is ignored */
    PORT_READING,   /* to read the modem lines */
    PORT_SEARCHING, /* to find an intruder */
};

/* Of the adapter's answer. */
enum pump_watch { WATCH_ON_TIME, WATCH_OVERDUE, WATCH_REPORTED };

struct pump {
    uv_loop_t *loop;
    const struct pump_events *events;
    void *data;
    enum pump_state state;
    char devnode[64];
    uint32_t bauds[PUMP_BAUDS_MAX]; /* to ask the adapter for */
    size_t n_bauds;
    struct tty *tty;         /* NULL only in CLOSED */
    struct session *session; /* only in OPEN; NULL: none runs */
    enum pump_order order;
    enum pump_watch watch;
    bool wants_intruder;   /* asked for, and not yet answered */
    struct timer deadline; /* the session's */
    struct timer tick;     /* for `watch` */
    unsigned open_timers;
};

static const char *state_name(enum pump_state state)
{
    static const char *const names[] = {
#define X(name, comment) [PUMP_##name] = #name,
        PUMP_STATES(X)
#undef X
    };
    return names[state];
}

/* The only way to change state. The adapter of a port that is closed and not opened again is not watched. */
static void enter(struct pump *pump, enum pump_state state)
{
    log_debug("pump", "%s: %s -> %s", pump->devnode, state_name(pump->state), state_name(state));
    pump->state = state;
    if (state == PUMP_CLOSED || state == PUMP_CLOSING) {
        timer_stop(&pump->tick);
        pump->watch = WATCH_ON_TIME;
    } else {
        timer_start(&pump->tick, PUMP_TICK_MS);
    }
}

/* Conversation */

static void set_deadline(struct pump *pump)
{
    uint64_t deadline = session_deadline(pump->session), now = steady_clock_us();
    if (deadline == SESSION_NEVER)
        timer_stop(&pump->deadline);
    else
        timer_start(&pump->deadline, deadline > now ? (deadline - now + 999) / 1000 : 0);
}

/* True if all bytes that are wanted are with the kernel. */
static bool send_bytes(struct pump *pump, const struct session_want *want)
{
    size_t n = tty_write(pump->tty, want->bytes, want->len);
    if (n > 0)
        session_sent(pump->session, n, steady_clock_us());
    return n > 0;
}

static void set_port(struct pump *pump, const struct session_want *want)
{
    if (pump->order != PORT_IDLE)
        return; /* asked again when that is answered */
    pump->order = PORT_SETTING;
    if (want->kind == SESSION_WANTS_LINES)
        tty_lines(pump->tty, want->dtr, want->rts);
    else
        tty_baud(pump->tty, want->baud);
}

/* Begins what the session wants, until it wants something that takes time. */
static void begin_wants(struct pump *pump)
{
    const struct session_want *want = session_want(pump->session);
    while (want->kind == SESSION_WANTS_SEND && send_bytes(pump, want))
        want = session_want(pump->session);
    if (want->kind == SESSION_WANTS_LINES || want->kind == SESSION_WANTS_BAUD)
        set_port(pump, want);
    set_deadline(pump);
}

/* After each event of the session. */
static void go_on(struct pump *pump)
{
    if (session_ended(pump->session)) {
        pump_drop(pump);
        pump->events->ended(pump->data);
        return;
    }
    begin_wants(pump);
    if (pump->events->progressed)
        pump->events->progressed(pump->data);
}

/* A loop that was kept from its work runs its timers first: bytes that wait to be read come before a silence counts. */
static void on_deadline(void *data)
{
    struct pump *pump = data;
    tty_read(pump->tty);
    if (!pump->session)
        return;
    session_expired(pump->session, steady_clock_us());
    go_on(pump);
}

/* The port */

static void on_opened(void *data, int error, enum cause cause, const char *detail)
{
    struct pump *pump = data;
    if (error) {
        pump_hang_up(pump);
        pump->events->failed(pump->data, cause, detail);
    } else {
        pump->watch = WATCH_ON_TIME;
        enter(pump, PUMP_OPEN);
        pump->events->opened(pump->data);
    }
}

static void find_intruder(struct pump *pump)
{
    if (!pump->wants_intruder || pump->order != PORT_IDLE)
        return;
    pump->order = PORT_SEARCHING;
    tty_find_intruder(pump->tty);
}

static void on_intruder(void *data, const char *detail)
{
    struct pump *pump = data;
    bool wanted = pump->wants_intruder;
    pump->order = PORT_IDLE;
    pump->wants_intruder = false;
    if (wanted && pump->events->intruder)
        pump->events->intruder(pump->data, detail);
    else if (pump->session)
        begin_wants(pump);
}

static void on_done(void *data, int error)
{
    struct pump *pump = data;
    bool is_stale = pump->order == PORT_STALE;
    pump->order = PORT_IDLE;
    find_intruder(pump);
    if (!pump->session)
        return;
    if (is_stale) {
        begin_wants(pump);
        return;
    }
    session_done(pump->session, error, steady_clock_us());
    go_on(pump);
}

static void on_modem(void *data, int error, unsigned lines)
{
    struct pump *pump = data;
    pump->order = PORT_IDLE;
    find_intruder(pump);
    if (pump->events->lines)
        pump->events->lines(pump->data, error, lines);
    if (pump->session)
        begin_wants(pump);
}

static void on_received(void *data, const uint8_t *bytes, size_t n)
{
    struct pump *pump = data;
    if (!pump->session)
        return;
    session_received(pump->session, bytes, n, steady_clock_us());
    go_on(pump);
}

static void on_writable(void *data)
{
    struct pump *pump = data;
    if (pump->session)
        begin_wants(pump);
}

static void on_gone(void *data, int error)
{
    struct pump *pump = data;
    pump_hang_up(pump);
    pump->events->gone(pump->data, error);
}

static void start_opening(struct pump *pump);

static void on_closed(void *data)
{
    struct pump *pump = data;
    tty_close(pump->tty);
    pump->tty = NULL;
    if (pump->state == PUMP_REOPENING) {
        start_opening(pump);
        return;
    }
    enter(pump, PUMP_CLOSED);
    if (pump->events->closed)
        pump->events->closed(pump->data);
}

static void start_opening(struct pump *pump)
{
    static const struct tty_events events = {.opened = on_opened,
                                             .done = on_done,
                                             .modem = on_modem,
                                             .intruder = on_intruder,
                                             .received = on_received,
                                             .writable = on_writable,
                                             .gone = on_gone,
                                             .closed = on_closed};
    pump->order = PORT_IDLE;
    pump->tty = tty_open(pump->loop, pump->devnode, pump->bauds, pump->n_bauds, &events, pump);
    enter(pump, PUMP_OPENING);
}

/* The adapter */

static void report_stuck(struct pump *pump)
{
    if (pump->state == PUMP_OPEN)
        pump_hang_up(pump);
    else
        pump->watch = WATCH_REPORTED;
    pump->events->stuck(pump->data);
}

static void on_tick(void *data)
{
    struct pump *pump = data;
    timer_start(&pump->tick, PUMP_TICK_MS);
    uint64_t busy_since = tty_busy_since(pump->tty);
    bool overdue = busy_since != 0 && uv_hrtime() - busy_since > PUMP_STUCK_MS * UINT64_C(1000000);
    if (pump->watch == WATCH_REPORTED)
        return;
    if (overdue && pump->watch == WATCH_OVERDUE)
        report_stuck(pump);
    else
        pump->watch = overdue ? WATCH_OVERDUE : WATCH_ON_TIME;
}

/* The owner's calls */

struct pump *pump_new(uv_loop_t *loop, const struct pump_events *events, void *data)
{
    struct pump *pump = must_calloc(1, sizeof(*pump));
    pump->loop = loop;
    pump->events = events;
    pump->data = data;
    timer_init(&pump->deadline, loop, on_deadline, pump);
    timer_init(&pump->tick, loop, on_tick, pump);
    pump->open_timers = 2;
    return pump;
}

void pump_open(struct pump *pump, const char *devnode, const uint32_t *bauds, size_t n)
{
    assert(pump->state != PUMP_OPENING && pump->state != PUMP_OPEN && n <= PUMP_BAUDS_MAX);
    for (size_t i = 0; i < n; i++)
        pump->bauds[i] = bauds[i];
    pump->n_bauds = n;
    text_copy(pump->devnode, sizeof(pump->devnode), devnode);
    pump->watch = WATCH_ON_TIME;
    if (pump->tty)
        enter(pump, PUMP_REOPENING);
    else
        start_opening(pump);
}

bool pump_can_do(const struct pump *pump, uint32_t baud)
{
    return !pump->tty || tty_can_do(pump->tty, baud);
}

void pump_run(struct pump *pump, struct session *session)
{
    assert(pump->state == PUMP_OPEN && !session_ended(session));
    pump_drop(pump);
    pump->wants_intruder = false;
    pump->session = session;
    tty_flush_input(pump->tty);
    begin_wants(pump);
}

void pump_drop(struct pump *pump)
{
    timer_stop(&pump->deadline);
    pump->session = NULL;
    if (pump->order == PORT_SETTING)
        pump->order = PORT_STALE;
}

void pump_read_lines(struct pump *pump)
{
    if (pump->state != PUMP_OPEN || pump->order != PORT_IDLE)
        return;
    pump->order = PORT_READING;
    tty_modem(pump->tty);
}

void pump_find_intruder(struct pump *pump)
{
    assert(pump->state == PUMP_OPEN && !pump->session);
    pump->wants_intruder = true;
    find_intruder(pump);
}

void pump_hang_up(struct pump *pump)
{
    pump_drop(pump);
    pump->wants_intruder = false;
    if (!pump->tty)
        return;
    tty_hang_up(pump->tty);
    enter(pump, PUMP_CLOSING);
}

void pump_close(struct pump *pump)
{
    pump_drop(pump);
    pump->wants_intruder = false;
    if (!pump->tty)
        return;
    tty_close(pump->tty);
    pump->tty = NULL;
    enter(pump, PUMP_CLOSED);
}

static void on_timer_closed(void *data)
{
    struct pump *pump = data;
    if (--pump->open_timers == 0)
        free(pump);
}

void pump_free(struct pump *pump)
{
    pump_close(pump);
    timer_close(&pump->deadline, on_timer_closed);
    timer_close(&pump->tick, on_timer_closed);
}

enum pump_state pump_state(const struct pump *pump)
{
    return pump->state;
}
