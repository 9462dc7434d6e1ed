/* SPDX-License-Identifier: MIT */
#include "daemon/port/pump.h"
#include "tests/preload.h"
#include "tests/runner.h"
#include "tests/unit/daemon/tty_harness.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum which { OPENED = 1, FAILED, PROGRESSED, ENDED, LINES, STUCK, GONE, CLOSED };

/* A recipe that wants one thing: lines, a baud, a frame with SYNC, or only time. */
struct want_recipe {
    struct recipe recipe;
    struct session session;
    enum session_want_kind want;
    unsigned done, expired, replies;
    int error;
};

static void step(struct recipe *recipe, const struct session_event *event)
{
    struct want_recipe *self = (struct want_recipe *)recipe;
    self->done += event->kind == SESSION_DONE;
    self->expired += event->kind == SESSION_EXPIRED;
    self->replies += event->kind == SESSION_REPLY;
    self->error = event->error;
    if (event->kind != SESSION_STARTED)
        return;
    switch (self->want) {
    case SESSION_WANTS_LINES: session_lines(&self->session, true, false); break;
    case SESSION_WANTS_BAUD: session_baud(&self->session, 230400); break;
    case SESSION_WANTS_SEND: session_request(&self->session, WIRE_SYNC, "", 0, 50000, 1); break;
    case SESSION_WANTS_NOTHING: session_pause(&self->session, 50000); break;
    }
}

static const uint32_t ladder[] = {2000000, 115200};
static struct tty_harness_port port;
static struct pump *pump;
static unsigned counts[CLOSED + 1], after_free;
static enum which free_in; /* the callback that frees the pump */
static int last_error;
static unsigned last_lines;
static enum cause last_cause;
static struct want_recipe first, second;

static void called(enum which which)
{
    after_free += !pump;
    counts[which]++;
    if (free_in == which) {
        pump_free(pump);
        pump = NULL;
    }
}

static void on_opened(void *data)
{
    ck_assert_ptr_eq(data, &port);
    called(OPENED);
}

static void on_failed(void *data, enum cause cause, const char *detail)
{
    (void)data;
    ck_assert_ptr_nonnull(strstr(detail, "/dev/"));
    last_cause = cause;
    called(FAILED);
}

static void on_progressed(void *data)
{
    (void)data;
    called(PROGRESSED);
}

static void on_ended(void *data)
{
    (void)data;
    called(ENDED);
}

static void on_lines(void *data, int error, unsigned lines)
{
    (void)data;
    last_error = error;
    last_lines = lines;
    called(LINES);
}

static void on_stuck(void *data)
{
    (void)data;
    called(STUCK);
}

static void on_gone(void *data, int error)
{
    (void)data;
    last_error = error;
    called(GONE);
}

static void on_closed(void *data)
{
    (void)data;
    called(CLOSED);
}

static const struct pump_events events = {
    .opened = on_opened,
    .failed = on_failed,
    .progressed = on_progressed,
    .ended = on_ended,
    .lines = on_lines,
    .stuck = on_stuck,
    .gone = on_gone,
    .closed = on_closed,
};

static void plug(bool with_handler)
{
    memset(counts, 0, sizeof(counts));
    after_free = 0;
    free_in = 0;
    tty_harness_plug(&port, 0, with_handler);
    pump = pump_new(&tty_harness_loop, &events, &port);
    ck_assert_int_eq(pump_state(pump), PUMP_CLOSED);
}

static void open_port(bool with_handler)
{
    plug(with_handler);
    pump_open(pump, port.devnode, ladder, 2);
    ck_assert_int_eq(pump_state(pump), PUMP_OPENING);
    RUN_UNTIL(counts[OPENED]);
    ck_assert_int_eq(pump_state(pump), PUMP_OPEN);
}

static void run(struct want_recipe *recipe, enum session_want_kind want)
{
    *recipe = (struct want_recipe){.recipe.step = step, .want = want};
    session_start(&recipe->session, &recipe->recipe, 115200, uv_hrtime() / 1000);
    pump_run(pump, &recipe->session);
}

/* Nothing is left of the pump in the loop, and it has not called back once it was freed. */
static void end(void)
{
    if (pump)
        pump_free(pump);
    pump = NULL;
    uv_run(&tty_harness_loop, UV_RUN_DEFAULT);
    while (tty_workers() > 0)
        usleep(1000);
    ck_assert_int_eq(uv_loop_close(&tty_harness_loop), 0);
    ck_assert_uint_eq(after_free, 0);
}

START_TEST(opens_and_closes)
{
    open_port(false);
    pump_hang_up(pump);
    ck_assert_int_eq(pump_state(pump), PUMP_CLOSING);
    RUN_UNTIL(counts[CLOSED]);
    ck_assert_int_eq(pump_state(pump), PUMP_CLOSED);
    end();
}
END_TEST

