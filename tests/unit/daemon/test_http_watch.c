/* SPDX-License-Identifier: MIT */
/* The read-only listener: who may look, and that nobody can do more. */
#include "daemon/api/token.h"
#include "tests/runner.h"
#include "tests/unit/daemon/http_harness.h"
#include "tests/unit/daemon/http_station.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SHOWN "Authorization: Bearer " HARNESS_TOKEN "\r\n"

static void ask_watch(struct answer *answer, const char *method, const char *target, const char *headers)
{
    int fd = client_watch();
    client_request(fd, method, target, headers);
    client_answer(fd, answer);
}

START_TEST(nothing_is_shown_without_the_token)
{
    static const char *const headers[] = {
        "",
        "Authorization: Bearer 0123456789abcdef-._\r\n",
        "Authorization: Bearer \r\n",
        ("Authorization: Basic " HARNESS_TOKEN "\r\n"),
        "Cookie: gangd_watch=0123456789abcdef-._x\r\n",
        ("Cookie: other=" HARNESS_TOKEN "\r\n"),
    };
    static const char *const targets[] = {"/",
                                          "/app.js",
                                          "/api/v1/status",
                                          "/api/v1/events",
                                          "/nothing",
                                          "/?token=wrong",
                                          ("/api/v1/status?token=" HARNESS_TOKEN)};
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        for (size_t j = 0; j < sizeof(targets) / sizeof(targets[0]); j++) {
            struct answer answer;
            char value[32];
            ask_watch(&answer, "GET", targets[j], headers[i]);
            ck_assert_msg(answer.status == 401, "%s, %s: %d", headers[i], targets[j], answer.status);
            ck_assert_str_eq(answer_header(&answer, "WWW-Authenticate", value, sizeof(value)), "Bearer");
            ck_assert_ptr_null(strstr(answer.body, HARNESS_TOKEN));
            answer_free(&answer);
        }
    }
}
END_TEST

START_TEST(the_token_opens_the_status_the_events_and_the_page)
{
    static const char *const shown[] = {SHOWN, "Cookie: a=b; gangd_watch=" HARNESS_TOKEN "\r\n"};
    static const char *const targets[] = {"/", "/app.js", "/api/v1/status"};
    for (size_t i = 0; i < 2; i++) {
        for (size_t j = 0; j < sizeof(targets) / sizeof(targets[0]); j++) {
            struct answer answer;
            ask_watch(&answer, "GET", targets[j], shown[i]);
            ck_assert_msg(answer.status == 200, "%s: %d", targets[j], answer.status);
            answer_free(&answer);
        }
        int fd = client_watch();
        client_request(fd, "GET", "/api/v1/events", shown[i]);
        free(client_read_until(fd, "\"control\":false"));
        http_harness_publish(1, 1, 0);
        free(client_read_until(fd, "{\"n\":1,"));
        close(fd);
    }
}
END_TEST

START_TEST(nothing_else_is_there)
{
    static const struct {
        const char *method, *target;
    } cases[] = {
        {"GET", "/api/v1/"},
        {"GET", "/api/v1/attempts"},
        {"GET", "/api/v1/attempts/1"},
        {"GET", "/api/v1/units"},
        {"GET", "/api/v1/slots"},
        {"POST", "/api/v1/start"},
        {"POST", "/api/v1/slots/A1/start"},
        {"POST", "/api/v1/slots/A1/retry"},
        {"POST", "/api/v1/hold?seconds=5"},
    };
    struct answer answer;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ask_watch(&answer, cases[i].method, cases[i].target, SHOWN "Content-Length: 0\r\nX-Gangd: 1\r\n");
        ck_assert_msg(answer.status == 404, "%s: %d", cases[i].target, answer.status);
        answer_free(&answer);
    }
    ask_watch(&answer, "POST", "/api/v1/status", SHOWN "Content-Length: 0\r\nX-Gangd: 1\r\n");
    ck_assert_int_eq(answer.status, 405);
    answer_free(&answer);
    ck_assert_int_eq(http_harness_starts(), 0);
    ck_assert_int_eq(http_harness_held(), 0);
}
END_TEST

START_TEST(a_browser_is_given_a_cookie)
{
    struct answer answer;
    char value[256];
    ask_watch(&answer, "GET", "/?token=" HARNESS_TOKEN, "");
    ck_assert_int_eq(answer.status, 303);
    ck_assert_str_eq(answer_header(&answer, "Location", value, sizeof(value)), "/");
    ck_assert_str_eq(answer_header(&answer, "Set-Cookie", value, sizeof(value)),
                     "gangd_watch=" HARNESS_TOKEN "; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax");
    answer_free(&answer);
}
END_TEST

