/* SPDX-License-Identifier: MIT */
/* The rules for every request: who may ask, and in which form. */
#include "tests/runner.h"
#include "tests/unit/daemon/http_harness.h"
#include "tests/unit/daemon/http_station.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

START_TEST(tcp_wants_its_own_host)
{
    static const struct {
        const char *host; /* %u: our port */
        int status;
    } hosts[] = {
        {"127.0.0.1:%u", 200},
        {"localhost:%u", 200},
        {"LOCALHOST:%u", 200},
        {"[::1]:%u", 200},
        {"127.0.0.1", 403},
        {"localhost:80", 403},
        {"evil.example:%u", 403},
        {"127.0.0.1:%u.example", 403},
        {"x127.0.0.1:%u", 403},
        {"::1:%u", 403},
        {"127.0.0.1:%u@evil", 403},
        {"", 403},
        {"127.0.0.1.evil:%u", 403},
        {"127.0.0.1:9000", 200},
        {"Bench.Example", 200},
        {"bench.example:%u", 403},
        {"bench.exampl", 403},
        {"127.0.0.1:9000 bench.example", 403},
        {" ", 403},
    };
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        char host[64], request[256];
        snprintf(host, sizeof(host), hosts[i].host, http_harness_port);
        snprintf(request, sizeof(request), "GET /api/v1/status HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n",
                 host);
        struct answer answer;
        ask_raw(&answer, true, request);
        ck_assert_msg(answer.status == hosts[i].status, "Host \"%s\": %d", host, answer.status);
        answer_free(&answer);
        ask_raw(&answer, false, request); /* nobody is led to a Unix socket by a name */
        expect_status(&answer, 200);
    }
}
END_TEST

START_TEST(a_request_without_host_is_refused_on_tcp)
{
    struct answer answer;
    ask_raw(&answer, true, "GET /api/v1/status HTTP/1.0\r\n\r\n");
    ck_assert_int_eq(answer.status, 403);
    answer_free(&answer);
}
END_TEST

/* A header that decides who asks, or how much, has one value. */
START_TEST(a_header_that_comes_twice_is_refused)
{
    static const char *const pairs[] = {
        "Host: localhost:%u\r\nHost: localhost:%u\r\n",
        "Host: localhost:%u\r\nhost: evil.example\r\n",
        "Host: localhost:%u\r\nOrigin: http://localhost:%u\r\nOrigin: http://evil.example\r\n",
        "Host: localhost:%u\r\nX-Gangd: 1\r\nX-Gangd: 0\r\n",
        "Host: localhost:%u\r\nSec-Fetch-Site: none\r\nSec-Fetch-Site: cross-site\r\n",
        "Host: localhost:%u\r\nContent-Length: 0\r\nContent-Length: 0\r\n",
    };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        for (int tcp = 0; tcp < 2; tcp++) {
            char headers[256], request[512];
            snprintf(headers, sizeof(headers), pairs[i], http_harness_port, http_harness_port);
            snprintf(request, sizeof(request), "POST /api/v1/start HTTP/1.1\r\nConnection: close\r\n%s%s\r\n", headers,
                     strstr(pairs[i], "X-Gangd") ? "" : "X-Gangd: 1\r\n");
            struct answer answer;
            ask_raw(&answer, tcp, request);
            expect_error(&answer, 400, "comes twice");
        }
    }
    ck_assert_int_eq(http_harness_starts(), 0);
}
END_TEST

/* RFC 9112: a server must accept it, although only proxies get it. */
START_TEST(a_target_may_be_in_absolute_form)
{
    static const struct {
        const char *target; /* %u: our port */
        int status;
    } cases[] = {
        {"http://127.0.0.1:%u/api/v1/status", 200},
        {"HTTP://LocalHost:%u/api/v1/status", 200},
        {"http://127.0.0.1:%u/", 200},
        {"http://127.0.0.1:%u", 200},
        {"http://127.0.0.1:%u/nothing", 404},
        {"http://127.0.0.1:%u/api/v1/attempts?limit=1", 200},
        {"http://evil.example:%u/", 403},
        {"http://127.0.0.1:%u@evil.example/", 403},
        {"http://127.0.0.1/", 403},
        {"https://127.0.0.1:%u/", 404},
        {"http:///", 403},
        {"*", 404},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char target[128];
        snprintf(target, sizeof(target), cases[i].target, http_harness_port);
        struct answer answer;
        ask(&answer, "GET", target, "");
        ck_assert_msg(answer.status == cases[i].status, "%s: %d", target, answer.status);
        answer_free(&answer);
    }
    struct answer answer;
    char request[256];
    snprintf(request, sizeof(request), "GET http://localhost:%u/ HTTP/1.1\r\nHost: evil.example\r\n\r\n",
             http_harness_port);
    ask_raw(&answer, true, request);
    expect_error(&answer, 403, "evil.example");
}
END_TEST