START_TEST(a_port_that_is_not_there_fails)
{
    plug(true);
    pump_open(pump, "/dev/nothing-of-this-name", ladder, 2);
    RUN_UNTIL(counts[FAILED]);
    ck_assert_int_eq(last_cause, CAUSE_UNPLUGGED);
    ck_assert_int_eq(pump_state(pump), PUMP_CLOSING);
    pump_open(pump, port.devnode, ladder, 2); /* another is opened when that is through */
    ck_assert_int_eq(pump_state(pump), PUMP_REOPENING);
    RUN_UNTIL(counts[OPENED]);
    ck_assert_uint_eq(counts[CLOSED], 0);
    end();
}
END_TEST

START_TEST(does_each_want_and_says_when_the_recipe_ends)
{
    open_port(true);
    run(&first, SESSION_WANTS_LINES);
    RUN_UNTIL(counts[ENDED] == 1);
    ck_assert_int_eq(port.lines & (TIOCM_DTR | TIOCM_RTS), TIOCM_DTR);
    run(&first, SESSION_WANTS_BAUD);
    RUN_UNTIL(counts[ENDED] == 2);
    ck_assert_int_eq(first.error, 0);
    ck_assert_uint_eq(first.done, 1);
    run(&first, SESSION_WANTS_NOTHING);
    RUN_UNTIL(counts[ENDED] == 3);
    ck_assert_uint_eq(first.expired, 1);
    ck_assert_int_eq(pump_state(pump), PUMP_OPEN);
    end();
}
END_TEST

static void answer_sync(void)
{
    static const uint8_t reply[] = {0xC0, 1, 8, 2, 0, 0, 0, 0, 0, 0, 0, 0xC0};
    ck_assert_int_eq(write(port.master, reply, sizeof(reply)), (ssize_t)sizeof(reply));
}

START_TEST(brings_bytes_both_ways)
{
    open_port(false);
    run(&first, SESSION_WANTS_SEND);
    uint8_t request[64];
    ck_assert_int_gt(read(port.master, request, sizeof(request)), 8);
    answer_sync();
    RUN_UNTIL(counts[ENDED]);
    ck_assert_uint_eq(first.replies, 1);
    end();
}
END_TEST

/* The loop's timers come first: what waits to be read must not be taken for silence. */
START_TEST(bytes_that_wait_to_be_read_come_before_the_deadline)
{
    open_port(false);
    run(&first, SESSION_WANTS_SEND);
    answer_sync();
    usleep(300 * 1000); /* longer than the request's time */
    RUN_UNTIL(counts[ENDED]);
    ck_assert_uint_eq(first.replies, 1);
    ck_assert_uint_eq(first.expired, 0);
    end();
}
END_TEST

START_TEST(the_chatter_before_a_recipe_is_thrown_away)
{
    open_port(false);
    answer_sync();
    run(&first, SESSION_WANTS_SEND);
    RUN_UNTIL(counts[ENDED]);
    ck_assert_uint_eq(first.replies, 0);
    ck_assert_uint_eq(first.expired, 1);
    end();
}
END_TEST

/* The order was for a session that is gone: its answer is not the next one's, whose own order waits for it. */
START_TEST(an_answer_for_a_dropped_session_is_ignored)
{
    open_port(true);
    tty_harness_hang_on(&port, TIOCMSET);
    run(&first, SESSION_WANTS_LINES);
    tty_harness_wait_for_hang(&port);
    pump_drop(pump);
    run(&second, SESSION_WANTS_BAUD);
    tty_harness_answer(&port, EIO);
    RUN_UNTIL(counts[ENDED]);
    ck_assert_uint_eq(first.done, 0);
    ck_assert_uint_eq(second.done, 1);
    ck_assert_int_eq(second.error, 0);
    end();
}
END_TEST

START_TEST(reads_the_modem_lines_between_the_orders_of_a_conversation)
{
    open_port(true);
    port.modem = TIOCM_CTS;
    pump_read_lines(pump);
    run(&first, SESSION_WANTS_LINES); /* waits for the reading */
    ck_assert_uint_eq(port.sets, 1);  /* that of the open */
    RUN_UNTIL(counts[LINES]);
    ck_assert_int_eq(last_error, 0);
    ck_assert_uint_eq(last_lines, TIOCM_CTS);
    RUN_UNTIL(counts[ENDED]);

    tty_harness_hang_on(&port, TIOCMSET);
    run(&first, SESSION_WANTS_LINES);
    tty_harness_wait_for_hang(&port);
    pump_read_lines(pump); /* the conversation goes first */
    tty_harness_answer(&port, 0);
    RUN_UNTIL(counts[ENDED] == 2);
    ck_assert_uint_eq(counts[LINES], 1);
    end();
}
END_TEST

START_TEST(a_reading_that_fails_says_why)
{
    open_port(false); /* a pty has no modem lines */
    pump_read_lines(pump);
    RUN_UNTIL(counts[LINES]);
    ck_assert_int_eq(last_error, -ENOTTY);
    end();
}
END_TEST

