/* SPDX-License-Identifier: MIT */
/* The local sockets: each resource and its answers. Rules for all requests are in test_http_rules.c, streams in
 * test_http_stream.c, listening in test_http_listen.c. */
#include "tests/runner.h"
#include "tests/unit/daemon/http_harness.h"
#include "tests/unit/daemon/http_station.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

START_TEST(both_sockets_give_the_status)
{
    for (int tcp = 0; tcp < 2; tcp++) {
        int fd = tcp ? client_tcp() : client_unix();
        client_request(fd, "GET", "/api/v1/status", "");
        struct answer answer;
        client_answer(fd, &answer);
        ck_assert_int_eq(answer.status, 200);
        ck_assert(answer.whole);
        json_t *json = json_loads(answer.body, 0, NULL);
        ck_assert_uint_eq(json_array_size(json_object_get(json, "slots")), 2);
        json_decref(json);
        char value[300];
        ck_assert_str_eq(answer_header(&answer, "Content-Type", value, sizeof(value)), "application/json");
        ck_assert_str_eq(answer_header(&answer, "Cache-Control", value, sizeof(value)), "no-store");
        answer_free(&answer);
    }
}
END_TEST

START_TEST(every_answer_bears_the_security_headers)
{
    static const char *const targets[] = {"/", "/app.js", "/api/v1/status", "/nothing"};
    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        struct answer answer;
        char value[300];
        ask(&answer, "GET", targets[i], "");
        ck_assert_str_eq(answer_header(&answer, "X-Content-Type-Options", value, sizeof(value)), "nosniff");
        ck_assert_str_eq(answer_header(&answer, "Referrer-Policy", value, sizeof(value)), "no-referrer");
        ck_assert_str_eq(answer_header(&answer, "Cross-Origin-Resource-Policy", value, sizeof(value)), "same-origin");
        answer_header(&answer, "Content-Security-Policy", value, sizeof(value));
        ck_assert_int_eq(strncmp(value, "default-src 'none'; script-src 'self'; ", 39), 0);
        answer_free(&answer);
    }
}
END_TEST

static int begin_reload(void)
{
    int fd = client_unix();
    client_request(fd, "POST", "/api/v1/reload", "Content-Length: 0\r\nX-Gangd: 1\r\n");
    return fd;
}

START_TEST(a_reload_is_answered_at_its_end)
{
    struct answer answer;
    int fd = begin_reload();
    http_harness_end_reload("", "");
    client_answer(fd, &answer);
    ck_assert_str_eq(answer.body, "{\"needs_restart\":[]}");
    expect_status(&answer, 200);

    fd = begin_reload();
    http_harness_end_reload("", "c:4: book\nc:5: listen");
    client_answer(fd, &answer);
    ck_assert_str_eq(answer.body, "{\"needs_restart\":[\"c:4: book\",\"c:5: listen\"]}");
    expect_status(&answer, 200);

    fd = begin_reload();
    http_harness_end_reload("c:1: one\nc:2: tw\xC3\xB6\n7 more errors", "");
    client_answer(fd, &answer);
    ck_assert_str_eq(answer.body, "{\"error\":\"c:1: one (and 2 more errors)\",\"errors\":"
                                  "[\"c:1: one\",\"c:2: tw\xC3\xB6\",\"7 more errors\"]}");
    expect_status(&answer, 422);
}
END_TEST

START_TEST(a_reload_while_one_is_at_work_is_refused)
{
    struct answer answer;
    int fd = begin_reload();
    while (!http_harness_reloads())
        usleep(1000);
    ask(&answer, "POST", "/api/v1/reload", "Content-Length: 0\r\nX-Gangd: 1\r\n");
    expect_error(&answer, 409, "a reload has been at work for 3 s");
    http_harness_end_reload("", "");
    client_answer(fd, &answer);
    expect_status(&answer, 200);
}
END_TEST

/* The client's end is seen when the connection is resumed, here by the server's end. */
START_TEST(the_end_while_a_reload_is_at_work)
{
    int fd = begin_reload();
    while (!http_harness_reloads())
        usleep(1000);
    http_harness_stop();
    free(client_all(fd));
}
END_TEST

