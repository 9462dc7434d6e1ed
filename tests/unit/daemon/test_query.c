/* SPDX-License-Identifier: MIT */
#include "daemon/book/moment.h"
#include "daemon/book/query.h"
#include "tests/runner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct query query;
static char error[256];

static void setup(void)
{
    setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
    tzset();
    query_init(&query, false);
    memset(error, 0, sizeof(error));
}

static int set(const char *key, const char *value)
{
    return query_set(&query, key, strlen(key), value, strlen(value), error, sizeof(error));
}

static void takes(const char *key, const char *value)
{
    ck_assert_msg(set(key, value) == 0, "%s=%s was refused: %s", key, value, error);
    ck_assert_int_eq(query_check(&query, error, sizeof(error)), 0);
}

/* The reason must name the parameter and its value. */
static void refuses(const char *key, const char *value)
{
    query_init(&query, false);
    error[0] = '\0';
    ck_assert_msg(set(key, value) == -1, "%s=%s was taken", key, value);
    char begin[128];
    snprintf(begin, sizeof(begin), "%s=%s: must be ", key, value);
    ck_assert_msg(strncmp(error, begin, strlen(begin)) == 0, "%s=%s: the reason is \"%s\"", key, value, error);
}

START_TEST(nothing_given_is_everything_as_json)
{
    struct book_filter all = {0};
    ck_assert_mem_eq(&query.filter, &all, sizeof(all));
    ck_assert_int_eq(query.format, BOOK_JSON);
    ck_assert_int_eq(query_check(&query, error, sizeof(error)), 0);
    query_init(&query, true);
    ck_assert(query.filter.units);
}
END_TEST

START_TEST(every_parameter_finds_its_place)
{
    takes("format", "csv");
    takes("since", "2026-03-02T09:15:04.120Z");
    takes("until", "2026-03-02T09:15:04.1200015Z");
    takes("slot", "pci-0000:00:14.0-usb-0:1.2:1.0");
    takes("verdict", "interrupted");
    takes("cause", "md5-mismatch");
    takes("image", "D7A8FBB307D7809469CA9ABCB0082E4F8D5651E46D3CDB762D02D0BF37C9E592");
    takes("operator", "J\xC3\xBCrgen M.");
    takes("lot", "W 17/3");
    takes("mac", "18-FE-34-A1-B2-C3");
    takes("order", "newest");
    takes("limit", "1000000");
    ck_assert_int_eq(query.format, BOOK_CSV);
    ck_assert_int_eq(query.filter.since, INT64_C(1772442904120000));
    ck_assert_int_eq(query.filter.until, INT64_C(1772442904120001));
    ck_assert_str_eq(query.filter.slot, "pci-0000:00:14.0-usb-0:1.2:1.0");
    ck_assert(query.filter.has_verdict);
    ck_assert_int_eq(query.filter.verdict, VERDICT_INTERRUPTED);
    ck_assert_str_eq(query.filter.mac, "18:fe:34:a1:b2:c3");
    ck_assert(query.filter.has_cause);
    ck_assert_int_eq(query.filter.cause, CAUSE_MD5_MISMATCH);
    ck_assert_str_eq(query.filter.image, "d7a8fbb307d7809469ca9abcb0082e4f8d5651e46d3cdb762d02d0bf37c9e592");
    ck_assert_str_eq(query.filter.operator, "J\xC3\xBCrgen M.");
    ck_assert_str_eq(query.filter.lot, "W 17/3");
    ck_assert(query.filter.newest_first);
    ck_assert_int_eq(query.filter.limit, 1000000);
}
END_TEST

START_TEST(a_digest_of_either_length_names_an_image)
{
    takes("image", "9e107d9d372bb6826bd81d3542a419d6");
    ck_assert_str_eq(query.filter.image, "9e107d9d372bb6826bd81d3542a419d6");
    refuses("image", "9e107d9d");
    refuses("image", "9e107d9d372bb6826bd81d3542a419dg");
    refuses("image", "golden.bin");
}
END_TEST

/* Monday, 2026-03-30T14:30:00 in CEST, the day after the clocks were put forward. */
#define NOW (INT64_C(1774873800) * 1000000)

