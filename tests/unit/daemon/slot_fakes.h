/* SPDX-License-Identifier: MIT */
/*
 * What a slot stands on, in virtual time: clock, timers, pump and book that do nothing but note what they were asked.
 * Definitions: one file of a test program includes it, and then has these instead of the real ones. One slot at a time.
 */
#ifndef TESTS_UNIT_DAEMON_SLOT_FAKES_H
#define TESTS_UNIT_DAEMON_SLOT_FAKES_H

#include "daemon/base/clock.h"
#include "daemon/base/timer.h"
#include "daemon/book/book.h"
#include "daemon/port/pump.h"

#include <check.h>
#include <string.h>

/* What was asked of pump and book since it was cleared, one word each, in order: "open run drop read hang-up close
 * begin cancel note end". What changes nothing (a port that is closed twice) is not in it. */
static char asked[256];

static void ask(const char *word)
{
    size_t n = strlen(asked);
    snprintf(asked + n, sizeof(asked) - n, "%s%s", n > 0 ? " " : "", word);
}

/* Time */

static uint64_t now_us;
static int64_t clock_set_by; /* µs by which the wall clock was set since */
static struct timer *timers[8];
static uint64_t due_ms[8]; /* 0: stopped */

int64_t wall_clock_us(void)
{
    return INT64_C(1700000000000000) + clock_set_by + (int64_t)now_us;
}

uint64_t steady_clock_us(void)
{
    return now_us;
}

static size_t timer_index(const struct timer *timer)
{
    size_t i = 0;
    while (timers[i] != timer)
        ck_assert_uint_lt(++i, 8);
    return i;
}

void timer_init(struct timer *timer, uv_loop_t *loop, void (*fired)(void *data), void *data)
{
    (void)loop;
    size_t i = timer_index(NULL);
    timers[i] = timer;
    due_ms[i] = 0;
    timer->fired = fired;
    timer->data = data;
}

void timer_start(struct timer *timer, uint64_t ms)
{
    due_ms[timer_index(timer)] = now_us / 1000 + ms + 1;
}

void timer_stop(struct timer *timer)
{
    due_ms[timer_index(timer)] = 0;
}

void timer_close(struct timer *timer, void (*closed)(void *data))
{
    timers[timer_index(timer)] = NULL;
    closed(timer->data);
}

/* Lets the time pass until this one fires. False if it is stopped. */
static bool timer_fire(struct timer *timer)
{
    size_t i = timer_index(timer);
    if (due_ms[i] == 0)
        return false;
    now_us = due_ms[i] * 1000;
    due_ms[i] = 0;
    timer->fired(timer->data);
    return true;
}

/* The book: what it has been asked for and has not yet committed. */

static book_begun_cb begun;
static book_ended_cb booked;
static void *book_data;
static struct attempt last_row; /* as it was given to the book */

/* The pump */

struct pump {
    const struct pump_events *events;
    void *data;
    enum pump_state state;
    struct session *session;
    bool searching; /* for an intruder */
};

static struct pump pump;

struct pump *pump_new(uv_loop_t *loop, const struct pump_events *events, void *data)
{
    (void)loop;
    pump = (struct pump){.events = events, .data = data};
    return &pump;
}

void pump_open(struct pump *self, const char *devnode, const uint32_t *bauds, size_t n)
{
    ck_assert(bauds && n > 0);
    ck_assert(self->state != PUMP_OPENING && self->state != PUMP_OPEN);
    ck_assert_str_eq(devnode, "/dev/ttyUSB0");
    self->state = self->state == PUMP_CLOSED ? PUMP_OPENING : PUMP_REOPENING;
    ask("open");
}

bool pump_can_do(const struct pump *self, uint32_t baud)
{
    ck_assert_int_eq(self->state, PUMP_OPEN);
    return baud <= 921600;
}

/* The row comes first: while it is being committed nothing may go out. */
void pump_run(struct pump *self, struct session *session)
{
    ck_assert_int_eq(self->state, PUMP_OPEN);
    ck_assert_ptr_null(begun);
    ck_assert(!session_ended(session));
    self->session = session;
    ask("run");
}

void pump_drop(struct pump *self)
{
    if (self->session)
        ask("drop");
    self->session = NULL;
}

void pump_read_lines(struct pump *self)
{
    if (self->state == PUMP_OPEN)
        ask("read");
}

void pump_find_intruder(struct pump *self)
{
    ck_assert_int_eq(self->state, PUMP_OPEN);
    ck_assert_ptr_null(self->session);
    self->searching = true;
}

void pump_hang_up(struct pump *self)
{
    self->searching = false;
    if (self->state != PUMP_CLOSED && self->state != PUMP_CLOSING) {
        ask("hang-up");
        self->state = PUMP_CLOSING;
    }
    self->session = NULL;
}

void pump_close(struct pump *self)
{
    if (self->state != PUMP_CLOSED)
        ask("close");
    self->state = PUMP_CLOSED;
    self->session = NULL;
}

void pump_free(struct pump *self)
{
    self->state = PUMP_CLOSED;
    self->session = NULL;
}

enum pump_state pump_state(const struct pump *self)
{
    return self->state;
}

/* The book */

uint64_t book_begin(struct book *book, const struct attempt *attempt, book_begun_cb done, void *data)
{
    (void)book;
    ck_assert_int_eq(pump.state, PUMP_OPEN); /* a row for a port that cannot be had would be one too many */
    ck_assert_ptr_null(begun);
    ck_assert_int_eq(attempt->id, 0);
    begun = done;
    book_data = data;
    last_row = *attempt;
    ask("begin");
    return 17;
}

void book_cancel(struct book *book, uint64_t ticket, enum cause cause)
{
    (void)book;
    ck_assert_ptr_nonnull(begun);
    ck_assert_uint_eq(ticket, 17);
    begun = NULL;
    last_row.cause = cause;
    ask("cancel");
}

/* A question is answered by the test; one that is cancelled is not. */
static book_trusted_cb trusted;

uint64_t book_trust(struct book *book, const struct attempt *attempt, book_trusted_cb done, void *data)
{
    (void)book;
    ck_assert_ptr_null(trusted);
    ck_assert_int_eq(attempt->id, 4711);
    ck_assert_str_ne(attempt->mac, "");
    trusted = done;
    book_data = data;
    ask("trust");
    return 18;
}

void book_trust_cancel(struct book *book, uint64_t ticket)
{
    (void)book;
    ck_assert(ticket == 0 || ticket == 18);
    if (ticket != 0)
        trusted = NULL;
}

void book_note(struct book *book, const struct attempt *attempt)
{
    (void)book;
    last_row = *attempt;
    ask("note");
}

void book_end(struct book *book, const struct attempt *attempt, book_ended_cb done, void *data)
{
    (void)book;
    ck_assert_int_eq(attempt->id, 4711);
    booked = done;
    book_data = data;
    last_row = *attempt;
    ask("end");
}

#endif
