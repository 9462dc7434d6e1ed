/* SPDX-License-Identifier: MIT */
/* Which rows are read from the book, and in what order. */
#include "tests/unit/daemon/book_text.h"

static void setup_rows(void)
{
    setup_book();
    add_attempt(100, "A1", VERDICT_PASS, MAC(1));        /* 1 */
    add_attempt(200, "A2", VERDICT_FAIL, MAC(2));        /* 2 */
    add_attempt(300, "A1", VERDICT_INTERRUPTED, MAC(2)); /* 3 */
    add_attempt(400, "A2", VERDICT_OPEN, "");            /* 4 */
    add_attempt(500, "A1", VERDICT_PASS, MAC(2));        /* 5 */
    add_attempt(600, "A3", VERDICT_FAIL, "");            /* 6 */
}

START_TEST(no_condition_gives_all_oldest_first)
{
    ck_assert_str_eq(values(&(struct book_filter){0}, "id"), "1 2 3 4 5 6");
    ck_assert_str_eq(values(&(struct book_filter){.units = true}, "mac"), MAC(1) " " MAC(2));
    /* A clock that was put back does not change what oldest means. */
    add_attempt(150, "A1", VERDICT_PASS, MAC(3));
    ck_assert_str_eq(values(&(struct book_filter){0}, "id"), "1 7 2 3 4 5 6");
}
END_TEST

START_TEST(time_is_from_since_to_before_until)
{
    struct book_filter since = {.since = 200000000};
    struct book_filter until = {.until = 200000000};
    struct book_filter both = {.since = 200000001, .until = 500000001};
    ck_assert_str_eq(values(&since, "id"), "2 3 4 5 6");
    ck_assert_str_eq(values(&until, "id"), "1");
    ck_assert_str_eq(values(&both, "id"), "3 4 5");
}
END_TEST

START_TEST(units_are_chosen_by_when_they_were_last_seen)
{
    /* Seen last when their latest attempt ended: at 112.5 and 512.5 s. */
    struct book_filter since = {.units = true, .since = 112500001};
    struct book_filter from = {.units = true, .since = 112500000};
    struct book_filter until = {.units = true, .until = 512500000};
    ck_assert_str_eq(values(&since, "mac"), MAC(2));
    ck_assert_str_eq(values(&from, "mac"), MAC(1) " " MAC(2));
    ck_assert_str_eq(values(&until, "mac"), MAC(1));
}
END_TEST

START_TEST(slot_verdict_and_mac_choose)
{
    ck_assert_str_eq(values(&(struct book_filter){.slot = "A2"}, "id"), "2 4");
    ck_assert_str_eq(values(&(struct book_filter){.slot = "a2"}, "id"), "");
    ck_assert_str_eq(values(&(struct book_filter){.mac = MAC(2)}, "id"), "2 3 5");
    struct book_filter filter = {.has_verdict = true};
    static const char *const ids[] = {
        [VERDICT_OPEN] = "4", [VERDICT_PASS] = "1 5", [VERDICT_FAIL] = "2 6", [VERDICT_INTERRUPTED] = "3"};
    for (int verdict = VERDICT_OPEN; verdict <= VERDICT_INTERRUPTED; verdict++) {
        filter.verdict = (enum verdict)verdict;
        ck_assert_str_eq(values(&filter, "id"), ids[verdict]);
    }
    struct book_filter all_of_them = {.slot = "A1",
                                      .mac = MAC(2),
                                      .has_verdict = true,
                                      .verdict = VERDICT_PASS,
                                      .since = 200000000,
                                      .until = 1000000000};
    ck_assert_str_eq(values(&all_of_them, "id"), "5");
}
END_TEST

START_TEST(newest_first_is_the_other_way_round)
{
    ck_assert_str_eq(values(&(struct book_filter){.newest_first = true}, "id"), "6 5 4 3 2 1");
    struct book_filter both = {.newest_first = true, .since = 300000000, .until = 500000001};
    ck_assert_str_eq(values(&both, "id"), "5 4 3");
    ck_assert_str_eq(values(&(struct book_filter){.newest_first = true, .slot = "A2"}, "id"), "4 2");
    ck_assert_str_eq(values(&(struct book_filter){.newest_first = true, .limit = 2}, "id"), "6 5");
    /* Of units: seen last. The first one comes again. */
    struct book_filter units = {.units = true, .newest_first = true};
    ck_assert_str_eq(values(&units, "mac"), MAC(2) " " MAC(1));
    add_attempt(700, "A1", VERDICT_PASS, MAC(1));
    ck_assert_str_eq(values(&units, "mac"), MAC(1) " " MAC(2));
    units.until = 600000000;
    ck_assert_str_eq(values(&units, "mac"), MAC(2));
    /* Both ends of the period, in both orders: 512.5 s and 712.5 s. */
    for (int newest = 0; newest <= 1; newest++) {
        struct book_filter period = {.units = true, .newest_first = newest, .since = 512500000, .until = 712500000};
        ck_assert_str_eq(values(&period, "mac"), MAC(2));
        period = (struct book_filter){.units = true, .newest_first = newest, .since = 512500001, .until = 712500001};
        ck_assert_str_eq(values(&period, "mac"), MAC(1));
    }
}
END_TEST