START_TEST(a_person_starts_one_slot_or_all)
{
    struct answer answer;
    ask(&answer, "POST", "/api/v1/slots/A1/start", "Content-Length: 0\r\nX-Gangd: 1\r\n");
    ck_assert_ptr_nonnull(strstr(answer.body, "\"slot\":\"A1\""));
    expect_status(&answer, 202);
    ck_assert_int_eq(http_harness_starts(), 1);
    ask(&answer, "POST", "/api/v1/start", "Content-Length: 0\r\nX-Gangd: 1\r\n");
    ck_assert_str_eq(answer.body, "{\"started\":[\"A1\"],\"refused\":null}");
    expect_status(&answer, 202);
    ck_assert_int_eq(http_harness_starts(), 2);

    ask(&answer, "POST", "/api/v1/hold?seconds=5", "Content-Length: 0\r\nX-Gangd: 1\r\n");
    expect_status(&answer, 202);
    ask(&answer, "POST", "/api/v1/start", "Content-Length: 0\r\nX-Gangd: 1\r\n");
    ck_assert_str_eq(answer.body, "{\"started\":[],\"refused\":\"gangd is paused: no attempt begins\"}");
    expect_status(&answer, 202);

    ask(&answer, "POST", "/api/v1/start", "Content-Length: 0\r\n");
    expect_error(&answer, 403, "X-Gangd: 1");
    ask(&answer, "GET", "/api/v1/start", "");
    expect_error(&answer, 405, "only POST");
    ask(&answer, "POST", "/api/v1/slots/B2/start", "Content-Length: 0\r\nX-Gangd: 1\r\n");
    expect_error(&answer, 409, "slot B2 is empty");
    ask(&answer, "POST", "/api/v1/slots/start", "Content-Length: 0\r\nX-Gangd: 1\r\n");
    expect_error(&answer, 404, "nothing at");
    ck_assert_int_eq(http_harness_starts(), 2);
}
END_TEST

START_TEST(a_slot_that_cannot_be_started_says_why)
{
    struct answer answer;
    ask(&answer, "POST", "/api/v1/slots/B2/retry", "Content-Length: 0\r\nX-Gangd: 1\r\n");
    expect_error(&answer, 409, "slot B2 is empty");
    ask(&answer, "POST", "/api/v1/slots/C%203/retry", "Content-Length: 0\r\nX-Gangd: 1\r\n");
    expect_error(&answer, 404, "\"C 3\"");
    ask(&answer, "POST", "/api/v1/slots/%ff/retry", "Content-Length: 0\r\nX-Gangd: 1\r\n");
    expect_error(&answer, 404, "slot \"?\"");
    ask(&answer, "POST", "/api/v1/slots//retry", "Content-Length: 0\r\nX-Gangd: 1\r\n");
    expect_error(&answer, 404, "nothing at");
    ck_assert_int_eq(http_harness_starts(), 0);
}
END_TEST

START_TEST(a_hold_has_an_end)
{
    struct answer answer;
    ask(&answer, "POST", "/api/v1/hold?seconds=15", "Content-Length: 0\r\nX-Gangd: 1\r\n");
    expect_status(&answer, 202);
    ck_assert_int_eq(http_harness_held(), 15);
    static const char *const wrong[] = {
        "", "?seconds", "?seconds=", "?seconds=61", "?seconds=1x", "?seconds=-1", "?seconds=0000000000000000"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        char target[64];
        snprintf(target, sizeof(target), "/api/v1/hold%s", wrong[i]);
        ask(&answer, "POST", target, "Content-Length: 0\r\nX-Gangd: 1\r\n");
        expect_error(&answer, 400, "a number from 0 to 60");
    }
    ask(&answer, "POST", "/api/v1/hold?seconds=0", "Content-Length: 0\r\n");
    expect_error(&answer, 403, "X-Gangd: 1");
    ck_assert_int_eq(http_harness_held(), 15);
    ask(&answer, "POST", "/api/v1/hold?seconds=0", "Content-Length: 0\r\nX-Gangd: 1\r\n");
    expect_status(&answer, 202);
    ck_assert_int_eq(http_harness_held(), 0);
}
END_TEST