static const struct {
    const char *text;
    int64_t seconds;
} relative_times[] = {
    {"today", 1774821600},     /* midnight in CEST, 22:00 UTC the day before */
    {"yesterday", 1774738800}, /* midnight in CET, 23 hours before */
    {"90s", 1774873710},       {"30m", 1774872000}, {"2h", 1774866600}, {"-2h", 1774866600},
    {"-7d", 1774269000},       {"2w", 1773664200},  {"0s", 1774873800},
};

START_TEST(times_before_now_are_read)
{
    int64_t time;
    const char *text = relative_times[_i].text;
    ck_assert_msg(moment_read(text, NOW, &time), "%s was refused", text);
    ck_assert_int_eq(time, relative_times[_i].seconds * 1000000);
    ck_assert_msg(!moment_read(text, 0, &time), "%s was taken where only dates may come", text);
    query.now = NOW;
    takes("since", text);
    ck_assert_int_eq(query.filter.since, relative_times[_i].seconds * 1000000);
}
END_TEST

static const struct {
    const char *text;
    int64_t seconds;
} good_times[] = {
    {"2026-03-02", 1772406000},       /* midnight in CET, 23:00 UTC the day before */
    {"2026-07-02", 1782943200},       /* in CEST, 22:00 UTC */
    {"2026-03-02T09:15", 1772439300}, /* 08:15 UTC */
    {"2026-03-02T09:15Z", 1772442900},
    {"2026-03-02T09:15:04Z", 1772442904},
    {"2026-03-29T02:30", 1774747800}, /* an hour that summer time leaves out */
    {"2000-01-01T00:00:00Z", 946684800},
    {"2028-02-29T00:00:00Z", 1835395200},
    {"9999-12-31T23:59:59Z", 253402300799},
};

START_TEST(good_times_are_read)
{
    int64_t time;
    ck_assert_msg(moment_read(good_times[_i].text, 0, &time), "%s was refused", good_times[_i].text);
    ck_assert_int_eq(time, good_times[_i].seconds * 1000000);
}
END_TEST

static const char *const bad_times[] = {
    "",
    "x",
    "2026",
    "2026-03",
    "2026-3-2",
    "2026-03-02 09:00",
    "2026-03-02T",
    "2026-03-02T09",
    "2026-03-02T09:",
    "2026-03-02T9:00Z",
    "2026-03-02T24:00Z",
    "2026-03-02T09:60Z",
    "2026-03-02T09:00:60Z",
    "2026-03-02T09:00:00.Z",
    "2026-03-02T09:00:00+01:00",
    "2026-03-02T09:00ZZ",
    "2026-03-02Z",
    "2026-13-02",
    "2026-00-02",
    "2026-02-30",
    "2027-02-29T00:00Z",
    "2026-03-00",
    "1999-12-31",
    "-026-03-02",
    "99999-03-02",
    "2026-03-02\n",
    "Today",
    "today ",
    "tomorrow",
    "2",
    "h",
    "-h",
    "+2h",
    "--2h",
    "2H",
    "2h30m",
    "1y",
    "10000d", /* before the year 2000 */
    "9999999999s",
};

START_TEST(bad_times_are_refused)
{
    int64_t time;
    ck_assert_msg(!moment_read(bad_times[_i], NOW, &time), "\"%s\" was taken", bad_times[_i]);
}
END_TEST

START_TEST(a_mac_is_read_in_every_writing)
{
    static const char *const writings[] = {"18fe34a1b2c3", "18:FE:34:A1:B2:C3", "18-fe-34-a1-b2-c3", "18fe.34a1.b2c3"};
    for (size_t i = 0; i < sizeof(writings) / sizeof(writings[0]); i++) {
        query_init(&query, true);
        takes("mac", writings[i]);
        ck_assert_str_eq(query.filter.mac, "18:fe:34:a1:b2:c3");
    }
}
END_TEST

START_TEST(values_that_make_no_sense_are_refused_by_name)
{
    refuses("format", "");
    refuses("format", "xml");
    refuses("format", "CSV");
    refuses("since", "tomorrow");
    refuses("until", "2026-02-30");
    refuses("slot", "");
    refuses("slot", "A 1");
    refuses("verdict", "passed");
    refuses("mac", "18:fe:34:a1:b2");
    refuses("mac", "18:fe:34:a1:b2:c3:d4");
    refuses("mac", "18:fe:34:a1:b2:cg");
    refuses("mac", "");
    refuses("cause", "md5");
    refuses("cause", "");
    refuses("operator", "");
    refuses("lot", "");
    refuses("order", "up");
    refuses("order", "");
    refuses("limit", "0");
    refuses("limit", "1000001");
    refuses("limit", "-1");
    refuses("limit", "+1");
    refuses("limit", "1e3");
    refuses("limit", "99999999999999999999");
    refuses("limit", "");
}
END_TEST