START_TEST(an_unplugged_adapter_is_gone)
{
    open_port(true);
    run(&first, SESSION_WANTS_NOTHING);
    tty_harness_yank(&port);
    RUN_UNTIL(counts[GONE]);
    ck_assert_int_eq(last_error, -EIO);
    RUN_UNTIL(counts[CLOSED]);
    ck_assert_uint_eq(first.expired, 0);
    end();
}
END_TEST

START_TEST(an_adapter_that_does_not_answer_is_stuck)
{
    open_port(true);
    tty_harness_hang_on(&port, TIOCMSET);
    run(&first, SESSION_WANTS_LINES);
    tty_harness_wait_for_hang(&port);
    uint64_t begun = uv_hrtime();
    RUN_UNTIL(counts[STUCK]);
    ck_assert_uint_ge((uv_hrtime() - begun) / 1000000, PUMP_STUCK_MS - PUMP_TICK_MS);
    ck_assert_int_eq(pump_state(pump), PUMP_CLOSING);

    /* Opened anew it is reported once more, and waits; the kernel lets go; then all is as ever. */
    pump_open(pump, port.devnode, ladder, 2);
    RUN_UNTIL(counts[STUCK] == 2);
    ck_assert_int_eq(pump_state(pump), PUMP_REOPENING);
    tty_harness_answer(&port, EIO);
    RUN_UNTIL(counts[OPENED] == 2);
    ck_assert_uint_eq(counts[CLOSED], 0);
    ck_assert_uint_eq(first.done, 0);
    run(&first, SESSION_WANTS_LINES);
    RUN_UNTIL(counts[ENDED]);

    /* Also the port that was opened late is watched. */
    tty_harness_hang_on(&port, TIOCMSET);
    run(&first, SESSION_WANTS_LINES);
    tty_harness_wait_for_hang(&port);
    RUN_UNTIL(counts[STUCK] == 3);
    tty_harness_answer(&port, EIO);
    end();
}
END_TEST

START_TEST(given_up_it_can_be_opened_while_the_kernel_still_has_the_old_port)
{
    open_port(true);
    tty_harness_hang_on(&port, TIOCMSET);
    run(&first, SESSION_WANTS_LINES);
    tty_harness_wait_for_hang(&port);
    pump_close(pump);
    ck_assert_int_eq(pump_state(pump), PUMP_CLOSED);
    struct tty_harness_port other;
    tty_harness_plug(&other, 1, true);
    pump_open(pump, other.devnode, ladder, 2);
    RUN_UNTIL(counts[OPENED] == 2);
    tty_harness_answer(&port, EIO);
    ck_assert_uint_eq(counts[CLOSED], 0);
    end();
}
END_TEST

START_TEST(can_be_freed_in_each_callback)
{
    open_port(true);
    free_in = (enum which)_i;
    switch (free_in) {
    case ENDED: run(&first, SESSION_WANTS_LINES); break;
    case PROGRESSED: /* a byte that is no answer */
        run(&first, SESSION_WANTS_NOTHING);
        tty_harness_send(&port, "x");
        break;
    case LINES: pump_read_lines(pump); break;
    case STUCK:
        tty_harness_hang_on(&port, TIOCMSET);
        run(&first, SESSION_WANTS_LINES);
        break;
    case GONE: tty_harness_yank(&port); break;
    case CLOSED: pump_hang_up(pump); break;
    case OPENED:
    case FAILED:
        pump_hang_up(pump); /* not pump_close(): the kernel may still have the port, and a second open be refused */
        pump_open(pump, free_in == FAILED ? "/dev/nothing-of-this-name" : port.devnode, ladder, 2);
        break;
    }
    RUN_UNTIL(!pump);
    if (_i == STUCK)
        tty_harness_answer(&port, EIO);
    end();
}
END_TEST

int main(int argc, char **argv)
{
    (void)argc;
    preload_umockdev(argv);
    TCase *tests = tcase_create("pump");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, tty_harness_set_up, NULL);
    tcase_add_test(tests, opens_and_closes);
    tcase_add_test(tests, a_port_that_is_not_there_fails);
    tcase_add_test(tests, does_each_want_and_says_when_the_recipe_ends);
    tcase_add_test(tests, brings_bytes_both_ways);
    tcase_add_test(tests, bytes_that_wait_to_be_read_come_before_the_deadline);
    tcase_add_test(tests, the_chatter_before_a_recipe_is_thrown_away);
    tcase_add_test(tests, an_answer_for_a_dropped_session_is_ignored);
    tcase_add_test(tests, reads_the_modem_lines_between_the_orders_of_a_conversation);
    tcase_add_test(tests, a_reading_that_fails_says_why);
    tcase_add_test(tests, an_unplugged_adapter_is_gone);
    tcase_add_test(tests, an_adapter_that_does_not_answer_is_stuck);
    tcase_add_test(tests, given_up_it_can_be_opened_while_the_kernel_still_has_the_old_port);
    tcase_add_loop_test(tests, can_be_freed_in_each_callback, OPENED, CLOSED + 1);
    Suite *suite = suite_create("pump");
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
