/* SPDX-License-Identifier: MIT */
/* What is read from the book: which rows, in what order, in what form. */
#include "tests/unit/daemon/book_fixture.h"

#include <jansson.h>

#define MAC(n) "18:fe:34:00:00:0" #n

/* The text of a read, put together. */
static char *text;
static size_t text_len, largest_piece;
static unsigned n_pieces;
static bool was_last, went_wrong;

static void on_text(void *data, const char *piece, size_t len, bool last)
{
    ck_assert_ptr_eq(data, &text);
    n_pieces++;
    was_last = last;
    if (!piece) {
        ck_assert(last);
        went_wrong = true;
        return;
    }
    if (len > largest_piece)
        largest_piece = len;
    char *longer = realloc(text, text_len + len + 1);
    ck_assert_ptr_nonnull(longer);
    text = longer;
    memcpy(text + text_len, piece, len);
    text_len += len;
    text[text_len] = '\0';
}

static const char *read_all(const struct book_filter *filter, enum book_format format)
{
    free(text);
    text = NULL;
    text_len = largest_piece = 0;
    n_pieces = 0;
    was_last = went_wrong = false;
    struct book_read *read = book_read_open(book, filter, format);
    ck_assert_ptr_nonnull(read);
    while (!was_last) {
        unsigned n = n_pieces;
        book_read_next(read, on_text, &text);
        turn_until(&n_pieces, n + 1);
    }
    book_read_close(read);
    return text;
}

static json_t *read_array(const struct book_filter *filter)
{
    json_error_t reason;
    const char *all = read_all(filter, BOOK_JSON);
    json_t *array = json_loads(all, JSON_REJECT_DUPLICATES, &reason);
    ck_assert_msg(array != NULL, "%s: %s", reason.text, all);
    ck_assert(json_is_array(array));
    return array;
}

/* The values of `key` in the rows that `filter` lets through: "1 2 3". */
static const char *values(const struct book_filter *filter, const char *key)
{
    static char line[2000];
    line[0] = '\0';
    json_t *array = read_array(filter), *row;
    size_t i;
    json_array_foreach(array, i, row)
    {
        const json_t *value = json_object_get(row, key);
        size_t n = strlen(line);
        if (json_is_integer(value))
            snprintf(line + n, sizeof(line) - n, "%s%lld", i ? " " : "", (long long)json_integer_value(value));
        else
            snprintf(line + n, sizeof(line) - n, "%s%s", i ? " " : "", json_string_value(value));
    }
    json_decref(array);
    return line;
}

/* Puts an attempt into the book; times in seconds, so that the tests can be read. */
static void add_attempt(int64_t started, const char *slot, enum verdict verdict, const char *mac)
{
    struct attempt attempt = new_attempt(slot);
    attempt.started = started * 1000000;
    begin(&attempt);
    if (verdict != VERDICT_OPEN)
        end(&attempt, verdict, verdict == VERDICT_FAIL ? CAUSE_LINK_LOST : CAUSE_NONE, mac);
}

static void setup_book(void)
{
    setup();
    open_book();
}

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

