/* SPDX-License-Identifier: MIT */
/* The local sockets: exports and the event stream, with clients that are slow, that vanish and that come back. */
#include "tests/runner.h"
#include "tests/unit/daemon/http_harness.h"
#include "tests/unit/daemon/http_station.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Several pages of the book, and more text than the kernel holds for a Unix socket. */
#define ROWS 1500

static void fill(void)
{
    http_harness_fill(ROWS);
}

/* Exports. */

static json_t *ask_json(const char *target)
{
    struct answer answer;
    ask(&answer, "GET", target, "");
    ck_assert_msg(answer.status == 200, "%s: %d %s", target, answer.status, answer.body);
    ck_assert(answer.whole);
    json_error_t error;
    json_t *json = json_loads(answer.body, 0, &error);
    ck_assert_msg(json != NULL, "%s: %s", target, error.text);
    answer_free(&answer);
    return json;
}

static size_t count_of(const char *target)
{
    json_t *json = ask_json(target);
    ck_assert(json_is_array(json));
    size_t n = json_array_size(json);
    json_decref(json);
    return n;
}

static size_t lines_of(const char *text)
{
    size_t n = 0;
    while ((text = strchr(text, '\n'))) {
        text++;
        n++;
    }
    return n;
}

START_TEST(all_attempts_come_in_order)
{
    json_t *attempts = ask_json("/api/v1/attempts");
    ck_assert_uint_eq(json_array_size(attempts), ROWS);
    for (size_t i = 0; i < ROWS; i++) {
        json_t *attempt = json_array_get(attempts, i);
        ck_assert_str_eq(json_string_value(json_object_get(attempt, "slot")), i % 2 ? "B2" : "A1");
        ck_assert_str_eq(json_string_value(json_object_get(attempt, "verdict")), i % 3 == 2 ? "fail" : "pass");
    }
    json_decref(attempts);
}
END_TEST

START_TEST(filters_reach_the_book)
{
    ck_assert_uint_eq(count_of("/api/v1/attempts?slot=A1"), ROWS / 2);
    ck_assert_uint_eq(count_of("/api/v1/attempts?verdict=fail"), ROWS / 3);
    ck_assert_uint_eq(count_of("/api/v1/units?verdict=fail&slot=B2&limit=7"), 7);
    ck_assert_uint_eq(count_of("/api/v1/units?mac=18-FE-34-00-00-2A"), 1);
    ck_assert_uint_eq(count_of("/api/v1/attempts?mac=18fe34ffffff"), 0);
    /* Row n began n seconds after 09:15:04.120. */
    ck_assert_uint_eq(count_of("/api/v1/attempts?since=2026-03-02T09:15:14.120Z&until=2026-03-02T09:15:24.120Z"), 10);
}
END_TEST

START_TEST(one_attempt_has_an_address)
{
    json_t *all = ask_json("/api/v1/attempts?limit=5"), *fifth = json_array_get(all, 4);
    char target[64];
    snprintf(target, sizeof(target), "/api/v1/attempts/%lld",
             (long long)json_integer_value(json_object_get(fifth, "id")));
    json_t *one = ask_json(target);
    ck_assert(json_equal(one, fifth));
    json_decref(one);
    json_decref(all);

    static const char *const missing[] = {"0", "1000000", "-1", "1x", "x", "9223372036854775808", "%30%30"};
    for (size_t i = 0; i < sizeof(missing) / sizeof(missing[0]); i++) {
        struct answer answer;
        snprintf(target, sizeof(target), "/api/v1/attempts/%s", missing[i]);
        ask(&answer, "GET", target, "");
        ck_assert_msg(answer.status == 404, "%s: %d", target, answer.status);
        ck_assert_ptr_nonnull(strstr(answer.body, "there is no attempt"));
        answer_free(&answer);
    }
}
END_TEST

START_TEST(each_format_has_its_type)
{
    struct answer answer;
    char value[128];
    ask(&answer, "GET", "/api/v1/units?format=csv", "");
    ck_assert_int_eq(answer.status, 200);
    ck_assert_uint_eq(lines_of(answer.body), ROWS + 1);
    ck_assert_str_eq(answer_header(&answer, "Content-Type", value, sizeof(value)),
                     "text/csv; charset=utf-8; header=present");
    ck_assert_str_eq(answer_header(&answer, "Content-Disposition", value, sizeof(value)),
                     "attachment; filename=\"gangd-units.csv\"");
    answer_free(&answer);

    ask(&answer, "GET", "/api/v1/attempts?format=ndjson", "");
    ck_assert_uint_eq(lines_of(answer.body), ROWS);
    ck_assert_str_eq(answer_header(&answer, "Content-Type", value, sizeof(value)), "application/x-ndjson");
    ck_assert_str_eq(answer_header(&answer, "Content-Disposition", value, sizeof(value)), "");
    answer_free(&answer);
}
END_TEST

