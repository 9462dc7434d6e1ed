/* SPDX-License-Identifier: MIT */
/* The station in JSON: what a snapshot becomes, whatever bytes its texts hold, and which changes become which events.
 */
#include "daemon/api/publish.h"
#include "tests/runner.h"

#include <stdio.h>
#include <string.h>

/* A station of two slots, in the place of the real one. */
struct station {
    struct station_snapshot snapshot;
    struct slot_snapshot slots[2];
    struct station_observer *observer;
} station;

void station_snapshot(const struct station *from, struct station_snapshot *snapshot)
{
    *snapshot = from->snapshot;
}

size_t station_slot_count(const struct station *from)
{
    return sizeof(from->slots) / sizeof(from->slots[0]);
}

void station_slot_snapshot(const struct station *from, size_t index, struct slot_snapshot *snapshot)
{
    *snapshot = from->slots[index];
}

void station_observe(struct station *of, struct station_observer *observer)
{
    of->observer = observer;
}

void station_unobserve(struct station_observer *observer)
{
    ck_assert_ptr_eq(station.observer, observer);
    station.observer = NULL;
}

static void setup(void)
{
    memset(&station, 0, sizeof(station));
    snprintf(station.snapshot.name, sizeof(station.snapshot.name), "bench-1");
    snprintf(station.slots[0].name, sizeof(station.slots[0].name), "A1");
    snprintf(station.slots[1].name, sizeof(station.slots[1].name), "B2");
}

static const char *text_at(const json_t *json, const char *key)
{
    const char *text = json_string_value(json_object_get(json, key));
    ck_assert_msg(text != NULL, "%s is no text", key);
    return text;
}

START_TEST(an_empty_slot_has_neither_adapter_nor_attempt)
{
    json_t *json = publish_slot(&station.slots[0]);
    ck_assert_str_eq(text_at(json, "slot"), "A1");
    ck_assert_str_eq(text_at(json, "state"), "empty");
    ck_assert_str_eq(text_at(json, "presence"), "plug");
    ck_assert(json_is_null(json_object_get(json, "adapter")));
    ck_assert(json_is_null(json_object_get(json, "attempt")));
    ck_assert(json_is_null(json_object_get(json, "prompt")));
    json_decref(json);
}
END_TEST

START_TEST(only_an_open_attempt_has_progress)
{
    struct slot_snapshot *slot = &station.slots[0];
    slot->has_attempt = true;
    slot->attempt.id = 7;
    json_t *json = publish_slot(slot), *attempt = json_object_get(json, "attempt");
    ck_assert_int_eq(json_integer_value(json_object_get(attempt, "id")), 7);
    ck_assert_ptr_null(json_object_get(attempt, "phase"));
    json_decref(json);

    slot->progress.phase = "write";
    slot->progress.previous_try = "";
    slot->progress.percent = 43;
    slot->progress.seconds_left = 12.34;
    json = publish_slot(slot);
    attempt = json_object_get(json, "attempt");
    ck_assert_str_eq(text_at(attempt, "phase"), "write");
    ck_assert_int_eq(json_integer_value(json_object_get(attempt, "percent")), 43);
    ck_assert_double_eq(json_real_value(json_object_get(attempt, "seconds_left")), 12.3);
    json_decref(json);

    slot->progress.seconds_left = -1;
    json = publish_slot(slot);
    ck_assert(json_is_null(json_object_get(json_object_get(json, "attempt"), "seconds_left")));
    json_decref(json);
}
END_TEST

/* Half a letter, as where a long text was cut. */
START_TEST(no_text_costs_the_answer)
{
    static const char cut[] = "gr\xC3";
    struct slot_snapshot *slot = &station.slots[1];
    slot->has_adapter = slot->has_attempt = true;
    memcpy(slot->path, cut, sizeof(cut));
    memcpy(slot->sentence, cut, sizeof(cut));
    memcpy(slot->adapter.model, cut, sizeof(cut));
    memcpy(slot->attempt.detail, cut, sizeof(cut));
    memcpy(station.snapshot.lot, cut, sizeof(cut));
    memcpy(station.snapshot.book_error, cut, sizeof(cut));
    memcpy(station.snapshot.golden_error, cut, sizeof(cut));
    struct golden golden = {.n_parts = 1};
    struct stub_image stub = {.n_segments = 0};
    struct product product = {.golden = &golden, .stub = &stub};
    memcpy(golden.md5, cut, sizeof(cut));
    memcpy(golden.parts[0].name, cut, sizeof(cut));
    memcpy(stub.name, cut, sizeof(cut));
    station.snapshot.product = &product;
    slot->prompt = slot->progress.phase = slot->progress.previous_try = cut;
    json_t *status = publish_status(&station);
    ck_assert_ptr_nonnull(status);
    ck_assert_str_eq(text_at(status, "lot"), "gr?");
    ck_assert_str_eq(text_at(status, "stub"), "gr?");
    const json_t *image = json_object_get(status, "golden");
    ck_assert_str_eq(text_at(json_array_get(json_object_get(image, "files"), 0), "file"), "gr?");
    ck_assert_str_eq(text_at(image, "md5"), "gr?");
    const json_t *shown = json_array_get(json_object_get(status, "slots"), 1);
    ck_assert_str_eq(text_at(shown, "sentence"), "gr?");
    ck_assert_str_eq(text_at(shown, "prompt"), "gr?");
    ck_assert_str_eq(text_at(json_object_get(shown, "attempt"), "phase"), "gr?");
    ck_assert_str_eq(text_at(json_object_get(shown, "attempt"), "previous_try"), "gr?");
    ck_assert_str_eq(text_at(json_object_get(shown, "adapter"), "model"), "gr?");
    ck_assert_str_eq(text_at(json_object_get(shown, "attempt"), "detail"), "gr?");
    json_decref(status);
    station.snapshot.product = NULL;
}
END_TEST

