/* SPDX-License-Identifier: MIT */
/* How a port ends: unplugged, stuck, closed. */
#include "tests/preload.h"
#include "tests/runner.h"
#include "tests/unit/daemon/tty_harness.h"

#include <errno.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

static struct tty_harness_port a;
static struct tty_harness_client user;

/* Unplugged */

START_TEST(says_gone_once)
{
    tty_harness_plug(&a, 0, _i & 1);
    tty_harness_open(&user, &a);
    tty_harness_yank(&a);
    if (_i & 2)
        ck_assert_uint_eq(tty_write(user.tty, (const uint8_t *)"x", 1), 0);
    RUN_UNTIL(user.gone);
    ck_assert_int_eq(user.error, -EIO);
    tty_lines(user.tty, true, true);
    ck_assert_uint_eq(tty_write(user.tty, (const uint8_t *)"x", 1), 0);
    for (int i = 0; i < 100; i++)
        uv_run(&tty_harness_loop, UV_RUN_NOWAIT);
    ck_assert_uint_eq(user.gone, 1);
    ck_assert_uint_eq(user.done, 0);
    tty_harness_close(&user);
    tty_harness_check_end(&user);
}
END_TEST

START_TEST(gone_during_an_order)
{
    tty_harness_plug(&a, 0, true);
    tty_harness_open(&user, &a);
    tty_harness_hang_on(&a, TIOCMSET);
    tty_lines(user.tty, true, true);
    tty_harness_wait_for_hang(&a);
    tty_harness_yank(&a);
    tty_harness_answer(&a, EIO);
    RUN_UNTIL(user.done);
    ck_assert_int_eq(user.error, -EIO);
    RUN_UNTIL(user.gone);
    tty_harness_close(&user);
    tty_harness_check_end(&user);
}
END_TEST

/* Stuck */

START_TEST(one_stuck_port_costs_the_others_nothing)
{
    struct tty_harness_port b;
    struct tty_harness_client other_user;
    tty_harness_plug(&a, 0, true);
    tty_harness_plug(&b, 1, true);
    tty_harness_open(&user, &a);
    tty_harness_hang_on(&a, TIOCMSET);
    tty_lines(user.tty, true, true);
    tty_harness_wait_for_hang(&a);

    tty_harness_open(&other_user, &b);
    for (unsigned i = 0; i < 20; i++) {
        tty_lines(other_user.tty, i & 1, i & 2);
        RUN_UNTIL(other_user.done == 2 * i + 1);
        tty_baud(other_user.tty, 115200 * (1 + i % 8));
        RUN_UNTIL(other_user.done == 2 * i + 2);
        tty_harness_send(&b, "y");
        RUN_UNTIL(other_user.n_received == i + 1);
    }
    ck_assert_uint_eq(user.done, 0);
    ck_assert_uint_eq(tty_workers(), 2);
    tty_harness_close(&other_user);
    while (tty_workers() == 2)
        usleep(1000);

    /* The stuck one is given up: the loop has nothing left of it, its worker ends when the kernel lets go. */
    tty_harness_close(&user);
    uv_run(&tty_harness_loop, UV_RUN_DEFAULT);
    ck_assert_uint_eq(tty_workers(), 1);
    ck_assert_int_eq(uv_loop_close(&tty_harness_loop), 0);
    tty_harness_answer(&a, EIO);
    while (tty_workers() > 0)
        usleep(1000);
    ck_assert_uint_eq(user.done + user.after_close + other_user.after_close, 0);
}
END_TEST

/* The process ends although a worker never does: the test is that this one ends. */
START_TEST(exit_does_not_wait)
{
    tty_harness_plug(&a, 0, true);
    tty_harness_open(&user, &a);
    tty_harness_hang_on(&a, TIOCMSET);
    tty_lines(user.tty, true, true);
    tty_harness_wait_for_hang(&a);
    tty_harness_close(&user);
    uv_run(&tty_harness_loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&tty_harness_loop), 0);
    ck_assert_uint_eq(tty_workers(), 1);
}
END_TEST

START_TEST(closes_at_once)
{
    tty_harness_plug(&a, 0, true);
    tty_harness_start_opening(&user, a.devnode);
    tty_harness_close(&user);
    tty_harness_check_end(&user);
    ck_assert_uint_eq(user.opened, 0);
}
END_TEST

START_TEST(closes_while_it_opens)
{
    tty_harness_plug(&a, 0, true);
    tty_harness_hang_on(&a, TIOCMSET);
    tty_harness_start_opening(&user, a.devnode);
    tty_harness_wait_for_hang(&a);
    ck_assert_uint_ne(tty_busy_since(user.tty), 0);
    tty_harness_close(&user);
    uv_run(&tty_harness_loop, UV_RUN_DEFAULT);
    tty_harness_answer(&a, 0);
    tty_harness_check_end(&user);
    ck_assert_uint_eq(user.opened, 0);
    ck_assert_int_eq(flock(a.slave, LOCK_EX | LOCK_NB), 0); /* it let go of the port */
}
END_TEST

/* The answer is already under way to the loop when the port is closed. */
START_TEST(closes_before_the_answer_is_heard)
{
    tty_harness_plug(&a, 0, true);
    tty_harness_open(&user, &a);
    tty_lines(user.tty, true, true);
    for (unsigned sets = 1; sets < 2;) {
        pthread_mutex_lock(&a.lock);
        sets = a.sets;
        pthread_mutex_unlock(&a.lock);
    }
    usleep(20000);
    tty_harness_close(&user);
    tty_harness_check_end(&user);
    ck_assert_uint_eq(user.done, 0);
}
END_TEST