START_TEST(cause_image_operator_and_lot_choose)
{
    static const struct {
        struct book_filter filter;
        const char *ids;
    } rows[] = {
        {{.has_cause = true, .cause = CAUSE_LINK_LOST}, "2 6 7"}, {{.has_cause = true, .cause = CAUSE_NONE}, "1 3 4 5"},
        {{.has_cause = true, .cause = CAUSE_TX_OPEN}, ""},
        {{.operator= "Anna" }, "7"},
         {
             {.operator= "anna" }, ""},
             {{.lot = "W 17"}, "7"},
             {{.image = "9e107d9d372bb6826bd81d3542a419d6"}, "1 2 3 4 5 6"},
             {{.image = "d7a8fbb307d7809469ca9abcb0082e4f8d5651e46d3cdb762d02d0bf37c9e592"}, "1 2 3 4 5 6"},
             {{.image = "00000000000000000000000000000001"}, "7"},
             {{.image = "00000000000000000000000000000002"}, ""},
             {{.has_cause = true, .cause = CAUSE_LINK_LOST, .slot = "A2"}, "2"},
             {{.operator= "Anna", .lot = "W 17", .has_verdict = true, .verdict = VERDICT_FAIL, .slot = "A4"}, "7"},
        };
    struct attempt attempt = new_attempt("A4");
    attempt.started = 700000000;
    strcpy(attempt.operator, "Anna");
    strcpy(attempt.lot, "W 17");
    strcpy(attempt.image_md5, "00000000000000000000000000000001");
    memset(attempt.image_sha256, '1', 64);
    begin(&attempt);
    end(&attempt, VERDICT_FAIL, CAUSE_LINK_LOST, MAC(3));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ck_assert_str_eq(values(&rows[i].filter, "id"), rows[i].ids);
        struct book_filter units = rows[i].filter;
        units.units = true;
        const char *macs = values(&units, "mac");
        ck_assert_msg((strstr(rows[i].ids, "7") != NULL) == (strstr(macs, MAC(3)) != NULL), "%zu: %s", i, macs);
    }
}
END_TEST

START_TEST(a_unit_is_what_its_latest_attempt_says)
{
    struct book_filter filter = {.units = true, .mac = MAC(2)};
    json_t *array = read_array(&filter);
    ck_assert_uint_eq(json_array_size(array), 1);
    json_t *expected = json_loads(
        "{\"mac\": \"" MAC(
            2) "\", \"chip_id\": \"00a1b2c3\", \"chip\": \"ESP8266EX\","
               "\"flash_id\": \"ef4016\", \"flash_size\": 4194304,"
               "\"first_seen\": \"1970-01-01T00:03:20.000Z\","
               "\"last_seen\": \"1970-01-01T00:08:32.500Z\", \"attempts\": 3,"
               "\"verdict\": \"pass\", \"cause\": \"none\", \"written\": null, \"slot\": \"A1\", \"image_sha256\":"
               "\"d7a8fbb307d7809469ca9abcb0082e4f8d5651e46d3cdb762d02d0bf37c9e592\","
               "\"lot\": \"\"}",
        0, NULL);
    ck_assert_ptr_nonnull(expected);
    ck_assert(json_equal(json_array_get(array, 0), expected));
    json_decref(expected);
    json_decref(array);

    ck_assert_str_eq(values(&(struct book_filter){.units = true, .slot = "A1"}, "mac"), MAC(1) " " MAC(2));
    ck_assert_str_eq(values(&(struct book_filter){.units = true, .slot = "A2"}, "mac"), "");
    filter = (struct book_filter){.units = true, .has_verdict = true, .verdict = VERDICT_FAIL};
    ck_assert_str_eq(values(&filter, "mac"), "");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("book rows");
    TCase *rows = tcase_create("rows");
    tcase_set_timeout(rows, TEST_TIMEOUT);
    tcase_add_checked_fixture(rows, setup_rows, teardown_text);
    tcase_add_test(rows, no_condition_gives_all_oldest_first);
    tcase_add_test(rows, time_is_from_since_to_before_until);
    tcase_add_test(rows, units_are_chosen_by_when_they_were_last_seen);
    tcase_add_test(rows, slot_verdict_and_mac_choose);
    tcase_add_test(rows, newest_first_is_the_other_way_round);
    tcase_add_test(rows, cause_image_operator_and_lot_choose);
    tcase_add_test(rows, a_unit_is_what_its_latest_attempt_says);
    suite_add_tcase(suite, rows);
    return run_suite(suite);
}
