/* SPDX-License-Identifier: MIT */
/* [http] control: who may change the station's state over TCP, and how a browser gets the right to. */
#include "tests/runner.h"
#include "tests/unit/daemon/http_harness.h"
#include "tests/unit/daemon/http_station.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define POST "Content-Length: 0\r\nX-Gangd: 1\r\n"

static const char *const commands[] = {"/api/v1/start", "/api/v1/slots/A1/start", "/api/v1/slots/A1/retry",
                                       "/api/v1/hold?seconds=5"};
#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void start_yes(void)
{
    http_harness_control = CONTROL_YES;
    http_harness_start();
}

static void start_no(void)
{
    http_harness_control = CONTROL_NO;
    http_harness_start();
}

static void start_token(void)
{
    http_harness_control = CONTROL_TOKEN;
    http_harness_start();
}

static void ask_local(struct answer *answer, const char *method, const char *target, const char *headers)
{
    int fd = client_unix();
    client_request(fd, method, target, headers);
    client_answer(fd, answer);
}

/* The path and query of the address that the Unix socket gives. */
static void new_address(char *target, size_t size)
{
    struct answer answer;
    char begin[64];
    ask_local(&answer, "POST", "/api/v1/page", POST);
    ck_assert_int_eq(answer.status, 200);
    json_t *json = json_loads(answer.body, 0, NULL);
    const char *url = json_string_value(json_object_get(json, "url"));
    int len = snprintf(begin, sizeof(begin), "http://127.0.0.1:%u", http_harness_port);
    ck_assert_msg(url && strncmp(url, begin, (size_t)len) == 0, "%s", answer.body);
    snprintf(target, size, "%s", url + len);
    json_decref(json);
    answer_free(&answer);
}

/* Opens an address as a browser does; the header that it sends from then on. */
static void open_address(const char *target, char *cookie, size_t size)
{
    struct answer answer;
    char value[256];
    ask(&answer, "GET", target, "");
    ck_assert_int_eq(answer.status, 303);
    ck_assert_str_eq(answer_header(&answer, "Location", value, sizeof(value)), "/");
    answer_header(&answer, "Set-Cookie", value, sizeof(value));
    ck_assert_ptr_nonnull(strstr(value, "; Path=/; HttpOnly; SameSite=Strict"));
    ck_assert_ptr_null(strstr(value, "Max-Age"));
    snprintf(cookie, size, "Cookie: %.*s\r\n", (int)strcspn(value, ";"), value);
    ck_assert_int_eq(strncmp(cookie, "Cookie: gangd_control=", 22), 0);
    answer_free(&answer);
}

/* What the status and the event stream say of it. */
static void expect_shown(const char *headers, const char *shown)
{
    struct answer answer;
    ask(&answer, "GET", "/api/v1/status", headers);
    ck_assert_msg(strstr(answer.body, shown) != NULL, "%s", answer.body);
    expect_status(&answer, 200);
    int fd = client_tcp();
    client_request(fd, "GET", "/api/v1/events", headers);
    free(client_read_until(fd, shown));
    close(fd);
}

static void expect_refused(const char *headers, const char *part)
{
    for (size_t i = 0; i < N_COMMANDS; i++) {
        struct answer answer;
        ask(&answer, "POST", commands[i], headers);
        expect_error(&answer, 403, part);
    }
    ck_assert_int_eq(http_harness_starts(), 0);
    ck_assert_int_eq(http_harness_held(), 0);
}

static void expect_taken(bool tcp, const char *headers)
{
    int before = http_harness_starts();
    for (size_t i = 0; i < N_COMMANDS; i++) {
        struct answer answer;
        if (tcp)
            ask(&answer, "POST", commands[i], headers);
        else
            ask_local(&answer, "POST", commands[i], headers);
        expect_status(&answer, 202);
    }
    ck_assert_int_eq(http_harness_starts(), before + 3);
    ck_assert_int_eq(http_harness_held(), 5);
}

START_TEST(yes_takes_commands_and_gives_a_plain_address)
{
    char target[128];
    expect_shown("", "\"control\":true,\"control_reason\":null");
    new_address(target, sizeof(target));
    ck_assert_str_eq(target, "/");
    expect_taken(true, POST);
}
END_TEST

START_TEST(no_takes_commands_from_the_unix_socket_alone)
{
    char target[128];
    expect_shown("", "\"control\":false,\"control_reason\":\"commands are taken from gangctl alone");
    expect_refused(POST, "gangctl");
    new_address(target, sizeof(target));
    ck_assert_str_eq(target, "/");
    struct answer answer;
    ask(&answer, "GET", "/?key=", ""); /* means nothing here */
    expect_status(&answer, 200);
    expect_taken(false, POST);
}
END_TEST

