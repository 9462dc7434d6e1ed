/* SPDX-License-Identifier: MIT */
#include "daemon/api/events.h"
#include "tests/runner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct events *events;
static int woken;

static void setup(void)
{
    events = events_new();
    ck_assert_ptr_nonnull(events);
    woken = 0;
}

static void teardown(void)
{
    events_free(events);
}

static void wake(void *data)
{
    (void)data;
    woken++;
}

static struct events_listener *listen_from(const char *last_id)
{
    struct events_listener *listener = events_listen(events, last_id, wake, NULL);
    ck_assert_ptr_nonnull(listener);
    return listener;
}

static void publish(int n)
{
    events_publish(events, "slot", json_pack("{s:i}", "n", n));
}

/* The number that publish() gave to the next event, or -1 when there is nothing, -2 when a snapshot is wanted. */
static int next_number(struct events_listener *listener, char *id, size_t id_size)
{
    const char *text;
    bool snapshot;
    size_t len = events_next(listener, &text, &snapshot);
    if (len == 0) {
        ck_assert_ptr_null(text);
        return snapshot ? -2 : -1;
    }
    ck_assert(!snapshot);
    ck_assert_uint_eq(len, strlen(text));
    int n = -3;
    char read_id[64];
    ck_assert_int_eq(sscanf(text, "id: %63s\nevent: slot\ndata: {\"n\":%d}\n\n", read_id, &n), 2);
    ck_assert_str_eq(text + len - 3, "}\n\n");
    if (id)
        snprintf(id, id_size, "%s", read_id);
    return n;
}

/* A listener that has had its snapshot. */
static struct events_listener *listen_now(void)
{
    struct events_listener *listener = listen_from(NULL);
    ck_assert_int_eq(next_number(listener, NULL, 0), -2);
    return listener;
}

START_TEST(the_first_thing_is_a_snapshot_and_what_follows_is_younger)
{
    publish(1);
    struct events_listener *listener = listen_now();
    ck_assert_int_eq(next_number(listener, NULL, 0), -1);
    publish(2);
    ck_assert_int_eq(next_number(listener, NULL, 0), 2);
    ck_assert_int_eq(next_number(listener, NULL, 0), -1);
    events_unlisten(listener);
}
END_TEST

START_TEST(a_listener_is_woken_once_until_it_has_read_everything)
{
    struct events_listener *listener = listen_now();
    publish(1);
    ck_assert_int_eq(woken, 0); /* it had not yet been told that there is nothing */
    ck_assert_int_eq(next_number(listener, NULL, 0), 1);
    ck_assert_int_eq(next_number(listener, NULL, 0), -1);
    publish(2);
    publish(3);
    ck_assert_int_eq(woken, 1);
    ck_assert_int_eq(next_number(listener, NULL, 0), 2);
    publish(4);
    ck_assert_int_eq(woken, 1);
    ck_assert_int_eq(next_number(listener, NULL, 0), 3);
    ck_assert_int_eq(next_number(listener, NULL, 0), 4);
    ck_assert_int_eq(next_number(listener, NULL, 0), -1);
    publish(5);
    ck_assert_int_eq(woken, 2);
    events_unlisten(listener);
}
END_TEST

START_TEST(a_client_that_comes_back_gets_what_it_missed)
{
    struct events_listener *listener = listen_now();
    publish(1);
    char id[64];
    ck_assert_int_eq(next_number(listener, id, sizeof(id)), 1);
    events_unlisten(listener);
    publish(2);
    publish(3);

    listener = listen_from(id);
    ck_assert_int_eq(next_number(listener, id, sizeof(id)), 2);
    ck_assert_int_eq(next_number(listener, id, sizeof(id)), 3);
    ck_assert_int_eq(next_number(listener, NULL, 0), -1);
    events_unlisten(listener);

    listener = listen_from(id); /* of the newest: nothing was missed, no snapshot */
    ck_assert_int_eq(next_number(listener, NULL, 0), -1);
    events_unlisten(listener);
}
END_TEST

START_TEST(a_snapshot_bears_an_id_to_come_back_with)
{
    publish(1);
    json_t *status = json_pack("{s:s}", "text", "two\nlines");
    char *text = events_format(events, "snapshot", status);
    json_decref(status);
    ck_assert_ptr_nonnull(text);
    char id[64];
    ck_assert_int_eq(sscanf(text, "id: %63s\n", id), 1);
    ck_assert_ptr_nonnull(strstr(text, "\nevent: snapshot\ndata: {\"text\":\"two\\nlines\"}\n\n"));
    free(text);

    publish(2);
    struct events_listener *listener = listen_from(id);
    ck_assert_int_eq(next_number(listener, NULL, 0), 2);
    events_unlisten(listener);
}
END_TEST