/* A page of another site in the bench's browser: it cannot read the answer, but asking costs the book its time. */
START_TEST(a_foreign_site_may_not_ask_the_api)
{
    static const struct {
        const char *site, *target;
        int status;
    } cases[] = {
        {"cross-site", "/api/v1/units?slot=A1", 403},
        {"same-site", "/api/v1/attempts", 403},
        {"Cross-Site", "/api/v1/status", 403},
        {"cross-site", "/api/v1/events", 403},
        {"cross-site", "/api/v1/nothing", 403},
        {"same-origin", "/api/v1/status", 200},
        {"none", "/api/v1/status", 200},
        {"cross-site", "/", 200}, /* a link to the dashboard */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char header[64];
        snprintf(header, sizeof(header), "Sec-Fetch-Site: %s\r\n", cases[i].site);
        struct answer answer;
        ask(&answer, "GET", cases[i].target, header);
        ck_assert_msg(answer.status == cases[i].status, "%s, %s: %d", cases[i].site, cases[i].target, answer.status);
        answer_free(&answer);
    }
}
END_TEST

START_TEST(a_parameter_that_comes_twice_is_refused)
{
    static const char *const targets[] = {"/api/v1/hold?seconds=5&seconds=0",
                                          "/api/v1/start?x&y&x=", "/api/v1/slots/A1/start?a%62=1&ab=2"};
    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        struct answer answer;
        ask(&answer, "POST", targets[i], "Content-Length: 0\r\nX-Gangd: 1\r\n");
        expect_error(&answer, 400, "is given twice");
    }
    ck_assert_int_eq(http_harness_held(), 0);
    ck_assert_int_eq(http_harness_starts(), 0);
    struct answer answer;
    ask(&answer, "GET", "/api/v1/status?a=1&a=1", "");
    expect_error(&answer, 400, "a is given twice");
    ask(&answer, "GET", "/?v=1&v=2", "");
    expect_error(&answer, 400, "v is given twice");
    ask(&answer, "GET", "/api/v1/status?a=1&b=1&aa=1", "");
    expect_status(&answer, 200);
}
END_TEST

/* Each is refused by name: no good escape before it is lost, and nothing is done with half of a request. */
START_TEST(a_broken_escape_is_refused)
{
    static const struct {
        const char *method, *target, *named;
    } cases[] = {
        {"GET", "/api/v1/attempts?slot=%41%31%zz", "\"%zz\""},
        {"GET", "/api/v1/attempts?slot=%41%3", "\"%3\""},
        {"GET", "/api/v1/attempts?slot=%", "\"%\""},
        {"GET", "/api/v1/units?sl%6ft=A1&%4", "\"%4\""},
        {"GET", "/api/v1/status%2", "\"%2\""},
        {"GET", "/%+1", "\"%+1\""},
        {"POST", "/api/v1/hold?seconds=5&%g0", "\"%g0\""},
        {"POST", "/api/v1/slots/A%31%/start", "\"%/s\""},
        {"POST", "/api/v1/hold?seconds=%35%", "\"%\""},
        {"GET", "/?v=%\xff", "\"%?\""},
        {"GET", "/app.js%00.html", "%00 in the path"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct answer answer;
        ask(&answer, cases[i].method, cases[i].target, "Content-Length: 0\r\nX-Gangd: 1\r\n");
        expect_error(&answer, 400, cases[i].named);
    }
    ck_assert_int_eq(http_harness_held(), 0);
    ck_assert_int_eq(http_harness_starts(), 0);
}
END_TEST

START_TEST(escapes_are_decoded_once)
{
    static const struct {
        const char *target, *sentence;
    } cases[] = {
        {"/api/v1/attempts?%6cimit=%30", "limit=0: must be a number"},
        {"/api/v1/attempts?limit=%2530", "limit=%30: must be a number"},
        {"/api/v1/attempts?limit=+1", "limit= 1: must be a number"},
        {"/api/v1/attempts?limit=%2b1", "limit=+1: must be a number"},
        {"/api/v1/attempts?limit=%261=2", "limit=&1=2: must be a number"},
        {"/api/v1/attempts?&limit=0&&", "limit=0: must be a number"},
    };
    struct answer answer;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ask(&answer, "GET", cases[i].target, "");
        expect_error(&answer, 400, cases[i].sentence);
    }
    ask(&answer, "GET", "/%61pp.js", "");
    expect_status(&answer, 200);
    ask(&answer, "GET", "/app+.js", "");
    expect_error(&answer, 404, "there is nothing at /app+.js");
    ask(&answer, "GET", "/api/v1%3Flimit=0", "");
    expect_error(&answer, 404, "there is nothing at /api/v1?limit=0");
}
END_TEST