START_TEST(a_station_that_may_begin_nothing_says_why)
{
    json_t *summary = publish_summary(&station);
    ck_assert(json_is_null(json_object_get(summary, "blocked")));
    json_decref(summary);
    snprintf(station.snapshot.hindrance, sizeof(station.snapshot.hindrance), "There is no golden image");
    summary = publish_summary(&station);
    ck_assert_str_eq(text_at(summary, "blocked"), "There is no golden image");
    json_decref(summary);
}
END_TEST

START_TEST(the_yield_is_of_units_not_of_attempts)
{
    station.snapshot.today = (struct book_counts){.interrupted = 5};
    json_t *summary = publish_summary(&station), *today = json_object_get(summary, "today");
    ck_assert(json_is_null(json_object_get(today, "yield")));
    ck_assert(json_is_null(json_object_get(today, "first_pass_yield")));
    json_decref(summary);
    station.snapshot.today = (struct book_counts){
        .pass = 2, .fail = 7, .interrupted = 5, .units_passed = 2, .units_failed = 1, .units_passed_first = 1};
    summary = publish_summary(&station);
    today = json_object_get(summary, "today");
    ck_assert_int_eq(json_integer_value(json_object_get(today, "fail")), 7);
    ck_assert_int_eq(json_integer_value(json_object_get(today, "units_passed")), 2);
    ck_assert_int_eq(json_integer_value(json_object_get(today, "units_failed")), 1);
    ck_assert_double_eq(json_real_value(json_object_get(today, "yield")), 0.667);
    ck_assert_double_eq(json_real_value(json_object_get(today, "first_pass_yield")), 0.333);
    json_decref(summary);
}
END_TEST

static void nothing(void *data)
{
    (void)data;
}

/* Takes the next event and tells whether it is of this type. */
static bool next_is(struct events_listener *listener, const char *type)
{
    const char *text;
    bool snapshot;
    char line[64];
    size_t len = events_next(listener, &text, &snapshot);
    snprintf(line, sizeof(line), "event: %s\n", type);
    return len > 0 && strstr(text, line) != NULL;
}

START_TEST(each_change_is_one_event)
{
    const char *text;
    bool snapshot = false;
    struct publisher publisher;
    struct events *events = events_new();
    struct events_listener *listener = events_listen(events, NULL, nothing, NULL);
    publish_start(&publisher, &station, events);
    const struct station_observer *observer = station.observer;
    ck_assert_uint_eq(events_next(listener, &text, &snapshot), 0);
    ck_assert(snapshot);

    observer->station_changed(observer->data, &station);
    ck_assert(next_is(listener, "station"));
    observer->slot_changed(observer->data, &station.slots[0]);
    ck_assert(next_is(listener, "slot"));
    observer->verdict(observer->data, &station.slots[0].attempt);
    ck_assert(next_is(listener, "verdict"));
    observer->slot_gone(observer->data, "A1");
    ck_assert(next_is(listener, "slot-gone"));
    observer->slots_changed(observer->data, &station);
    ck_assert(next_is(listener, "snapshot"));

    publish_stop(&publisher);
    ck_assert_ptr_null(station.observer);
    events_unlisten(listener);
    events_free(events);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("publish");
    TCase *tcase = tcase_create("publish");
    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, an_empty_slot_has_neither_adapter_nor_attempt);
    tcase_add_test(tcase, only_an_open_attempt_has_progress);
    tcase_add_test(tcase, no_text_costs_the_answer);
    tcase_add_test(tcase, a_station_that_may_begin_nothing_says_why);
    tcase_add_test(tcase, the_yield_is_of_units_not_of_attempts);
    tcase_add_test(tcase, each_change_is_one_event);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