START_TEST(a_book_that_cannot_be_read_is_a_503)
{
    sqlite3 *db;
    ck_assert_int_eq(sqlite3_open(http_harness_book(), &db), SQLITE_OK);
    char *message = NULL;
    int rc = sqlite3_exec(db, "ALTER TABLE attempts RENAME TO gone", NULL, NULL, &message);
    ck_assert_msg(rc == SQLITE_OK, "%s", message);
    sqlite3_close(db);

    struct answer answer;
    ask(&answer, "GET", "/api/v1/attempts", "");
    ck_assert_int_eq(answer.status, 503);
    ck_assert_ptr_nonnull(strstr(answer.body, "the book cannot be read"));
    answer_free(&answer);
}
END_TEST

START_TEST(a_slow_reader_holds_nobody_up_and_gets_all)
{
    int slow = client_unix(); /* the kernel holds some 200 KB for it; for TCP it might hold all */
    client_request(slow, "GET", "/api/v1/attempts", "");
    client_read_some(slow);
    for (int i = 0; i < 20; i++)
        json_decref(ask_json("/api/v1/status"));
    ck_assert_uint_eq(count_of("/api/v1/units?limit=1000"), 1000);

    struct answer answer;
    client_answer(slow, &answer); /* without its first bytes: there is no status line to find */
    ck_assert_ptr_nonnull(strstr(answer.headers, "\n]\n\r\n0\r\n"));
    answer_free(&answer);
}
END_TEST

START_TEST(clients_that_vanish_do_no_harm)
{
    static const char *const targets[] = {"/api/v1/attempts", "/api/v1/units?format=csv", "/api/v1/events", "/"};
    for (int i = 0; i < 120; i++) {
        int fd = i % 5 ? client_tcp() : client_unix();
        client_request(fd, "GET", targets[i % 4], "");
        if (i % 3)
            client_read_some(fd);
        if (i % 2)
            client_reset(fd);
        else
            close(fd);
        http_harness_publish(i, 1, 10);
    }
    ck_assert_uint_eq(count_of("/api/v1/attempts"), ROWS);
}
END_TEST

START_TEST(stopping_ends_every_stream)
{
    int fds[12];
    for (int i = 0; i < 12; i++) {
        fds[i] = i % 2 ? client_tcp() : client_unix();
        client_request(fds[i], "GET", i % 2 ? "/api/v1/events" : "/api/v1/attempts", "");
        if (i % 4 >= 2) /* of the others, the stop may come before they are heard */
            client_read_some(fds[i]);
    }
    http_harness_stop();
    for (int i = 0; i < 12; i++) {
        struct answer answer;
        client_answer(fds[i], &answer); /* returns: the connection has ended */
        ck_assert(!answer.whole);
        answer_free(&answer);
    }
}
END_TEST

/* Events. */

#define SNAPSHOT_END "\"detail\":\"\"}}],\"control\":true,\"control_reason\":null}\n\n"

/* Opens a stream and waits until the first event is there. */
static int open_events(const char *headers)
{
    int fd = client_tcp();
    client_request(fd, "GET", "/api/v1/events", headers);
    return fd;
}

static void copy_id(const char *text, char *id, size_t size)
{
    const char *found = strstr(text, "id: ");
    ck_assert_ptr_nonnull(found);
    snprintf(id, size, "%.*s", (int)strcspn(found + 4, "\n"), found + 4);
}

START_TEST(a_stream_begins_with_a_snapshot_and_goes_on_with_events)
{
    int fd = open_events("");
    char *text = client_read_until(fd, SNAPSHOT_END);
    ck_assert_ptr_nonnull(strstr(text, "Content-Type: text/event-stream"));
    ck_assert_ptr_nonnull(strstr(text, "\r\nretry: 1000\n\n"));
    const char *snapshot = strstr(text, "event: snapshot\ndata: {\"station\":\"bench-1\"");
    ck_assert_ptr_nonnull(snapshot);
    ck_assert_ptr_null(strstr(text, "event: slot"));
    free(text);

    http_harness_publish(1, 2, 3);
    text = client_read_until(fd, "{\"n\":2,\"pad\":\"xxx\"}\n\n");
    ck_assert_ptr_nonnull(strstr(text, "event: slot\ndata: {\"n\":1,\"pad\":\"xxx\"}\n\n"));
    free(text);
    http_harness_publish(3, 1, 3);
    free(client_read_until(fd, "{\"n\":3,"));
    close(fd);
}
END_TEST

