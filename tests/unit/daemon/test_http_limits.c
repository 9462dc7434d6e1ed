/* SPDX-License-Identifier: MIT */
/* The local sockets when clients take every connection: slow ones, ones that wait, ones that close at once. */
#include "tests/runner.h"
#include "tests/unit/daemon/http_harness.h"
#include "tests/unit/daemon/http_station.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* docs/api.md. */
#define CONNECTIONS 64
#define STREAMS     32
#define HEADER_MS   10000
#define IDLE_MS     30000
#define CROWD       200

static int clients[CROWD];

static int connect_to(bool tcp)
{
    return tcp ? client_tcp() : client_unix();
}

static void close_clients(int n)
{
    for (int i = 0; i < n; i++)
        close(clients[i]);
}

static long now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Milliseconds until `fd` can be read or has ended; -1 if it takes longer than `most`. */
static long wait_for(int fd, long most)
{
    long begin = now_ms();
    struct pollfd wanted = {.fd = fd, .events = POLLIN};
    return poll(&wanted, 1, (int)most) == 1 ? now_ms() - begin : -1;
}

/* A new client gets its answer within `most` milliseconds. */
static void expect_answer(bool tcp, long most)
{
    int fd = connect_to(tcp);
    client_request(fd, "GET", "/api/v1/status", "");
    long ms = wait_for(fd, most);
    ck_assert_msg(ms >= 0, "no answer on the %s socket within %ld ms", tcp ? "TCP" : "Unix", most);
    struct answer answer;
    client_answer(fd, &answer);
    ck_assert_int_eq(answer.status, 200);
    answer_free(&answer);
}

/* They have their answer and keep the connection, until gangd ends all of them at once: with a loop that is late for
 * the idle time-out, if not before. */
START_TEST(a_socket_opens_again_after_exactly_the_limit)
{
    bool tcp = _i;
    for (int i = 0; i < CONNECTIONS; i++) {
        char request[128];
        clients[i] = connect_to(tcp);
        snprintf(request, sizeof(request), "GET /api/v1/status HTTP/1.1\r\nHost: localhost:%u\r\n\r\n",
                 http_harness_port);
        client_send(clients[i], request);
        free(client_read_until(clients[i], "HTTP/1.1 200 OK"));
    }
    expect_answer(!tcp, 2000); /* each socket has a limit of its own */
    if (wait_for(clients[0], IDLE_MS - 1000) < 0)
        http_harness_block(2000);
    expect_answer(tcp, 5000);
    close_clients(CONNECTIONS);
    expect_answer(tcp, 5000);
}
END_TEST

START_TEST(slow_clients_do_not_lock_others_out)
{
    bool tcp = _i;
    for (int i = 0; i < CROWD; i++) {
        clients[i] = connect_to(tcp);
        client_send(clients[i], "GET /api/v1/status HTTP/1.1\r\nHo");
    }
    expect_answer(tcp, 20000);
    close_clients(CROWD);
}
END_TEST

START_TEST(clients_that_close_at_once_leave_the_socket_open)
{
    bool tcp = _i;
    for (int i = 0; i < CROWD / 2; i++)
        clients[i] = connect_to(tcp);
    close_clients(CROWD / 2);
    expect_answer(tcp, 5000);
    for (int i = 0; i < CROWD / 2; i++) {
        clients[i] = connect_to(tcp);
        client_send(clients[i], "GET / HTTP/1.1\r\n");
    }
    close_clients(CROWD / 2);
    expect_answer(tcp, 5000);
}
END_TEST

/* Sends a byte at a time until the connection ends, and returns the milliseconds that took. */
static long trickle(int fd)
{
    long begin = now_ms();
    while (wait_for(fd, 500) < 0) {
        ck_assert_msg(now_ms() - begin < 4 * HEADER_MS, "a slow client keeps its connection");
        client_send(fd, "x");
    }
    return now_ms() - begin;
}

