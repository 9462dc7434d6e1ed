/* SPDX-License-Identifier: MIT */
/* Which boards' flashes the book trusts: those of which it knows no erase that may have been cut off. */
#include "tests/unit/daemon/book_fixture.h"
#include "tests/unit/daemon/book_steps.h"

#define BOARD "18:fe:34:00:00:01"
#define OTHER "18:fe:34:00:00:02"

static struct attempt now; /* that of which the book is asked */
static unsigned n_answers;
static bool answer;

static void on_trusted(void *data, bool trusted)
{
    ck_assert_ptr_eq(data, &now);
    answer = trusted;
    n_answers++;
}

/* An attempt that is in the book with the MAC that its board has told. */
static struct attempt begin_noted(const char *slot, const char *mac)
{
    struct attempt attempt = new_attempt(slot);
    begin(&attempt);
    snprintf(attempt.mac, sizeof(attempt.mac), "%s", mac);
    book_note(book, &attempt);
    return attempt;
}

static void had(const char *slot, const char *mac, enum verdict verdict, enum cause cause, enum written written)
{
    struct attempt attempt = begin_noted(slot, mac);
    attempt.written = written;
    end(&attempt, verdict, cause, mac);
}

static void had_written(enum verdict verdict, enum cause cause)
{
    had("A1", BOARD, verdict, cause, WRITTEN_YES);
}

static bool is_trusted_in(const char *slot)
{
    unsigned n = n_answers;
    now = begin_noted(slot, BOARD);
    ck_assert_uint_ne(book_trust(book, &now, on_trusted, &now), 0);
    turn_until(&n_answers, n + 1);
    end(&now, VERDICT_PASS, CAUSE_NONE, OTHER); /* not to be counted in the next question */
    return answer;
}

static bool is_trusted(void)
{
    return is_trusted_in("A1");
}

static void setup_book(void)
{
    setup();
    open_book();
    n_answers = 0;
}

START_TEST(a_new_board_and_one_that_passed_are_trusted)
{
    ck_assert(is_trusted());
    had_written(VERDICT_PASS, CAUSE_NONE);
    ck_assert(is_trusted());
    had("A1", BOARD, VERDICT_PASS, CAUSE_NONE, WRITTEN_NO);
    ck_assert(is_trusted());
}
END_TEST

static const struct {
    enum verdict verdict;
    enum cause cause;
} bad_ends[] = {
    {VERDICT_FAIL, CAUSE_MD5_MISMATCH},
    {VERDICT_FAIL, CAUSE_LINK_LOST},
    {VERDICT_INTERRUPTED, CAUSE_UNPLUGGED},
    {VERDICT_INTERRUPTED, CAUSE_STOPPED},
};

START_TEST(a_board_that_did_not_end_well_is_not_until_it_was_written_and_passed)
{
    had_written(bad_ends[_i].verdict, bad_ends[_i].cause);
    ck_assert(!is_trusted());
    ck_assert(!is_trusted_in("A2"));
    had_written(VERDICT_PASS, CAUSE_NONE);
    ck_assert(is_trusted());
    had_written(bad_ends[_i].verdict, bad_ends[_i].cause);
    ck_assert(!is_trusted());
}
END_TEST

/* It passed as right already: the half-erased sector may be one that reads as right. */
START_TEST(a_pass_without_a_write_heals_nothing)
{
    had_written(VERDICT_INTERRUPTED, CAUSE_UNPLUGGED);
    had("A1", BOARD, VERDICT_PASS, CAUSE_NONE, WRITTEN_NO);
    ck_assert(!is_trusted());
}
END_TEST

/* The other image may be shorter: what was cut off may lie behind it. */
START_TEST(a_pass_with_another_image_heals_nothing)
{
    had_written(VERDICT_INTERRUPTED, CAUSE_UNPLUGGED);
    struct attempt attempt = begin_noted("A1", BOARD);
    memset(attempt.image_sha256, '0', 64);
    attempt.written = WRITTEN_YES;
    end(&attempt, VERDICT_PASS, CAUSE_NONE, BOARD);
    ck_assert(!is_trusted());
    had_written(VERDICT_PASS, CAUSE_NONE);
    ck_assert(is_trusted());
}
END_TEST

START_TEST(other_boards_do_not_count)
{
    had("A1", OTHER, VERDICT_INTERRUPTED, CAUSE_UNPLUGGED, WRITTEN_YES);
    had("A1", "", VERDICT_FAIL, CAUSE_BOARD_SILENT, WRITTEN_NO);
    ck_assert(is_trusted());
    had("A1", OTHER, VERDICT_PASS, CAUSE_NONE, WRITTEN_YES);
    had_written(VERDICT_FAIL, CAUSE_LINK_LOST);
    had("A1", OTHER, VERDICT_PASS, CAUSE_NONE, WRITTEN_YES);
    ck_assert(!is_trusted());
}
END_TEST

