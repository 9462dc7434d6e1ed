/* SPDX-License-Identifier: MIT */
#include "daemon/book/attempt_json.h"
#include "tests/runner.h"

#include <stdlib.h>
#include <string.h>

static void ck_assert_time(int64_t microseconds, const char *expected)
{
    json_t *json = time_json(microseconds);
    ck_assert_str_eq(json_string_value(json), expected);
    json_decref(json);
}

START_TEST(times_are_utc_with_milliseconds)
{
    setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
    ck_assert_time(1772442904120999, "2026-03-02T09:15:04.120Z");
    ck_assert_time(1772442904000000, "2026-03-02T09:15:04.000Z");
    ck_assert_time(951782400000000, "2000-02-29T00:00:00.000Z");
    ck_assert_time(1, "1970-01-01T00:00:00.000Z");
    ck_assert_time(-1, "1969-12-31T23:59:59.999Z");
    ck_assert_time(-1000, "1969-12-31T23:59:59.999Z");
    ck_assert_time(-1001, "1969-12-31T23:59:59.998Z");
    json_t *none = time_json(0);
    ck_assert(json_is_null(none));
    /* Whatever number a book holds, it is no crash. */
    json_decref(time_json(INT64_MAX));
    json_decref(time_json(INT64_MIN));
}
END_TEST

static json_t *line(const struct attempt *attempt, char **dumped)
{
    json_t *json = attempt_json(attempt);
    ck_assert_ptr_nonnull(json);
    *dumped = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(10));
    ck_assert_ptr_nonnull(*dumped);
    return json;
}

START_TEST(an_open_attempt_has_every_field_and_no_verdict)
{
    struct attempt attempt = {.id = 7, .slot = "A1", .started = 1772442891530000};
    char *dumped;
    json_t *json = line(&attempt, &dumped);
    ck_assert_str_eq(
        dumped, "{\"id\":7,\"slot\":\"A1\",\"path\":\"\",\"adapter\":\"\",\"started\":\"2026-03-02T09:14:51.530Z\","
                "\"ended\":null,\"verdict\":null,\"cause\":\"none\",\"detail\":\"\",\"sentence\":\"\","
                "\"remedy\":\"\",\"mac\":\"\",\"chip_id\":\"\",\"chip\":\"\",\"flash_id\":\"\",\"flash_size\":0,"
                "\"flash_unique_id\":\"\",\"flash_note\":\"\","
                "\"image_md5\":\"\",\"image_sha256\":\"\",\"image_size\":0,\"baud\":0,\"tries\":0,\"try_results\":[],"
                "\"written\":null,"
                "\"seconds\":{\"reset\":0.0,\"sync\":0.0,\"identify\":0.0,\"stub\":0.0,\"baud\":0.0,\"compare\":0.0,"
                "\"write\":0.0,"
                "\"verify\":0.0,\"run\":0.0},\"station\":\"\",\"lot\":\"\",\"operator\":\"\",\"stub\":\"\","
                "\"gangd\":\"\"}");
    free(dumped);
    json_decref(json);
}
END_TEST

START_TEST(a_closed_attempt_says_why_in_words)
{
    struct attempt attempt = {.verdict = VERDICT_FAIL, .cause = CAUSE_MD5_MISMATCH, .ended = 1000};
    attempt.seconds.write = 8.2004999;
    attempt.seconds.reset = 0.1 + 0.2;
    char *dumped;
    json_t *json = line(&attempt, &dumped);
    ck_assert_str_eq(json_string_value(json_object_get(json, "verdict")), "fail");
    ck_assert_str_eq(json_string_value(json_object_get(json, "cause")), "md5-mismatch");
    ck_assert_str_eq(json_string_value(json_object_get(json, "sentence")), cause_sentence(CAUSE_MD5_MISMATCH));
    ck_assert_str_eq(json_string_value(json_object_get(json, "remedy")), cause_remedy(CAUSE_MD5_MISMATCH));
    ck_assert_ptr_nonnull(strstr(dumped, "\"seconds\":{\"reset\":0.3,"));
    ck_assert_ptr_nonnull(strstr(dumped, "\"write\":8.2,"));
    free(dumped);
    json_decref(json);
}
END_TEST

START_TEST(bytes_that_are_no_text_do_not_break_it)
{
    struct attempt attempt = {
        .cause = CAUSE_COUNT, .n_try_results = 1, .try_results = {{.cause = CAUSE_COUNT, .detail = "gr\xC3"}}};
    char *dumped;
    for (unsigned byte = 1; byte < 256; byte++)
        attempt.adapter[(byte - 1) % (sizeof(attempt.adapter) - 1)] = (char)byte;
    memset(attempt.detail, 0xFF, sizeof(attempt.detail) - 1);
    json_t *json = line(&attempt, &dumped);
    ck_assert_uint_eq(strlen(json_string_value(json_object_get(json, "detail"))), sizeof(attempt.detail) - 1);
    ck_assert_str_eq(json_string_value(json_object_get(json, "cause")), "unknown");
    ck_assert_uint_eq(json_object_size(json), 31);
    const json_t *result = json_array_get(json_object_get(json, "try_results"), 0);
    ck_assert_str_eq(json_string_value(json_object_get(result, "detail")), "gr?");
    ck_assert_str_eq(json_string_value(json_object_get(result, "cause")), "unknown");
    free(dumped);
    json_decref(json);
}
END_TEST

START_TEST(verdicts_have_names_both_ways)
{
    static const char *const names[] = {"open", "pass", "fail", "interrupted"};
    for (int i = 0; i < 4; i++) {
        ck_assert_str_eq(verdict_name((enum verdict)i), names[i]);
        ck_assert_int_eq(verdict_from_name(names[i]), i);
    }
    ck_assert_int_eq(verdict_from_name(""), -1);
    ck_assert_int_eq(verdict_from_name("PASS"), -1);
    ck_assert_int_eq(verdict_from_name("passed"), -1);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("attempt in JSON");
    TCase *tcase = tcase_create("json");
    tcase_add_test(tcase, times_are_utc_with_milliseconds);
    tcase_add_test(tcase, an_open_attempt_has_every_field_and_no_verdict);
    tcase_add_test(tcase, a_closed_attempt_says_why_in_words);
    tcase_add_test(tcase, bytes_that_are_no_text_do_not_break_it);
    tcase_add_test(tcase, verdicts_have_names_both_ways);
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