START_TEST(there_is_an_end_to_parameters)
{
    char target[512] = "/api/v1/status?";
    for (int i = 0; i <= 32; i++) {
        struct answer answer;
        if (i == 32) {
            ask(&answer, "GET", target, "");
            expect_status(&answer, 200);
        }
        sprintf(target + strlen(target), "p%d=1&", i);
    }
    struct answer answer;
    ask(&answer, "GET", target, "");
    expect_error(&answer, 400, "more than 32 parameters");
}
END_TEST

START_TEST(a_foreign_origin_is_refused)
{
    static const struct {
        const char *origin;
        int status;
    } origins[] = {
        {"http://127.0.0.1:%u", 200},
        {"http://evil.example", 403},
        {"null", 403},
        {"https://127.0.0.1:%u", 403},
        {"http://127.0.0.1", 403},
        {"http://localhost:%u", 403},
        {"http://127.0.0.1:%u.evil", 403},
        {"", 403},
    };
    for (size_t i = 0; i < sizeof(origins) / sizeof(origins[0]); i++) {
        char origin[64], header[128];
        snprintf(origin, sizeof(origin), origins[i].origin, http_harness_port);
        snprintf(header, sizeof(header), "Origin: %s\r\n", origin);
        struct answer answer;
        ask(&answer, "GET", "/api/v1/status", header);
        ck_assert_msg(answer.status == origins[i].status, "Origin \"%s\": %d", origin, answer.status);
        answer_free(&answer);
    }
}
END_TEST

START_TEST(what_changes_state_wants_our_header)
{
    struct answer answer;
    ask(&answer, "POST", "/api/v1/slots/A1/retry", "Content-Length: 0\r\n");
    expect_error(&answer, 403, "X-Gangd: 1");
    ask(&answer, "POST", "/api/v1/slots/A1/retry", "Content-Length: 0\r\nX-Gangd: 0\r\n");
    expect_error(&answer, 403, "X-Gangd: 1");
    ask(&answer, "POST", "/api/v1/slots/A1/retry",
        "Content-Length: 0\r\nX-Gangd: 1\r\nOrigin: http://evil.example\r\n");
    expect_error(&answer, 403, "evil.example");
    ck_assert_int_eq(http_harness_starts(), 0);

    ask(&answer, "POST", "/api/v1/slots/A1/retry", "Content-Length: 0\r\nX-Gangd: 1\r\n");
    expect_status(&answer, 202);
    ck_assert_int_eq(http_harness_starts(), 1);
}
END_TEST

START_TEST(a_large_body_is_refused_before_it_comes)
{
    struct answer answer;
    ask(&answer, "POST", "/api/v1/slots/A1/retry", "X-Gangd: 1\r\nContent-Length: 4097\r\n");
    expect_error(&answer, 413, "larger than 4096");
    ask(&answer, "POST", "/api/v1/slots/A1/retry", "X-Gangd: 1\r\nTransfer-Encoding: chunked\r\n");
    expect_error(&answer, 411, "Content-Length");
    ck_assert_int_eq(http_harness_starts(), 0);
}
END_TEST