/* In another slot at this moment: two boards with one MAC, or one whose verdict is still to be written. */
START_TEST(an_attempt_that_is_open_is_no_pass)
{
    had_written(VERDICT_PASS, CAUSE_NONE);
    struct attempt open = begin_noted("A2", BOARD);
    ck_assert(!is_trusted());
    open.written = WRITTEN_YES;
    end(&open, VERDICT_PASS, CAUSE_NONE, BOARD);
    ck_assert(is_trusted());
}
END_TEST

static void kill_gangd(void)
{
    close_book(10);
    open_book();
}

START_TEST(a_board_that_was_at_work_when_gangd_was_killed_is_not_trusted)
{
    had_written(VERDICT_PASS, CAUSE_NONE);
    begin_noted("A1", BOARD);
    kill_gangd();
    ck_assert(!is_trusted());
    had_written(VERDICT_PASS, CAUSE_NONE);
    ck_assert(is_trusted());
}
END_TEST

/* gangd was killed before the MAC was in the book: then the slot tells, until another attempt in it has ended. */
START_TEST(a_row_without_a_mac_counts_for_the_board_that_is_there)
{
    struct attempt attempt = new_attempt("A1");
    begin(&attempt);
    kill_gangd();
    ck_assert(is_trusted_in("A2"));
    ck_assert(!is_trusted());
    ck_assert(is_trusted());
}
END_TEST

START_TEST(a_book_that_cannot_be_read_trusts_nobody)
{
    char moved[128];
    now = begin_noted("A1", BOARD);
    end(&now, VERDICT_PASS, CAUSE_NONE, BOARD);
    snprintf(moved, sizeof(moved), "%s.moved", book_path);
    ck_assert_int_eq(rename(book_path, moved), 0);
    answer = true;
    book_trust(book, &now, on_trusted, &now);
    turn_until(&n_answers, 1);
    ck_assert(!answer);
    ck_assert_int_eq(rename(moved, book_path), 0);
}
END_TEST

START_TEST(a_question_that_is_cancelled_has_no_answer)
{
    now = begin_noted("A1", BOARD);
    uint64_t first = book_trust(book, &now, on_trusted, &now), second = book_trust(book, &now, on_trusted, &now);
    ck_assert_uint_ne(first, second);
    book_trust_cancel(book, first);
    turn_until(&n_answers, 1);
    book_trust_cancel(book, second); /* answered: nothing happens */
    book_trust_cancel(book, 0);
    struct attempt later = new_attempt("A2");
    begin(&later);
    ck_assert_uint_eq(n_answers, 1);
}
END_TEST

/* Whatever the number of attempts with the image, or in the slot. */
START_TEST(a_question_looks_up_the_rows_of_its_board_alone)
{
    sqlite3 *db = peek();
    execute(db, "PRAGMA synchronous = OFF;"
                "INSERT INTO images (id, sha256, md5, size, first_used) VALUES (1,"
                " 'd7a8fbb307d7809469ca9abcb0082e4f8d5651e46d3cdb762d02d0bf37c9e592', '', 0, 0);"
                "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 100000)"
                " INSERT INTO attempts SELECT i, i, i + 1, CASE WHEN i % 3 = 0 THEN 'fail' ELSE 'pass' END, 'none', '',"
                " 'A1', 'path', '', 1, printf('m%05d', i), '', '', '', 0, '', 0, 1,"
                " 0, 0, 0, 0, 0, 0, 0, 0, '', '', '', '', 0, 1, '', '' FROM n;");
    sqlite3_close(db);
    ck_assert_int_eq(sqlite3_auto_extension((void (*)(void))watch_connection), SQLITE_OK);
    kill_gangd();
    most_steps = 0;
    ck_assert(is_trusted());
    ck_assert_int_lt(most_steps, 500);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("book trust");
    TCase *tcase = tcase_create("trust");
    tcase_set_timeout(tcase, TEST_TIMEOUT);
    tcase_add_checked_fixture(tcase, setup_book, teardown);
    tcase_add_test(tcase, a_new_board_and_one_that_passed_are_trusted);
    tcase_add_loop_test(tcase, a_board_that_did_not_end_well_is_not_until_it_was_written_and_passed, 0,
                        sizeof(bad_ends) / sizeof(bad_ends[0]));
    tcase_add_test(tcase, a_pass_without_a_write_heals_nothing);
    tcase_add_test(tcase, a_pass_with_another_image_heals_nothing);
    tcase_add_test(tcase, other_boards_do_not_count);
    tcase_add_test(tcase, an_attempt_that_is_open_is_no_pass);
    tcase_add_test(tcase, a_board_that_was_at_work_when_gangd_was_killed_is_not_trusted);
    tcase_add_test(tcase, a_row_without_a_mac_counts_for_the_board_that_is_there);
    tcase_add_test(tcase, a_book_that_cannot_be_read_trusts_nobody);
    tcase_add_test(tcase, a_question_that_is_cancelled_has_no_answer);
    tcase_add_test(tcase, a_question_looks_up_the_rows_of_its_board_alone);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