START_TEST(a_wrong_method_is_told_the_right_ones)
{
    static const struct {
        const char *method, *target, *allow;
    } cases[] = {
        {"POST", "/api/v1/status", "GET, HEAD"},   {"DELETE", "/api/v1/attempts", "GET, HEAD"},
        {"OPTIONS", "/api/v1/units", "GET, HEAD"}, {"GET", "/api/v1/slots/A1/retry", "POST"},
        {"GET", "/api/v1/hold?seconds=1", "POST"}, {"PUT", "/", "GET, HEAD"},
        {"get", "/api/v1/status", "GET, HEAD"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct answer answer;
        char value[64];
        ask(&answer, cases[i].method, cases[i].target, "Content-Length: 0\r\nX-Gangd: 1\r\n");
        ck_assert_str_eq(answer_header(&answer, "Allow", value, sizeof(value)), cases[i].allow);
        expect_error(&answer, 405, cases[i].allow);
    }
}
END_TEST

START_TEST(only_the_page_and_the_api_are_there)
{
    static const char *const targets[] = {
        "/../secret.html",
        "/%2e%2e/secret.html",
        "/..%2fsecret.html",
        "//secret.html",
        "/.hidden.html",
        "/notes.txt",
        "/index.html/",
        "/web/index.html",
        "/api",
        "/api/v1",
        "/api/v1/status/x",
        "/api/v2/status",
        "/etc/passwd",
        "/.",
    };
    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        struct answer answer;
        ask(&answer, "GET", targets[i], "");
        expect_error(&answer, 404, "there is nothing at /");
    }
}
END_TEST

static json_t *ask_json(const char *target)
{
    struct answer answer;
    char type[64];
    ask(&answer, "GET", target, "");
    ck_assert_msg(answer.status == 200 && answer.whole, "%s: %d", target, answer.status);
    ck_assert_str_eq(answer_header(&answer, "Content-Type", type, sizeof(type)), "application/json");
    json_t *json = json_loads(answer.body, 0, NULL);
    ck_assert_msg(json != NULL, "%s: %s", target, answer.body);
    answer_free(&answer);
    return json;
}

/* Each path of the index exists: with anything in place of its parts it is no 404 for a path. */
START_TEST(the_index_names_every_resource)
{
    json_t *index = ask_json("/api/v1/"), *resource;
    size_t i;
    ck_assert_str_eq(json_string_value(json_object_get(index, "gangd")), GANGD_VERSION);
    ck_assert_uint_ge(json_array_size(json_object_get(index, "resources")), 10);
    json_array_foreach(json_object_get(index, "resources"), i, resource)
    {
        const char *path = json_string_value(json_object_get(resource, "path"));
        struct answer answer;
        char allow[32];
        ask(&answer, "DELETE", path, "Content-Length: 0\r\n");
        ck_assert_msg(answer.status == 405, "%s: %d", path, answer.status);
        ck_assert_str_eq(answer_header(&answer, "Allow", allow, sizeof(allow)),
                         json_string_value(json_object_get(resource, "methods")));
        answer_free(&answer);
    }
    json_decref(index);
}
END_TEST

START_TEST(the_slots_are_those_of_the_status)
{
    json_t *status = ask_json("/api/v1/status"), *slots = ask_json("/api/v1/slots");
    ck_assert_uint_eq(json_array_size(slots), 2);
    ck_assert(json_equal(slots, json_object_get(status, "slots")));
    json_decref(status);
    json_decref(slots);
}
END_TEST