/* Each has moved within the idle time, all the time. */
START_TEST(a_request_must_be_whole_in_time)
{
    static const char *const beginnings[] = {"", "GET /api/v1/status HTTP/1.1\r\nHost: localhost:%u\r\nX-Long: ",
                                             "POST /api/v1/start HTTP/1.1\r\nHost: localhost:%u\r\nX-Gangd: 1\r\n"
                                             "Content-Length: 4000\r\n\r\n"};
    char request[256];
    snprintf(request, sizeof(request), beginnings[_i], http_harness_port);
    int fd = client_tcp();
    client_send(fd, request);
    long ms = trickle(fd);
    ck_assert_msg(ms > HEADER_MS - 2000 && ms < HEADER_MS + 3000, "dropped after %ld ms", ms);
    close(fd);
    ck_assert_int_eq(http_harness_starts(), 0);
}
END_TEST

START_TEST(a_stream_is_never_too_late)
{
    int fd = client_tcp();
    client_request(fd, "GET", "/api/v1/events", "");
    free(client_read_until(fd, "event: snapshot"));
    sleep(HEADER_MS / 1000 + 2);
    http_harness_publish(1, 1, 0);
    free(client_read_until(fd, "{\"n\":1,"));
    close(fd);
}
END_TEST

static void open_stream(int i, bool tcp)
{
    clients[i] = connect_to(tcp);
    client_request(clients[i], "GET", "/api/v1/events", "");
    free(client_read_until(clients[i], "event: snapshot"));
}

/* One more stream is refused, and says why; all other requests are answered while the streams go on. */
START_TEST(event_streams_leave_half_of_the_connections)
{
    bool tcp = _i;
    for (int i = 0; i < STREAMS; i++)
        open_stream(i, tcp);
    int fd = connect_to(tcp);
    client_request(fd, "GET", "/api/v1/events", "");
    char *text = client_read_until(fd, "}"); /* not to the end: a stream would have none */
    ck_assert_msg(strncmp(text, "HTTP/1.1 503 ", 13) == 0, "%.40s", text);
    ck_assert_ptr_nonnull(strstr(text, "{\"error\":\"there are 32 event streams on this socket"));
    free(text);
    close(fd);
    for (int i = 0; i < CONNECTIONS; i++)
        expect_answer(tcp, 2000);
    http_harness_publish(1, 1, 0);
    for (int i = 0; i < STREAMS; i++)
        free(client_read_until(clients[i], "{\"n\":1,"));

    close(clients[STREAMS - 1]);
    open_stream(STREAMS - 1, tcp);
    client_reset(clients[0]);
    open_stream(0, tcp);
    open_stream(STREAMS, !tcp); /* the other socket has a share of its own */
    close_clients(STREAMS + 1);
}
END_TEST

/* The share is of streams: idle connections beside them give way to each other, not to them. */
START_TEST(streams_and_idle_clients_together_leave_room)
{
    bool tcp = _i;
    for (int i = 0; i < STREAMS; i++)
        open_stream(i, tcp);
    for (int i = STREAMS; i < CONNECTIONS; i++) {
        clients[i] = connect_to(tcp);
        client_send(clients[i], "GET /api/v1/status HTTP/1.1\r\n");
    }
    expect_answer(tcp, 10000);
    http_harness_publish(1, 1, 0);
    for (int i = 0; i < STREAMS; i++)
        free(client_read_until(clients[i], "{\"n\":1,"));
    close_clients(CONNECTIONS);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("http_limits");
    TCase *tcase = tcase_create("limits");
    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, http_harness_start, http_harness_stop);
    tcase_add_loop_test(tcase, a_socket_opens_again_after_exactly_the_limit, 0, 2);
    tcase_add_loop_test(tcase, slow_clients_do_not_lock_others_out, 0, 2);
    tcase_add_loop_test(tcase, clients_that_close_at_once_leave_the_socket_open, 0, 2);
    tcase_add_loop_test(tcase, a_request_must_be_whole_in_time, 0, 3);
    tcase_add_test(tcase, a_stream_is_never_too_late);
    tcase_add_loop_test(tcase, event_streams_leave_half_of_the_connections, 0, 2);
    tcase_add_loop_test(tcase, streams_and_idle_clients_together_leave_room, 0, 2);
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
