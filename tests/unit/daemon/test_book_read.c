/* SPDX-License-Identifier: MIT */
/* In what form the book is read: values, pages, CSV. */
#include "tests/unit/daemon/book_text.h"

START_TEST(an_attempt_comes_back_as_it_went_in)
{
    struct attempt attempt = new_attempt("A\"1\\");
    attempt.started = 1772442891530999;
    strcpy(attempt.detail, "caf\xC3\xA9 \xF0\x9F\x94\x8C");
    begin(&attempt);
    add_try(&attempt, 921600, CAUSE_LINK_LOST, "no \"answer\"");
    add_try(&attempt, 460800, CAUSE_MD5_MISMATCH, "");
    end(&attempt, VERDICT_FAIL, CAUSE_MD5_MISMATCH, MAC(1));
    json_t *array = read_array(&(struct book_filter){0});
    json_t *row = json_array_get(array, 0);
    char *line = json_dumps(row, JSON_COMPACT | JSON_REAL_PRECISION(10));
    static const char expected[] =
        "{\"id\":1,\"slot\":\"A\\\"1\\\\\",\"path\":\"pci-0000:00:14.0-usb-0:1.2:1.0\","
        "\"adapter\":\"cp210x 10c4:ea60 0001\",\"started\":\"2026-03-02T09:14:51.530Z\","
        "\"ended\":\"2026-03-02T09:15:04.030Z\",\"verdict\":\"fail\",\"cause\":\"md5-mismatch\","
        "\"detail\":\"caf\xC3\xA9 \xF0\x9F\x94\x8C\",";
    ck_assert_int_eq(strncmp(line, expected, strlen(expected)), 0);
    ck_assert_ptr_nonnull(strstr(line, "\"seconds\":{\"reset\":0.0,\"sync\":0.0,\"identify\":0.0,\"stub\":0.0,"
                                       "\"baud\":0.0,\"compare\":0.0,\"write\":8.25,\"verify\":0.0,\"run\":0.0}"));
    ck_assert_ptr_nonnull(strstr(line, "\"image_md5\":\"9e107d9d372bb6826bd81d3542a419d6\""));
    ck_assert_ptr_nonnull(strstr(line, "\"image_size\":4194304,\"baud\":921600,\"tries\":1,\"try_results\":["
                                       "{\"baud\":921600,\"cause\":\"link-lost\",\"detail\":\"no \\\"answer\\\"\","
                                       "\"seconds\":2.5},{\"baud\":460800,\"cause\":\"md5-mismatch\",\"detail\":\"\","
                                       "\"seconds\":2.5}],\"written\":null,"));
    free(line);
    json_decref(array);
}
END_TEST

START_TEST(an_empty_book_reads_as_nothing)
{
    ck_assert_str_eq(values(&(struct book_filter){0}, "id"), "");
    ck_assert_str_eq(read_all(&(struct book_filter){0}, BOOK_NDJSON), "");
    ck_assert_str_eq(read_all(&(struct book_filter){.units = true}, BOOK_CSV),
                     "mac,chip_id,chip,flash_id,flash_size,first_seen,last_seen,attempts,verdict,cause,written,"
                     "slot,image_sha256,lot\r\n");
    ck_assert_str_eq(read_all(&(struct book_filter){0}, BOOK_CSV),
                     "id,slot,path,adapter,started,ended,verdict,cause,detail,sentence,remedy,mac,chip_id,chip,"
                     "flash_id,flash_size,flash_unique_id,flash_note,image_md5,image_sha256,image_size,baud,tries,"
                     "written,seconds_reset,seconds_sync,"
                     "seconds_identify,seconds_stub,seconds_baud,seconds_compare,seconds_write,seconds_verify,"
                     "seconds_run,station,lot,operator,stub,gangd\r\n");
}
END_TEST

START_TEST(an_attempt_tells_whether_it_has_written)
{
    static const enum written written[] = {WRITTEN_UNKNOWN, WRITTEN_NO, WRITTEN_YES};
    static const char *const in_json[] = {"\"written\":null,", "\"written\":false,", "\"written\":true,"};
    static const char *const in_csv[] = {",1,,0,", ",1,false,0,", ",1,true,0,"};
    static const char *const of_unit[] = {",pass,none,,A1,", ",pass,none,false,A1,", ",pass,none,true,A1,"};
    for (unsigned i = 0; i < 3; i++) {
        struct attempt attempt = new_attempt("A1");
        begin(&attempt);
        attempt.written = written[i];
        end(&attempt, VERDICT_PASS, CAUSE_NONE, MAC(1));
        struct book_filter filter = {.since = attempt.started}, units = {.units = true};
        ck_assert_ptr_nonnull(strstr(read_all(&filter, BOOK_NDJSON), in_json[i]));
        ck_assert_ptr_nonnull(strstr(read_all(&filter, BOOK_CSV), in_csv[i]));
        ck_assert_ptr_nonnull(strstr(read_all(&units, BOOK_NDJSON), in_json[i]));
        ck_assert_ptr_nonnull(strstr(read_all(&units, BOOK_CSV), of_unit[i]));
    }
}
END_TEST

