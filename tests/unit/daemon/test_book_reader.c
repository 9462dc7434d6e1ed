/* SPDX-License-Identifier: MIT */
/* Reads beside the rest of the book: how long they take, what ends them, and that no write waits for them. */
#include "tests/unit/daemon/book_steps.h"
#include "tests/unit/daemon/book_text.h"

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

/* Ten thousand attempts of as many units, at three slots. */
static void fill_book(void)
{
    sqlite3 *db = peek();
    execute(db, "PRAGMA synchronous = OFF;"
                "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 10000)"
                " INSERT INTO attempts SELECT i, i, i + 1, CASE WHEN i % 3 = 0 THEN 'fail' ELSE 'pass' END, 'none', '',"
                " 'A' || (i % 3), 'path', '', NULL, printf('m%05d', i), '', '', '', 0, '', 0, 1,"
                " 0, 0, 0, 0, 0, 0, 0, 0, '', 'W 17', 'Anna', '', 0, 1, '', '' FROM n;"
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

int main(void)
{
    Suite *suite = suite_create("book reader");
    TCase *reader = tcase_create("reader");
    tcase_set_timeout(reader, TEST_TIMEOUT);
    tcase_add_checked_fixture(reader, setup_book, teardown_text);
    tcase_add_test(reader, a_read_may_end_in_the_middle_and_while_it_waits);
    tcase_add_test(reader, no_filter_goes_through_all_rows);
    tcase_add_test(reader, no_page_sorts_all_rows);
    tcase_add_test(reader, no_write_waits_for_a_read_and_a_closed_one_ends);
    tcase_add_test(reader, a_search_does_not_hold_up_the_end);
    tcase_add_test(reader, a_read_may_end_in_its_callback);
    tcase_add_test(reader, rows_that_come_during_a_read_are_neither_lost_nor_doubled);
    tcase_add_test(reader, a_book_that_cannot_be_read_ends_the_read);
    tcase_add_test(reader, a_closed_book_leaves_no_log);
    suite_add_tcase(suite, reader);
    return run_suite(suite);
}
