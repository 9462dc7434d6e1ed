/* SPDX-License-Identifier: MIT */
/* The local sockets: who may ask for what, and what he gets. Streams are in test_http_stream.c. */
#include "daemon/api/listen.h"
#include "tests/runner.h"
#include "tests/unit/daemon/http_harness.h"
#include "tests/unit/daemon/http_station.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void setup(void)
{
    http_harness_start();
}

/* The error's sentence must hold `part`. */
static void expect_error(struct answer *answer, int status, const char *part)
{
    ck_assert_msg(answer->status == status, "%d instead of %d: %s", answer->status, status, answer->body);
    ck_assert(answer->whole);
    json_t *json = json_loads(answer->body, 0, NULL);
    const char *error = json_string_value(json_object_get(json, "error"));
    ck_assert_msg(error && strstr(error, part), "\"%s\" does not say \"%s\"", error ? error : answer->body, part);
    json_decref(json);
    answer_free(answer);
}

static void expect_status(struct answer *answer, int status)
{
    ck_assert_msg(answer->status == status, "%d instead of %d: %s", answer->status, status, answer->body);
    ck_assert(answer->whole);
    answer_free(answer);
}

/* As given, without the Host that client_request() adds. */
static void ask_raw(struct answer *answer, bool tcp, const char *request)
{
    int fd = tcp ? client_tcp() : client_unix();
    client_send(fd, request);
    client_answer(fd, answer);
}

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
        "/app.js%00.html",
    };
    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        struct answer answer;
        ask(&answer, "GET", targets[i], "");
        if (strstr(targets[i], "%00")) { /* the URL ends at the NUL for everyone: a file of ours, or nothing */
            ck_assert(answer.status == 200 || answer.status == 404 || answer.status == 400);
            answer_free(&answer);
        } else {
            expect_error(&answer, 404, "there is nothing at /");
        }
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

/* Starting. */

static uv_loop_t loop;
static struct config config;
static char error[512];

static void start_setup(void)
{
    http_harness_make_dir();
    http_harness_config(&config);
    ck_assert_int_eq(uv_loop_init(&loop), 0);
}

static void start_teardown(void)
{
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    char command[128];
    snprintf(command, sizeof(command), "rm -r %s", http_harness_dir);
    ck_assert_int_eq(system(command), 0);
}

static struct http *start(void)
{
    static struct station station;
    return http_start(&loop, &config, &station, NULL, error, sizeof(error));
}

static void expect_refusal(const char *part)
{
    ck_assert_ptr_null(start());
    ck_assert_msg(strstr(error, part) != NULL, "\"%s\" does not say \"%s\"", error, part);
}

START_TEST(the_socket_is_for_its_owner_and_group)
{
    struct http *http = start();
    ck_assert_msg(http != NULL, "%s", error);
    struct stat st;
    ck_assert_int_eq(stat(http_harness_socket, &st), 0);
    ck_assert_int_eq(st.st_mode & 07777, 0660);
    http_stop(http);
    ck_assert_int_ne(stat(http_harness_socket, &st), 0);
}
END_TEST

/* In a process of its own, whose descriptor 3 nobody else has. */
START_TEST(a_passed_socket_tells_its_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0), status;
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, len), 0);
    ck_assert_int_eq(listen(fd, 1), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    pid_t pid = fork();
    if (pid == 0) {
        char number[16];
        uint16_t port = 0;
        snprintf(number, sizeof(number), "%d", getpid());
        setenv("LISTEN_PID", number, 1);
        setenv("LISTEN_FDS", "1", 1);
        dup2(fd, 3);
        int listener = listen_tcp("listen", "127.0.0.1", &port, error, sizeof(error));
        _exit(listener == 3 && port == ntohs(address.sin_port) ? 0 : 1);
    }
    close(fd);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(the_socket_of_a_dead_gangd_is_replaced)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", http_harness_socket);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    close(fd);
    ck_assert_int_eq(access(http_harness_socket, F_OK), 0);
    struct http *http = start();
    ck_assert_msg(http != NULL, "%s", error);
    http_stop(http);
}
END_TEST

START_TEST(the_socket_of_a_living_gangd_is_left_alone)
{
    struct http *http = start();
    ck_assert_msg(http != NULL, "%s", error);
    expect_refusal("another gangd listens on it");
    close(client_unix()); /* it is still there */
    http_stop(http);
}
END_TEST