START_TEST(many_rows_come_in_pages_each_once)
{
    sqlite3 *db = peek();
    fill(db);
    sqlite3_close(db);
    for (int i = 0; i < 16; i++) {
        /* Units come in another order with `since`, and in yet another with a cause. */
        struct book_filter filter = {
            .units = i & 1, .newest_first = i & 2, .since = i & 4 ? 1000 : 0, .has_cause = i & 8, .cause = CAUSE_NONE};
        json_t *array = read_array(&filter), *row;
        ck_assert_uint_ge(n_pieces, 3);
        ck_assert_uint_lt(largest_piece, text_len / 2);
        ck_assert_uint_eq(json_array_size(array), ROWS);
        size_t n;
        json_array_foreach(array, n, row)
        {
            char mac[24];
            unsigned number = (unsigned)(filter.newest_first ? ROWS - n : n + 1);
            snprintf(mac, sizeof(mac), "18:fe:34:00:%02x:%02x", number / 256, number % 256);
            ck_assert_str_eq(json_string_value(json_object_get(row, "mac")), mac);
        }
        json_decref(array);
    }
}
END_TEST

START_TEST(a_limit_ends_a_read_on_and_off_the_page)
{
    static const int64_t limits[] = {1, 499, 500, 501, 1000, 1202, 1203, 1204, 1000000};
    sqlite3 *db = peek();
    fill(db);
    sqlite3_close(db);
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        size_t expected = limits[i] < ROWS ? (size_t)limits[i] : ROWS;
        struct book_filter filter = {.limit = limits[i]};
        ck_assert_uint_eq(count_lines(read_all(&filter, BOOK_NDJSON)), expected);
        ck_assert_uint_eq(count_lines(read_all(&filter, BOOK_CSV)), expected + 1);
        json_t *array = read_array(&filter);
        ck_assert_uint_eq(json_array_size(array), expected);
        json_decref(array);
    }
    struct book_filter odd = {.slot = "A1"};
    ck_assert_uint_eq(count_lines(read_all(&odd, BOOK_NDJSON)), (ROWS + 1) / 2);
}
END_TEST

/* The n-th cell of the second line; cells here hold no line breaks. */
static void ck_assert_in_csv(const char *expected)
{
    ck_assert_msg(strstr(text, expected) != NULL, "%s is not in\n%s", expected, text);
}

START_TEST(csv_cells_are_quoted_and_never_a_formula)
{
    struct attempt attempt = new_attempt("=1+2");
    strcpy(attempt.path, "@SUM(1)");
    strcpy(attempt.adapter, "-1,\"x\"");
    strcpy(attempt.station, "+49");
    strcpy(attempt.lot, "say \"hi\"");
    strcpy(attempt.operator, "a,b");
    begin(&attempt);
    sqlite3 *db = peek();
    /* What the book itself would not write. */
    execute(db, "UPDATE attempts SET detail = char(13, 10) || 'x', gangd = char(9) || 'y'");
    sqlite3_close(db);
    read_all(&(struct book_filter){0}, BOOK_CSV);
    ck_assert_in_csv("\r\n1,'=1+2,'@SUM(1),\"'-1,\"\"x\"\"\",");
    ck_assert_in_csv(",'+49,\"say \"\"hi\"\"\",\"a,b\",");
    ck_assert_in_csv(",none,??x,");
    ck_assert_in_csv(",?y\r\n");
    /* Numbers and what is not known are plain. */
    ck_assert_in_csv("Z,,,none,");
    ck_assert_in_csv(",4194304,0,0,,0,0,0,0,0,0,0,0,0,'+49,");
}
END_TEST

/* In many countries ';' separates the cells; and a spreadsheet takes the full-width signs for the usual ones. */
START_TEST(no_separator_and_no_other_sign_makes_a_formula)
{
    struct attempt attempt = new_attempt("A1");
    strcpy(attempt.path, "x;=1+1");
    strcpy(attempt.adapter, "\xEF\xBC\x9D"
                            "1\xEF\xBC\x8B"
                            "1");
    strcpy(attempt.station, "\xEF\xBC\x8B"
                            "49");
    strcpy(attempt.lot, "a; ;\"-2;b");
    strcpy(attempt.operator, "\xEF\xBC\xA0x;\xEF\xBC\x8Dy");
    begin(&attempt);
    read_all(&(struct book_filter){0}, BOOK_CSV);
    ck_assert_in_csv(",x;'=1+1,'\xEF\xBC\x9D"
                     "1\xEF\xBC\x8B"
                     "1,");
    ck_assert_in_csv(",'\xEF\xBC\x8B"
                     "49,\"a; ;\"\"'-2;b\",'\xEF\xBC\xA0x;'\xEF\xBC\x8Dy,");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("book read");
    TCase *forms = tcase_create("forms");
    tcase_set_timeout(forms, TEST_TIMEOUT);
    tcase_add_checked_fixture(forms, setup_book, teardown_text);
    tcase_add_test(forms, an_attempt_comes_back_as_it_went_in);
    tcase_add_test(forms, an_empty_book_reads_as_nothing);
    tcase_add_test(forms, an_attempt_tells_whether_it_has_written);
    tcase_add_test(forms, many_rows_come_in_pages_each_once);
    tcase_add_test(forms, a_limit_ends_a_read_on_and_off_the_page);
    tcase_add_test(forms, csv_cells_are_quoted_and_never_a_formula);
    tcase_add_test(forms, no_separator_and_no_other_sign_makes_a_formula);
    suite_add_tcase(suite, forms);
    return run_suite(suite);
}