/* Comes back `missed` events after the first. */
static int first_after(int missed)
{
    struct events_listener *listener = listen_now();
    publish(0);
    char id[64];
    ck_assert_int_eq(next_number(listener, id, sizeof(id)), 0);
    events_unlisten(listener);
    for (int i = 1; i <= missed; i++)
        publish(i);
    listener = listen_from(id);
    int first = next_number(listener, NULL, 0);
    events_unlisten(listener);
    return first;
}

START_TEST(the_whole_ring_can_be_caught_up_with)
{
    ck_assert_int_eq(first_after(EVENTS_KEPT), 1);
}
END_TEST

START_TEST(more_than_the_ring_needs_a_snapshot)
{
    ck_assert_int_eq(first_after(EVENTS_KEPT + 1), -2);
}
END_TEST

START_TEST(a_slow_listener_gets_a_snapshot_and_keeps_the_text_it_reads)
{
    struct events_listener *listener = listen_now();
    publish(7);
    const char *text;
    bool snapshot;
    size_t len = events_next(listener, &text, &snapshot);
    ck_assert_uint_gt(len, 0);
    char copy[128];
    ck_assert_uint_lt(len, sizeof(copy));
    snprintf(copy, sizeof(copy), "%s", text);

    for (int i = 0; i < 2 * EVENTS_KEPT; i++)
        publish(i);
    ck_assert_str_eq(text, copy); /* the ring has long forgotten it */
    ck_assert_int_eq(next_number(listener, NULL, 0), -2);
    ck_assert_int_eq(next_number(listener, NULL, 0), -1);
    events_unlisten(listener);
}
END_TEST

START_TEST(an_id_that_is_not_ours_needs_a_snapshot)
{
    publish(1);
    json_t *nothing = json_object();
    char *text = events_format(events, "snapshot", nothing);
    json_decref(nothing);
    char id[64];
    ck_assert_int_eq(sscanf(text, "id: %63s\n", id), 1);
    free(text);
    size_t len = strlen(id);

    char changed[6][80];
    snprintf(changed[0], sizeof(changed[0]), "%s9", id); /* not yet given out */
    snprintf(changed[1], sizeof(changed[1]), "%s ", id);
    snprintf(changed[2], sizeof(changed[2]), "%.*s", (int)len - 1, id);
    snprintf(changed[3], sizeof(changed[3]), "%c%s", id[0] == '0' ? '1' : '0', id + 1); /* another start */
    snprintf(changed[4], sizeof(changed[4]), "%.*s-1", (int)len - 1, id);
    snprintf(changed[5], sizeof(changed[5]), "%.*s99999999999999999999", (int)len - 1, id);
    for (size_t i = 0; i < 6; i++) {
        struct events_listener *listener = listen_from(changed[i]);
        ck_assert_msg(next_number(listener, NULL, 0) == -2, "\"%s\" was taken for an id", changed[i]);
        events_unlisten(listener);
    }
}
END_TEST

START_TEST(two_starts_have_different_ids)
{
    json_t *nothing = json_object();
    struct events *other = events_new();
    char *ours = events_format(events, "snapshot", nothing);
    char *theirs = events_format(other, "snapshot", nothing);
    ck_assert_str_ne(ours, theirs);
    free(ours);
    free(theirs);
    events_free(other);
    json_decref(nothing);
}
END_TEST

static struct events_listener *leaver;

static void leave(void *data)
{
    (void)data;
    events_unlisten(leaver);
    leaver = NULL;
}

START_TEST(a_listener_may_leave_when_it_is_woken)
{
    struct events_listener *before = listen_now();
    leaver = events_listen(events, NULL, leave, NULL);
    struct events_listener *after = listen_now();
    ck_assert_int_eq(next_number(leaver, NULL, 0), -2);
    ck_assert_int_eq(next_number(before, NULL, 0), -1);
    ck_assert_int_eq(next_number(leaver, NULL, 0), -1);
    ck_assert_int_eq(next_number(after, NULL, 0), -1);
    publish(1);
    ck_assert_ptr_null(leaver);
    ck_assert_int_eq(woken, 2);
    events_unlisten(before);
    events_unlisten(after);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("events");
    TCase *tcase = tcase_create("ring");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, the_first_thing_is_a_snapshot_and_what_follows_is_younger);
    tcase_add_test(tcase, a_listener_is_woken_once_until_it_has_read_everything);
    tcase_add_test(tcase, a_client_that_comes_back_gets_what_it_missed);
    tcase_add_test(tcase, a_snapshot_bears_an_id_to_come_back_with);
    tcase_add_test(tcase, the_whole_ring_can_be_caught_up_with);
    tcase_add_test(tcase, more_than_the_ring_needs_a_snapshot);
    tcase_add_test(tcase, a_slow_listener_gets_a_snapshot_and_keeps_the_text_it_reads);
    tcase_add_test(tcase, an_id_that_is_not_ours_needs_a_snapshot);
    tcase_add_test(tcase, two_starts_have_different_ids);
    tcase_add_test(tcase, a_listener_may_leave_when_it_is_woken);
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