START_TEST(a_small_body_is_taken_and_ignored)
{
    char body[4097];
    memset(body, 'x', 4096);
    body[4096] = '\0';
    int fd = client_tcp();
    client_request(fd, "POST", "/api/v1/slots/A1/retry", "X-Gangd: 1\r\nContent-Length: 4096\r\n");
    client_send(fd, body);
    struct answer answer;
    client_answer(fd, &answer);
    expect_status(&answer, 202);
}
END_TEST

/* Sends a status request with a header line of so many bytes. */
static int status_with_header_of(size_t size)
{
    char *header = malloc(size + 32);
    ck_assert_ptr_nonnull(header);
    int begin = sprintf(header, "X-Long: ");
    memset(header + begin, 'a', size);
    sprintf(header + begin + size, "\r\n");
    int fd = client_tcp();
    char line[128];
    snprintf(line, sizeof(line), "GET /api/v1/status HTTP/1.1\r\nHost: localhost:%u\r\nConnection: close\r\n",
             http_harness_port);
    client_send(fd, line);
    client_send(fd, header);
    client_send(fd, "\r\n");
    free(header);
    struct answer answer;
    client_answer(fd, &answer);
    int status = answer.status;
    answer_free(&answer);
    return status;
}

START_TEST(a_large_header_is_refused)
{
    ck_assert_int_eq(status_with_header_of(8000), 200);
    ck_assert_int_eq(status_with_header_of(8192), 431);
    int status = status_with_header_of(100000); /* the answer may be lost: the server does not read all that was sent */
    ck_assert(status == 431 || status == 0);
    ck_assert_int_eq(status_with_header_of(10), 200);
}
END_TEST

START_TEST(a_long_url_is_refused)
{
    char target[9001];
    memset(target, 'a', sizeof(target) - 1);
    target[0] = '/';
    target[sizeof(target) - 1] = '\0';
    struct answer answer;
    ask(&answer, "GET", target, "");
    ck_assert_int_eq(answer.status, 431);
    answer_free(&answer);
}
END_TEST

START_TEST(nonsense_ends_only_its_own_connection)
{
    static const char *const nonsense[] = {"GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
                                           "GET / HTTP/1.1\r\nno colon\r\n\r\n",
                                           "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n"};
    static const char *const beginnings[] = {"\r\n\r\n", "\x16\x03\x01\x02", "GET /api/v1/status HT", ""};
    struct answer answer;
    for (size_t i = 0; i < sizeof(nonsense) / sizeof(nonsense[0]); i++) {
        ask_raw(&answer, true, nonsense[i]);
        ck_assert_msg(answer.status == 0 || answer.status >= 400, "%s: %d", nonsense[i], answer.status);
        answer_free(&answer);
    }
    for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++) {
        int fd = client_tcp();
        client_send(fd, beginnings[i]);
        client_reset(fd);
    }
    ask(&answer, "GET", "/api/v1/status", "");
    expect_status(&answer, 200);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("http_rules");
    TCase *tcase = tcase_create("rules");
    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, http_harness_start, http_harness_stop);
    tcase_add_test(tcase, tcp_wants_its_own_host);
    tcase_add_test(tcase, a_request_without_host_is_refused_on_tcp);
    tcase_add_test(tcase, a_header_that_comes_twice_is_refused);
    tcase_add_test(tcase, a_target_may_be_in_absolute_form);
    tcase_add_test(tcase, a_foreign_site_may_not_ask_the_api);
    tcase_add_test(tcase, a_parameter_that_comes_twice_is_refused);
    tcase_add_test(tcase, a_broken_escape_is_refused);
    tcase_add_test(tcase, escapes_are_decoded_once);
    tcase_add_test(tcase, there_is_an_end_to_parameters);
    tcase_add_test(tcase, a_foreign_origin_is_refused);
    tcase_add_test(tcase, what_changes_state_wants_our_header);
    tcase_add_test(tcase, a_large_body_is_refused_before_it_comes);
    tcase_add_test(tcase, a_small_body_is_taken_and_ignored);
    tcase_add_test(tcase, a_large_header_is_refused);
    tcase_add_test(tcase, a_long_url_is_refused);
    tcase_add_test(tcase, nonsense_ends_only_its_own_connection);
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