START_TEST(a_unit_is_never_open)
{
    takes("verdict", "open");
    query_init(&query, true);
    ck_assert_int_eq(set("verdict", "open"), -1);
    takes("limit", "1");
    ck_assert(!query.filter.has_verdict);
}
END_TEST

START_TEST(an_unknown_parameter_is_named)
{
    ck_assert_int_eq(set("mcu", "esp8266"), -1);
    ck_assert_str_eq(error, "\"mcu\" is no parameter here: there are format, since, until, slot, verdict, cause, image,"
                            " operator, lot, mac, order, limit");
    ck_assert_int_eq(set("", ""), -1);
    ck_assert_int_eq(set("limits", "1"), -1);
    ck_assert_int_eq(set("limi", "1"), -1);
}
END_TEST

START_TEST(a_parameter_given_twice_is_refused)
{
    takes("limit", "5");
    ck_assert_int_eq(set("limit", "6"), -1);
    ck_assert_str_eq(error, "limit is given twice");
}
END_TEST

START_TEST(since_must_be_before_until)
{
    ck_assert_int_eq(set("since", "2026-03-02"), 0);
    ck_assert_int_eq(set("until", "2026-03-02"), 0);
    ck_assert_int_eq(query_check(&query, error, sizeof(error)), -1);
    ck_assert_str_eq(error, "since must be before until");
}
END_TEST

START_TEST(hostile_bytes_do_no_harm)
{
    /* A NUL hides nothing behind it. */
    ck_assert_int_eq(query_set(&query, "limit", 5, "5\0006", 3, error, sizeof(error)), -1);
    ck_assert_str_eq(error, "limit=5?6: must be a number from 1 to 1000000");

    char longest[65];
    memset(longest, 'a', 64);
    longest[63] = '\0';
    query_init(&query, false);
    takes("slot", longest);
    longest[63] = 'a';
    longest[64] = '\0';
    query_init(&query, false);
    ck_assert_int_eq(set("slot", longest), -1);

    /* Control characters, and bytes that are no UTF-8. */
    query_init(&query, false);
    ck_assert_int_eq(set("lot", "W\n17"), -1);
    query_init(&query, false);
    ck_assert_int_eq(set("operator", "J\xFC"
                                     "rgen"),
                     -1);
    ck_assert_str_eq(error, "operator=J?rgen: must be an operator: 1 to 63 bytes of text");

    char huge[10000];
    memset(huge, 0x9B, sizeof(huge)); /* not ASCII; a terminal might take it for a command */
    ck_assert_int_eq(query_set(&query, "mac", 3, huge, sizeof(huge), error, sizeof(error)), -1);
    ck_assert_int_eq(strncmp(error, "mac=????", 8), 0);
    ck_assert_int_eq(query_set(&query, huge, sizeof(huge), "", 0, error, sizeof(error)), -1);
    ck_assert_int_eq(strncmp(error, "\"????", 5), 0);
    ck_assert_uint_lt(strlen(error), sizeof(error) - 1);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("query");
    TCase *tcase = tcase_create("parameters");
    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, nothing_given_is_everything_as_json);
    tcase_add_test(tcase, every_parameter_finds_its_place);
    tcase_add_test(tcase, a_digest_of_either_length_names_an_image);
    tcase_add_loop_test(tcase, times_before_now_are_read, 0, sizeof(relative_times) / sizeof(relative_times[0]));
    tcase_add_loop_test(tcase, good_times_are_read, 0, sizeof(good_times) / sizeof(good_times[0]));
    tcase_add_loop_test(tcase, bad_times_are_refused, 0, sizeof(bad_times) / sizeof(bad_times[0]));
    tcase_add_test(tcase, a_mac_is_read_in_every_writing);
    tcase_add_test(tcase, values_that_make_no_sense_are_refused_by_name);
    tcase_add_test(tcase, a_unit_is_never_open);
    tcase_add_test(tcase, an_unknown_parameter_is_named);
    tcase_add_test(tcase, a_parameter_given_twice_is_refused);
    tcase_add_test(tcase, since_must_be_before_until);
    tcase_add_test(tcase, hostile_bytes_do_no_harm);
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