static void teardown_text(void)
{
    free(text);
    text = NULL;
    teardown();
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
    ck_assert_str_eq(
        read_all(&(struct book_filter){0}, BOOK_CSV),
        "id,slot,path,adapter,started,ended,verdict,cause,detail,sentence,remedy,mac,chip_id,chip,"
        "flash_id,flash_size,image_md5,image_sha256,image_size,baud,tries,written,seconds_reset,seconds_sync,"
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

#define ROWS 1203

static void fill(sqlite3 *db)
{
    char sql[600];
    /* Many of the same time, so that pages end between equals. */
    snprintf(
        sql, sizeof(sql),
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
        " INSERT INTO attempts SELECT i, 1000 + i / 700, 2000 + i, 'pass', 'none', '', 'A' || (i %% 2), 'p', 'a',"
        " NULL, printf('18:fe:34:00:%%02x:%%02x', i / 256, i %% 256), '', '', '', 0, '', 0, 1, 0, 0, 0, 0, 0, 0, 0,"
        " 0, '', '', '', '', 0, NULL FROM n",
        ROWS);
    execute(db, sql);
    execute(db, "INSERT INTO units SELECT mac, started, ended, 1, id, slot, verdict FROM attempts");
}

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

static size_t count_lines(const char *lines)
{
    size_t n = 0;
    for (; (lines = strchr(lines, '\n')); lines++)
        n++;
    return n;
}

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

START_TEST(a_read_may_end_in_the_middle_and_while_it_waits)
{
    sqlite3 *db = peek();
    fill(db);
    sqlite3_close(db);
    struct book_filter all = {0};
    struct book_read *middle = book_read_open(book, &all, BOOK_JSON);
    book_read_next(middle, on_text, &text);
    turn_until(&n_pieces, 1);
    ck_assert(!was_last);
    book_read_close(middle);

    for (int i = 0; i < 50; i++) {
        struct book_read *read = book_read_open(book, &all, BOOK_JSON);
        book_read_next(read, on_text, &text);
        usleep((useconds_t)(i * 200));
        book_read_close(read);
    }
    struct book_read *unused = book_read_open(book, &all, BOOK_JSON);
    book_read_close(unused);
    /* What comes after them tells that they have passed. */
    add_attempt(5000, "A1", VERDICT_PASS, MAC(1));
    ck_assert_uint_eq(n_pieces, 1);
}
END_TEST

static struct book_read *closed_by_callback;

static void close_on_text(void *data, const char *piece, size_t len, bool last)
{
    on_text(data, piece, len, last);
    book_read_close(closed_by_callback);
}

/* Steps of SQLite's machine that the longest query since the start has taken. */
static int most_steps;

static int on_query(unsigned event, void *data, void *statement, void *time)
{
    (void)event;
    (void)data;
    (void)time;
    int steps = sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_VM_STEP, 0);
    if (steps > most_steps)
        most_steps = steps;
    return 0;
}

static int watch_connection(sqlite3 *db, char **message, const struct sqlite3_api_routines *api)
{
    (void)message;
    (void)api;
    return sqlite3_trace_v2(db, SQLITE_TRACE_PROFILE, on_query, NULL);
}

/* Ten thousand attempts of as many units, at three slots. */
static void fill_book(void)
{
    sqlite3 *db = peek();
    execute(db, "PRAGMA synchronous = OFF;"
                "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 10000)"
                " INSERT INTO attempts SELECT i, i, i + 1, CASE WHEN i % 3 = 0 THEN 'fail' ELSE 'pass' END, 'none', '',"
                " 'A' || (i % 3), 'path', '', NULL, printf('m%05d', i), '', '', '', 0, '', 0, 1,"
                " 0, 0, 0, 0, 0, 0, 0, 0, '', 'W 17', 'Anna', '', 0, 1 FROM n;"
                "INSERT INTO units (mac, first_seen, last_seen, attempts, last_attempt, slot, verdict)"
                " SELECT mac, started, ended, 1, id, slot, verdict FROM attempts");
    sqlite3_close(db);
}

/* What is not there is looked up and not searched for. */
START_TEST(no_filter_goes_through_all_rows)
{
    static const struct book_filter filters[] = {
        {.slot = "nix"}, {.slot = "A0", .has_verdict = true, .verdict = VERDICT_PASS},
        {.has_verdict = true, .verdict = VERDICT_INTERRUPTED}, {.mac = "nix"}, {.mac = "m00007", .slot = "A0"},
        {.since = 1000000}, {.until = 1}, {.since = 5000, .until = 5001, .slot = "nix"},
        {.slot = "A0", .has_verdict = true, .verdict = VERDICT_PASS, .since = 1, .until = 9000},
        {.slot = "nix", .has_verdict = true, .verdict = VERDICT_PASS, .has_cause = true, .cause = CAUSE_NONE},
        {.slot = "nix", .operator= "Anna", .lot = "W 17"},
        {.has_cause = true, .cause = CAUSE_TX_OPEN, .operator= "Anna" },
         {.has_cause = true, .cause = CAUSE_TX_OPEN},
         {.has_cause = true, .cause = CAUSE_TX_OPEN, .has_verdict = true, .verdict = VERDICT_FAIL, .lot = "W 17"},
         {
             .operator= "nix" },
             {.operator= "nix", .has_verdict = true, .verdict = VERDICT_PASS},
             {.lot = "nix", .operator= "Anna", .has_cause = true, .cause = CAUSE_NONE},
             {.image = "00000000000000000000000000000000", .since = 1},
        };
    fill_book();
    ck_assert(close_book(10));
    ck_assert_int_eq(sqlite3_auto_extension((void (*)(void))watch_connection), SQLITE_OK);
    open_book();
    for (size_t i = 0; i < 4 * sizeof(filters) / sizeof(filters[0]); i++) {
        struct book_filter filter = filters[i / 4];
        filter.units = i % 2;
        filter.newest_first = i / 2 % 2;
        most_steps = 0;
        ck_assert_str_eq(values(&filter, "mac"), "");
        ck_assert_msg(most_steps < 500, "filter %zu of %s%s: %d steps", i / 4, filter.units ? "units" : "attempts",
                      filter.newest_first ? ", newest first" : "", most_steps);
    }
}
END_TEST

/* A page of a long list takes the steps for its own rows. */
START_TEST(no_page_sorts_all_rows)
{
    static const struct book_filter filters[] = {
        {0}, {.slot = "A1"}, {.has_verdict = true, .verdict = VERDICT_PASS}, {.since = 1},
        {
            .operator= "Anna" },
            {.has_cause = true, .cause = CAUSE_NONE},
            {.slot = "A1", .has_verdict = true, .verdict = VERDICT_PASS, .since = 1},
        };
    fill_book();
    ck_assert(close_book(10));
    ck_assert_int_eq(sqlite3_auto_extension((void (*)(void))watch_connection), SQLITE_OK);
    open_book();
    for (size_t i = 0; i < 4 * sizeof(filters) / sizeof(filters[0]); i++) {
        struct book_filter filter = filters[i / 4];
        filter.units = i % 2;
        filter.newest_first = i / 2 % 2;
        filter.limit = 10;
        most_steps = 0;
        ck_assert_uint_gt(strlen(values(&filter, "mac")), 50);
        ck_assert_msg(most_steps < 2500, "filter %zu of %s%s: %d steps", i / 4, filter.units ? "units" : "attempts",
                      filter.newest_first ? ", newest first" : "", most_steps);
    }
}
END_TEST

/* From now on a search for units finds none and never ends. */
static void make_units_endless(void)
{
    sqlite3 *db = peek();
    execute(db, "DROP TABLE units;"
                "CREATE VIEW units AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
                " SELECT 'x' AS mac, i AS first_seen, i AS last_seen, 1 AS attempts, 0 AS last_attempt,"
                " 'A1' AS slot, 'pass' AS verdict FROM n");
    sqlite3_close(db);
}

static void never(void *data, const char *piece, size_t len, bool last)
{
    (void)data;
    (void)piece;
    (void)len;
    (void)last;
    ck_abort();
}

START_TEST(no_write_waits_for_a_read_and_a_closed_one_ends)
{
    struct book_filter units = {.units = true}, attempts = {.limit = 10};
    struct attempt attempt = new_attempt("A1");
    make_units_endless();
    struct book_read *endless = book_read_open(book, &units, BOOK_JSON);
    book_read_next(endless, never, NULL);
    for (int i = 0; i < 5; i++) {
        begin(&attempt);
        end(&attempt, VERDICT_PASS, CAUSE_NONE, "");
    }
    book_read_close(endless);
    ck_assert_str_eq(values(&attempts, "id"), "1 2 3 4 5");
}
END_TEST

START_TEST(a_search_does_not_hold_up_the_end)
{
    struct book_filter units = {.units = true};
    make_units_endless();
    struct book_read *endless = book_read_open(book, &units, BOOK_JSON);
    book_read_next(endless, never, NULL);
    usleep(100000);
    book_read_close(endless);
    ck_assert(close_book(10));
}
END_TEST

START_TEST(a_read_may_end_in_its_callback)
{
    struct book_filter all = {0};
    closed_by_callback = book_read_open(book, &all, BOOK_CSV);
    book_read_next(closed_by_callback, close_on_text, &text);
    turn_until(&n_pieces, 1);
    ck_assert_int_eq(strncmp(text, "id,slot,", 8), 0);
}
END_TEST

START_TEST(rows_that_come_during_a_read_are_neither_lost_nor_doubled)
{
    sqlite3 *db = peek();
    fill(db);
    sqlite3_close(db);
    struct book_filter units = {.units = true};
    struct book_read *read = book_read_open(book, &units, BOOK_NDJSON);
    book_read_next(read, on_text, &text);
    turn_until(&n_pieces, 1);
    /* The first unit, which was given already, is seen again. */
    add_attempt(5000, "A1", VERDICT_PASS, "18:fe:34:00:00:01");
    while (!was_last) {
        unsigned n = n_pieces;
        book_read_next(read, on_text, &text);
        turn_until(&n_pieces, n + 1);
    }
    book_read_close(read);
    ck_assert_uint_eq(count_lines(text), ROWS);
}
END_TEST

START_TEST(a_book_that_cannot_be_read_ends_the_read)
{
    sqlite3 *db = peek();
    fill(db);
    struct book_filter units = {.units = true};
    struct book_read *read = book_read_open(book, &units, BOOK_JSON);
    book_read_next(read, on_text, &text);
    turn_until(&n_pieces, 1);
    execute(db, "DROP TABLE units");
    sqlite3_close(db);
    book_read_next(read, on_text, &text);
    turn_until(&n_pieces, 2);
    ck_assert(went_wrong);
    ck_assert(was_last);
    book_read_close(read);
}
END_TEST

/* The connection to read may not write: it must not be the last one that is closed. */
START_TEST(a_closed_book_leaves_no_log)
{
    char log[128];
    snprintf(log, sizeof(log), "%s-wal", book_path);
    for (int i = 0; i < 20; i++) {
        ck_assert_str_eq(values(&(struct book_filter){.units = true}, "mac"), "");
        ck_assert(close_book(10));
        ck_assert_msg(access(log, F_OK) != 0, "after end %d the log is still there", i + 1);
        open_book();
    }
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("book read");
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
    tcase_add_test(forms, a_read_may_end_in_the_middle_and_while_it_waits);
    tcase_add_test(forms, no_filter_goes_through_all_rows);
    tcase_add_test(forms, no_page_sorts_all_rows);
    tcase_add_test(forms, no_write_waits_for_a_read_and_a_closed_one_ends);
    tcase_add_test(forms, a_search_does_not_hold_up_the_end);
    tcase_add_test(forms, a_closed_book_leaves_no_log);
    tcase_add_test(forms, a_read_may_end_in_its_callback);
    tcase_add_test(forms, rows_that_come_during_a_read_are_neither_lost_nor_doubled);
    tcase_add_test(forms, a_book_that_cannot_be_read_ends_the_read);
    suite_add_tcase(suite, forms);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