START_TEST(token_refuses_who_has_no_cookie)
{
    static const char *const headers[] = {
        (POST),
        (POST "Cookie: gangd_control=\r\n"),
        (POST "Cookie: gangd_control=00000000000000000000000000000000\r\n"),
        (POST "Cookie: gangd_watch=" HARNESS_TOKEN "\r\n"),
        (POST "Authorization: Bearer " HARNESS_TOKEN "\r\n"),
    };
    expect_shown("", "\"control\":false,\"control_reason\":\"this browser may only look");
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
        expect_refused(headers[i], "gangctl page");
    expect_taken(false, POST);
}
END_TEST

START_TEST(token_gives_a_cookie_to_whom_the_unix_socket_sent)
{
    char target[128], cookie[128], headers[256];
    new_address(target, sizeof(target));
    ck_assert_int_eq(strncmp(target, "/?key=", 6), 0);
    ck_assert_uint_eq(strlen(target), 6 + 32);
    open_address(target, cookie, sizeof(cookie));
    ck_assert_ptr_null(strstr(cookie, target + 6)); /* the address is no password */
    expect_shown(cookie, "\"control\":true,\"control_reason\":null");
    snprintf(headers, sizeof(headers), POST "%s", cookie);
    expect_taken(true, headers);

    struct answer answer; /* the other rules hold all the same */
    ask(&answer, "POST", "/api/v1/start", cookie);
    expect_error(&answer, 403, "X-Gangd: 1");
    snprintf(headers, sizeof(headers), POST "%sSec-Fetch-Site: cross-site\r\n", cookie);
    ask(&answer, "POST", "/api/v1/start", headers);
    expect_error(&answer, 403, "another site");
}
END_TEST

START_TEST(an_address_works_once)
{
    char first[128], second[128], cookie[128], again[128];
    struct answer answer;
    new_address(first, sizeof(first));
    new_address(second, sizeof(second));
    ck_assert_str_ne(first, second);
    ask(&answer, "GET", first, "");
    expect_error(&answer, 403, "gangctl page");
    ask(&answer, "HEAD", second, ""); /* a preview does not use it up */
    ck_assert_int_eq(answer.status, 200);
    answer_free(&answer);
    open_address(second, cookie, sizeof(cookie));
    ask(&answer, "GET", second, "");
    expect_error(&answer, 403, "gangctl page");
    ask(&answer, "GET", "/?key=", "");
    expect_error(&answer, 403, "gangctl page");
    ask(&answer, "GET", second, cookie); /* from the browser's history */
    ck_assert_int_eq(answer.status, 303);
    answer_header(&answer, "Set-Cookie", again, sizeof(again));
    ck_assert_int_eq(strncmp(again, cookie + strlen("Cookie: "), 40), 0);
    answer_free(&answer);
}
END_TEST

START_TEST(a_cookie_ends_with_its_gangd)
{
    char target[128], cookie[128], headers[256];
    new_address(target, sizeof(target));
    open_address(target, cookie, sizeof(cookie));
    http_harness_stop();
    http_harness_start();
    snprintf(headers, sizeof(headers), POST "%s", cookie);
    expect_refused(headers, "gangctl page");
}
END_TEST

START_TEST(the_address_is_given_on_the_unix_socket_alone)
{
    struct answer answer;
    ask(&answer, "POST", "/api/v1/page", POST);
    expect_error(&answer, 404, "nothing at");
    int fd = client_watch();
    client_request(fd, "POST", "/api/v1/page", POST "Authorization: Bearer " HARNESS_TOKEN "\r\n");
    client_answer(fd, &answer);
    expect_error(&answer, 404, "nothing at");
    ask_local(&answer, "GET", "/api/v1/page", "");
    expect_error(&answer, 405, "POST");
    ask(&answer, "GET", "/api/v1/", "");
    ck_assert_ptr_null(strstr(answer.body, "/api/v1/page"));
    expect_status(&answer, 200);
    ask_local(&answer, "GET", "/api/v1/", "");
    ck_assert_ptr_nonnull(strstr(answer.body, "/api/v1/page"));
    expect_status(&answer, 200);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("http_control");
    TCase *tcase = tcase_create("yes");
    tcase_add_checked_fixture(tcase, start_yes, http_harness_stop);
    tcase_add_test(tcase, yes_takes_commands_and_gives_a_plain_address);
    suite_add_tcase(suite, tcase);
    tcase = tcase_create("no");
    tcase_add_checked_fixture(tcase, start_no, http_harness_stop);
    tcase_add_test(tcase, no_takes_commands_from_the_unix_socket_alone);
    suite_add_tcase(suite, tcase);
    tcase = tcase_create("token");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, start_token, http_harness_stop);
    tcase_add_test(tcase, token_refuses_who_has_no_cookie);
    tcase_add_test(tcase, token_gives_a_cookie_to_whom_the_unix_socket_sent);
    tcase_add_test(tcase, an_address_works_once);
    tcase_add_test(tcase, a_cookie_ends_with_its_gangd);
    tcase_add_test(tcase, the_address_is_given_on_the_unix_socket_alone);
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