START_TEST(a_client_that_comes_back_gets_what_it_missed)
{
    int fd = open_events("");
    char *text = client_read_until(fd, SNAPSHOT_END);
    char id[64], header[96];
    copy_id(text, id, sizeof(id));
    free(text);
    client_reset(fd);
    http_harness_publish(1, 2, 0);

    snprintf(header, sizeof(header), "Last-Event-ID: %s\r\n", id);
    fd = open_events(header);
    text = client_read_until(fd, "{\"n\":2,");
    ck_assert_ptr_nonnull(strstr(text, "{\"n\":1,"));
    ck_assert_ptr_null(strstr(text, "event: snapshot"));
    free(text);
    close(fd);

    fd = open_events("Last-Event-ID: 00000000-1\r\n"); /* of another start, but for one chance in four billion */
    free(client_read_until(fd, "event: snapshot"));
    close(fd);
}
END_TEST

START_TEST(a_new_stream_lets_the_others_show_that_they_live)
{
    int first = open_events("");
    free(client_read_until(first, SNAPSHOT_END));
    int second = open_events("");
    free(client_read_until(first, ":\n\n"));
    http_harness_publish(1, 1, 0);
    free(client_read_until(first, "{\"n\":1,"));
    free(client_read_until(second, "{\"n\":1,"));
    close(first);
    close(second);
}
END_TEST

START_TEST(pages_that_are_reloaded_do_not_use_up_the_connections)
{
    for (int i = 0; i < 300; i++) {
        int fd = open_events("");
        free(client_read_until(fd, "event: snapshot"));
        close(fd);
    }
    json_decref(ask_json("/api/v1/status"));
}
END_TEST

START_TEST(one_that_does_not_read_is_given_a_snapshot_instead_of_a_backlog)
{
    int slow = client_unix(); /* the kernel holds some 200 KB for it; for TCP it might hold all */
    client_request(slow, "GET", "/api/v1/events", "");
    free(client_read_until(slow, "event: snapshot"));
    /* More than the kernel holds for the two sockets, and more than the ring does. */
    http_harness_publish(0, 20 * EVENTS_KEPT, 1000);
    http_harness_publish(-7, 1, 0);
    char *text = client_read_until(slow, "{\"n\":-7,");
    ck_assert_ptr_nonnull(strstr(text, "event: snapshot"));
    ck_assert_uint_lt(strlen(text), 20 * EVENTS_KEPT * 1000);
    free(text);
    close(slow);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("http_stream");
    TCase *tcase = tcase_create("exports");
    tcase_set_timeout(tcase, 240);
    tcase_add_unchecked_fixture(tcase, fill, http_harness_unfill);
    tcase_add_checked_fixture(tcase, http_harness_start, http_harness_stop);
    tcase_add_test(tcase, all_attempts_come_in_order);
    tcase_add_test(tcase, filters_reach_the_book);
    tcase_add_test(tcase, one_attempt_has_an_address);
    tcase_add_test(tcase, each_format_has_its_type);
    tcase_add_test(tcase, a_book_that_cannot_be_read_is_a_503);
    tcase_add_test(tcase, a_slow_reader_holds_nobody_up_and_gets_all);
    tcase_add_test(tcase, clients_that_vanish_do_no_harm);
    tcase_add_test(tcase, stopping_ends_every_stream);
    suite_add_tcase(suite, tcase);

    tcase = tcase_create("events");
    tcase_set_timeout(tcase, 240);
    tcase_add_checked_fixture(tcase, http_harness_start, http_harness_stop);
    tcase_add_test(tcase, a_stream_begins_with_a_snapshot_and_goes_on_with_events);
    tcase_add_test(tcase, a_client_that_comes_back_gets_what_it_missed);
    tcase_add_test(tcase, a_new_stream_lets_the_others_show_that_they_live);
    tcase_add_test(tcase, pages_that_are_reloaded_do_not_use_up_the_connections);
    tcase_add_test(tcase, one_that_does_not_read_is_given_a_snapshot_instead_of_a_backlog);
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