START_TEST(the_page_has_its_types)
{
    static const struct {
        const char *target, *type, *text;
    } files[] = {
        {"/", "text/html; charset=utf-8", "<!doctype html><title>bench</title>"},
        {"/index.html", "text/html; charset=utf-8", "<!doctype html><title>bench</title>"},
        {"/app.js", "text/javascript; charset=utf-8", "'use strict';"},
        {"/app.js?v=1", "text/javascript; charset=utf-8", "'use strict';"},
    };
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        struct answer answer;
        char value[64];
        ask(&answer, "GET", files[i].target, "");
        ck_assert_int_eq(answer.status, 200);
        ck_assert_str_eq(answer.body, files[i].text);
        ck_assert_str_eq(answer_header(&answer, "Content-Type", value, sizeof(value)), files[i].type);
        answer_free(&answer);
    }
}
END_TEST

START_TEST(head_has_no_body)
{
    static const char *const targets[] = {
        "/",
        "/api/v1/status",
        "/api/v1/attempts",
        "/api/v1/units?format=csv",
        "/api/v1/events",
        "/api/v1/attempts?limit=0",
        "/nothing",
    };
    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        struct answer answer;
        char of_get[64], of_head[64];
        int fd = client_tcp();
        client_request(fd, "GET", targets[i], "");
        char *text = client_read_until(fd, "\r\n\r\n");
        close(fd);
        answer = (struct answer){.headers = text};
        answer_header(&answer, "Content-Type", of_get, sizeof(of_get));
        int status = atoi(text + strlen("HTTP/1.1 "));
        free(text);

        fd = client_tcp();
        client_request(fd, "HEAD", targets[i], "");
        text = client_all(fd);
        ck_assert_int_eq(atoi(text + strlen("HTTP/1.1 ")), status);
        const char *end = strstr(text, "\r\n\r\n");
        ck_assert_msg(end && end[4] == '\0', "%s: %s", targets[i], text);
        answer.headers = text;
        ck_assert_str_eq(answer_header(&answer, "Content-Type", of_head, sizeof(of_head)), of_get);
        free(text);
    }
}
END_TEST

START_TEST(a_bad_filter_is_refused_by_name)
{
    static const struct {
        const char *query, *sentence;
    } cases[] = {
        {"limit=0", "limit=0: must be a number from 1 to 1000000"},
        {"limit", "limit=: must be"},
        {"verdict=good", "verdict=good: must be pass, fail"},
        {"since=2026-02-30", "since=2026-02-30: must be a date"},
        {"mac=%00", "mac=?: must be a MAC"},
        {"slot=%ff", "slot=?: must be a slot's name"},
        {"limit=1&limit=2", "limit is given twice"},
        {"colour=red", "\"colour\" is no parameter"},
        {"since=2026-03-02&until=2026-03-01", "since must be before until"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (int units = 0; units < 2; units++) {
            char target[128];
            snprintf(target, sizeof(target), "/api/v1/%s?%s", units ? "units" : "attempts", cases[i].query);
            struct answer answer;
            ask(&answer, "GET", target, "");
            expect_error(&answer, 400, cases[i].sentence);
        }
    }
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("http");
    TCase *tcase = tcase_create("requests");
    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, http_harness_start, http_harness_stop);
    tcase_add_test(tcase, both_sockets_give_the_status);
    tcase_add_test(tcase, every_answer_bears_the_security_headers);
    tcase_add_test(tcase, a_person_starts_one_slot_or_all);
    tcase_add_test(tcase, a_reload_is_answered_at_its_end);
    tcase_add_test(tcase, a_reload_while_one_is_at_work_is_refused);
    tcase_add_test(tcase, the_end_while_a_reload_is_at_work);
    tcase_add_test(tcase, a_slot_that_cannot_be_started_says_why);
    tcase_add_test(tcase, a_hold_has_an_end);
    tcase_add_test(tcase, a_wrong_method_is_told_the_right_ones);
    tcase_add_test(tcase, only_the_page_and_the_api_are_there);
    tcase_add_test(tcase, the_index_names_every_resource);
    tcase_add_test(tcase, the_slots_are_those_of_the_status);
    tcase_add_test(tcase, the_page_has_its_types);
    tcase_add_test(tcase, head_has_no_body);
    tcase_add_test(tcase, a_bad_filter_is_refused_by_name);
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