START_TEST(a_file_that_is_no_socket_is_left_alone)
{
    FILE *file = fopen(http_harness_socket, "we");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fclose(file), 0);
    expect_refusal("no socket");
    ck_assert_int_eq(access(http_harness_socket, F_OK), 0);
}
END_TEST

START_TEST(what_cannot_be_listened_on_is_named)
{
    struct http *http = start();
    ck_assert_msg(http != NULL, "%s", error);
    config.port = http_port(http);
    config.socket[0] = '\0';
    char port[64];
    snprintf(port, sizeof(port), "listen = 127.0.0.1:%u: Address already in use", config.port);
    expect_refusal(port);
    http_stop(http);

    http_harness_config(&config);
    snprintf(config.socket, sizeof(config.socket), "%s/none/gangd.sock", http_harness_dir);
    expect_refusal("none/gangd.sock: No such file");

    http_harness_config(&config);
    snprintf(config.group, sizeof(config.group), "no-such-group");
    expect_refusal("there is no group \"no-such-group\"");
    ck_assert_int_ne(access(http_harness_socket, F_OK), 0);
}
END_TEST

START_TEST(a_page_that_is_not_there_is_named)
{
    snprintf(config.web, sizeof(config.web), "%s/none", http_harness_dir);
    expect_refusal("none: No such file");
    snprintf(config.web, sizeof(config.web), "%s", http_harness_dir);
    expect_refusal("there is no index.html");
    ck_assert_int_ne(access(http_harness_socket, F_OK), 0);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("http");
    TCase *tcase = tcase_create("requests");
    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, setup, http_harness_stop);
    tcase_add_test(tcase, both_sockets_give_the_status);
    tcase_add_test(tcase, every_answer_bears_the_security_headers);
    tcase_add_test(tcase, tcp_wants_its_own_host);
    tcase_add_test(tcase, a_request_without_host_is_refused_on_tcp);
    tcase_add_test(tcase, a_header_that_comes_twice_is_refused);
    tcase_add_test(tcase, a_target_may_be_in_absolute_form);
    tcase_add_test(tcase, a_foreign_site_may_not_ask_the_api);
    tcase_add_test(tcase, a_parameter_that_comes_twice_is_refused);
    tcase_add_test(tcase, a_foreign_origin_is_refused);
    tcase_add_test(tcase, what_changes_state_wants_our_header);
    tcase_add_test(tcase, a_person_starts_one_slot_or_all);
    tcase_add_test(tcase, a_slot_that_cannot_be_started_says_why);
    tcase_add_test(tcase, a_hold_has_an_end);
    tcase_add_test(tcase, a_wrong_method_is_told_the_right_ones);
    tcase_add_test(tcase, only_the_page_and_the_api_are_there);
    tcase_add_test(tcase, the_index_names_every_resource);
    tcase_add_test(tcase, the_slots_are_those_of_the_status);
    tcase_add_test(tcase, the_page_has_its_types);
    tcase_add_test(tcase, head_has_no_body);
    tcase_add_test(tcase, a_bad_filter_is_refused_by_name);
    tcase_add_test(tcase, a_large_body_is_refused_before_it_comes);
    tcase_add_test(tcase, a_small_body_is_taken_and_ignored);
    tcase_add_test(tcase, a_large_header_is_refused);
    tcase_add_test(tcase, a_long_url_is_refused);
    tcase_add_test(tcase, nonsense_ends_only_its_own_connection);
    suite_add_tcase(suite, tcase);

    tcase = tcase_create("start");
    tcase_add_checked_fixture(tcase, start_setup, start_teardown);
    tcase_add_test(tcase, the_socket_is_for_its_owner_and_group);
    tcase_add_test(tcase, a_passed_socket_tells_its_port);
    tcase_add_test(tcase, the_socket_of_a_dead_gangd_is_replaced);
    tcase_add_test(tcase, the_socket_of_a_living_gangd_is_left_alone);
    tcase_add_test(tcase, a_file_that_is_no_socket_is_left_alone);
    tcase_add_test(tcase, what_cannot_be_listened_on_is_named);
    tcase_add_test(tcase, a_page_that_is_not_there_is_named);
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