/* It is reached by the bench's name or address; a foreign page is kept out all the same. */
START_TEST(any_host_will_do_but_no_foreign_page)
{
    static const struct {
        const char *headers;
        int status;
    } cases[] = {
        {"Host: bench-1.example:8267\r\n", 200},
        {"Host: bench-1.example:8267\r\nOrigin: http://bench-1.example:8267\r\n", 200},
        {"Host: bench-1.example:8267\r\nOrigin: http://evil.example\r\n", 403},
        {"Host: bench-1.example:8267\r\nSec-Fetch-Site: cross-site\r\n", 403},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char request[512];
        struct answer answer;
        snprintf(request, sizeof(request), "GET /api/v1/status HTTP/1.1\r\nConnection: close\r\n" SHOWN "%s\r\n",
                 cases[i].headers);
        int fd = client_watch();
        client_send(fd, request);
        client_answer(fd, &answer);
        ck_assert_msg(answer.status == cases[i].status, "%s: %d", cases[i].headers, answer.status);
        answer_free(&answer);
    }
}
END_TEST

START_TEST(the_other_sockets_say_that_they_take_commands)
{
    struct answer answer;
    ask(&answer, "GET", "/api/v1/status", "");
    ck_assert_ptr_nonnull(strstr(answer.body, "\"control\":true"));
    answer_free(&answer);
    int fd = client_unix();
    client_request(fd, "GET", "/api/v1/events", "");
    free(client_read_until(fd, "\"control\":true"));
    close(fd);
}
END_TEST

/* Each socket has its own share of event streams. */
START_TEST(watchers_do_not_use_up_the_other_connections)
{
    int watchers[32];
    for (int i = 0; i < 32; i++) {
        watchers[i] = client_watch();
        client_request(watchers[i], "GET", "/api/v1/events", SHOWN);
        free(client_read_until(watchers[i], "event: snapshot"));
    }
    struct answer answer;
    ask_watch(&answer, "GET", "/api/v1/events", SHOWN);
    expect_error(&answer, 503, "32 event streams");
    ask_watch(&answer, "GET", "/api/v1/status", SHOWN);
    expect_status(&answer, 200);
    int fd = client_tcp();
    client_request(fd, "GET", "/api/v1/events", "");
    free(client_read_until(fd, "event: snapshot"));
    close(fd);
    for (int i = 0; i < 32; i++)
        close(watchers[i]);
}
END_TEST

START_TEST(a_token_file_holds_one_token)
{
    static const struct {
        const char *text;
        bool sound;
    } files[] = {
        {"0123456789abcdef", true},
        {"0123456789abcdef\n", true},
        {"0123456789abcdef\r\n", true},
        {"0123456789abcde\n", false},
        {"", false},
        {"0123456789abcdef\nmore\n", false},
        {"0123456789 abcdef\n", false},
        {"0123456789abcdef;\n", false},
        {"\n0123456789abcdef\n", false},
    };
    char path[] = "/tmp/test-token-XXXXXX", token[TOKEN_MAX + 1], error[256];
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        size_t len = strlen(files[i].text);
        ck_assert_int_eq(ftruncate(fd, 0), 0);
        ck_assert_int_eq(pwrite(fd, files[i].text, len, 0), (ssize_t)len);
        ck_assert_msg(token_read(path, token, error, sizeof(error)) == files[i].sound, "\"%s\"", files[i].text);
        if (files[i].sound)
            ck_assert_str_eq(token, "0123456789abcdef");
        else
            ck_assert_ptr_nonnull(strstr(error, path));
    }
    close(fd);
    unlink(path);
    ck_assert(!token_read(path, token, error, sizeof(error)));
    ck_assert_ptr_nonnull(strstr(error, "No such file"));
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("http_watch");
    TCase *tcase = tcase_create("watch");
    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, http_harness_start, http_harness_stop);
    tcase_add_test(tcase, nothing_is_shown_without_the_token);
    tcase_add_test(tcase, the_token_opens_the_status_the_events_and_the_page);
    tcase_add_test(tcase, nothing_else_is_there);
    tcase_add_test(tcase, a_browser_is_given_a_cookie);
    tcase_add_test(tcase, any_host_will_do_but_no_foreign_page);
    tcase_add_test(tcase, the_other_sockets_say_that_they_take_commands);
    tcase_add_test(tcase, watchers_do_not_use_up_the_other_connections);
    suite_add_tcase(suite, tcase);
    tcase = tcase_create("token");
    tcase_add_test(tcase, a_token_file_holds_one_token);
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