START_TEST(closes_in_a_callback)
{
    tty_harness_plug(&a, 0, true);
    tty_harness_start_opening(&user, a.devnode);
    user.close_in = (unsigned)_i;
    RUN_UNTIL(user.opened);
    ck_assert_int_eq(user.error, 0);
    if (_i == CLOSE_IN_DONE)
        tty_lines(user.tty, true, true);
    if (_i == CLOSE_IN_RECEIVED)
        tty_harness_send(&a, "z");
    if (_i == CLOSE_IN_GONE)
        tty_harness_yank(&a);
    tty_harness_check_end(&user);
    ck_assert(user.closed);
}
END_TEST

/* Hung up: `closed` comes when the kernel has let go, and the port can be had again. */
START_TEST(tells_when_it_is_closed)
{
    struct tty_harness_client again;
    tty_harness_plug(&a, 0, true);
    if (_i == 0) {
        tty_harness_open(&user, &a);
        tty_harness_hang_on(&a, TIOCMSET);
        tty_lines(user.tty, true, true);
    } else {
        tty_harness_hang_on(&a, TIOCMSET);
        tty_harness_start_opening(&user, a.devnode);
    }
    tty_harness_wait_for_hang(&a);
    tty_harness_send(&a, "x");
    tty_hang_up(user.tty);
    tty_hang_up(user.tty);
    for (int i = 0; i < 100; i++)
        uv_run(&tty_harness_loop, UV_RUN_NOWAIT);
    ck_assert_uint_eq(user.hung_up, 0);
    ck_assert_uint_ne(tty_busy_since(user.tty), 0);
    tty_harness_answer(&a, 0);
    RUN_UNTIL(user.hung_up);
    ck_assert_uint_eq(user.done + user.gone + user.writable + user.n_received, 0);
    ck_assert_uint_eq(user.opened, _i == 0);
    tty_harness_open(&again, &a);
    tty_harness_close(&again);
    tty_harness_close(&user);
    tty_harness_check_end(&user);
    ck_assert_uint_eq(user.hung_up, 1);
}
END_TEST

START_TEST(closes_while_it_is_hung_up)
{
    tty_harness_plug(&a, 0, true);
    tty_harness_open(&user, &a);
    if (_i == 0) { /* before the kernel has let go */
        tty_harness_hang_on(&a, TIOCMSET);
        tty_lines(user.tty, true, true);
        tty_harness_wait_for_hang(&a);
        tty_hang_up(user.tty);
        tty_harness_close(&user);
        uv_run(&tty_harness_loop, UV_RUN_DEFAULT);
        tty_harness_answer(&a, EIO);
    } else if (_i == 1) { /* after that, and before it is heard */
        tty_hang_up(user.tty);
        while (tty_workers() > 0)
            usleep(1000);
        tty_harness_close(&user);
    } else {
        user.close_in = CLOSE_IN_CLOSED;
        tty_hang_up(user.tty);
    }
    tty_harness_check_end(&user);
    ck_assert_uint_eq(user.hung_up, _i == 2);
}
END_TEST

/* While a closed port's worker still hangs, gangd itself is who holds the port. */
START_TEST(names_itself)
{
    tty_harness_plug(&a, 0, true);
    tty_harness_open(&user, &a);
    tty_harness_hang_on(&a, TIOCMSET);
    tty_lines(user.tty, true, true);
    tty_harness_wait_for_hang(&a);
    tty_harness_close(&user);
    struct tty_harness_client again;
    tty_harness_start_opening(&again, a.pts);
    RUN_UNTIL(again.opened);
    ck_assert_int_eq(again.cause, CAUSE_PORT_BUSY);
    char detail[128], name[16];
    prctl(PR_GET_NAME, name);
    snprintf(detail, sizeof(detail), "%s is held by %s (pid %d)", a.pts, name, (int)getpid());
    ck_assert_str_eq(again.detail, detail);
    tty_harness_close(&again);
    tty_harness_answer(&a, 0);
    tty_harness_check_end(&again);
}
END_TEST

int main(int argc, char **argv)
{
    (void)argc;
    preload_umockdev(argv);
    TCase *tests = tcase_create("tty_end");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, tty_harness_set_up, NULL);
    tcase_add_loop_test(tests, says_gone_once, 0, 4);
    tcase_add_test(tests, gone_during_an_order);
    tcase_add_test(tests, one_stuck_port_costs_the_others_nothing);
    tcase_add_test(tests, exit_does_not_wait);
    tcase_add_test(tests, closes_at_once);
    tcase_add_test(tests, closes_while_it_opens);
    tcase_add_test(tests, closes_before_the_answer_is_heard);
    tcase_add_loop_test(tests, closes_in_a_callback, CLOSE_IN_OPENED, CLOSE_IN_GONE + 1);
    tcase_add_loop_test(tests, tells_when_it_is_closed, 0, 2);
    tcase_add_loop_test(tests, closes_while_it_is_hung_up, 0, 3);
    tcase_add_test(tests, names_itself);
    Suite *suite = suite_create("tty_end");
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
