/* SPDX-License-Identifier: MIT */
/*
 * A close() that waits for a far end that takes nothing. No pty waits so; a TCP connection with SO_LINGER does, and a
 * signal ends its wait as it ends that of a serial port (tests/kernel/stuck.py has the real drivers).
 */
#include "daemon/port/port_close.h"
#include "tests/runner.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define LINGER_S 3

static int listener, near, far;

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void connect_both(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    near = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(listener, 0);
    ck_assert_int_ge(near, 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, size), 0);
    ck_assert_int_eq(listen(listener, 1), 0);
    ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    ck_assert_int_eq(connect(near, (struct sockaddr *)&address, size), 0);
    far = accept(listener, NULL, NULL);
    ck_assert_int_ge(far, 0);
}

/* Unsent bytes, for which close() waits. */
static void set_up(void)
{
    static const char bytes[64 * 1024];
    const struct linger linger = {.l_onoff = 1, .l_linger = LINGER_S};
    connect_both();
    ck_assert_int_eq(setsockopt(near, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)), 0);
    while (send(near, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
        ;
    ck_assert_int_eq(errno, EAGAIN);
}

static void tear_down(void)
{
    close(far);
    close(listener);
}

START_TEST(close_alone_waits)
{
    double begun = now();
    close(near);
    ck_assert_double_ge(now() - begun, LINGER_S - 0.5);
}
END_TEST

static void *close_port(void *data)
{
    double *took = data;
    double begun = now();
    port_close(near);
    *took = now() - begun;
    return NULL;
}

START_TEST(a_signal_ends_the_wait)
{
    pthread_t thread;
    double took;
    ck_assert_int_eq(pthread_create(&thread, NULL, close_port, &took), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_double_ge(took, PORT_CLOSE_MS / 1000.0 - 0.05);
    ck_assert_double_le(took, LINGER_S / 2.0);
    ck_assert_int_eq(fcntl(near, F_GETFD), -1);
    ck_assert_int_eq(errno, EBADF);
}
END_TEST

/* No signal comes behind it. */
START_TEST(a_close_in_good_order_is_left_alone)
{
    int ends[2];
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    port_close(ends[0]);
    const struct timespec longer = {.tv_nsec = 2 * PORT_CLOSE_MS * 1000000L};
    ck_assert_int_eq(nanosleep(&longer, NULL), 0);
    close(ends[1]);
    close(near);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("port_close");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, close_alone_waits);
    tcase_add_test(tests, a_signal_ends_the_wait);
    tcase_add_test(tests, a_close_in_good_order_is_left_alone);
    Suite *suite = suite_create("port_close");
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
