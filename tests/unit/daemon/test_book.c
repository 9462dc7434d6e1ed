/* SPDX-License-Identifier: MIT */
/* The laws of the book: committed before it is said, each attempt one closed row, nothing forgotten. */
#include "tests/unit/daemon/book_fixture.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define MAC_1 "18:fe:34:a1:b2:c3"
#define MAC_2 "5c:cf:7f:00:00:01"

START_TEST(a_new_book_is_durable_and_knows_its_schema)
{
    open_book();
    ck_assert_answer("PRAGMA journal_mode", "wal");
    ck_assert_answer("PRAGMA user_version", "5");
    ck_assert_answer("PRAGMA application_id", "1734438503");
    ck_assert_answer("SELECT count(*) FROM attempts", "0");
    ck_assert(close_book(10));
    ck_assert_int_ne(access(book_path, F_OK), -1);
}
END_TEST

static void look_for_open_row(void *data, int64_t id)
{
    char sql[100], *found = data;
    snprintf(sql, sizeof(sql), "SELECT slot, verdict FROM attempts WHERE id = %lld", (long long)id);
    snprintf(found, 64, "%s", ask(sql));
    n_begun++;
}

START_TEST(a_begun_attempt_is_in_the_book_when_it_is_said)
{
    char found[64] = "";
    open_book();
    struct attempt attempt = new_attempt("A1");
    book_begin(book, &attempt, look_for_open_row, found);
    turn_until(&n_begun, 1);
    ck_assert_str_eq(found, "A1|open");
}
END_TEST

static void look_for_verdict(void *data)
{
    snprintf(data, 64, "%s", ask("SELECT verdict, cause FROM attempts"));
    n_ended++;
}

START_TEST(a_verdict_is_in_the_book_when_it_is_said)
{
    char found[64] = "";
    open_book();
    struct attempt attempt = new_attempt("A1");
    begin(&attempt);
    give_verdict(&attempt, VERDICT_FAIL, CAUSE_MD5_MISMATCH, MAC_1);
    book_end(book, &attempt, look_for_verdict, found);
    turn_until(&n_ended, 1);
    ck_assert_str_eq(found, "fail|md5-mismatch");
}
END_TEST

START_TEST(a_row_holds_all_that_the_attempt_says)
{
    open_book();
    struct attempt attempt = new_attempt("A1");
    strcpy(attempt.lot, "L-7");
    strcpy(attempt.operator, "night shift");
    attempt.started = 1772442891530000;
    begin(&attempt);
    strcpy(attempt.detail, "third sector");
    attempt.seconds.reset = 0.41;
    attempt.seconds.run = 1.5;
    end(&attempt, VERDICT_PASS, CAUSE_NONE, MAC_1);
    ck_assert_answer(
        "SELECT started, ended, slot, path, adapter, mac, chip_id, chip, flash_id, flash_size, flash_unique_id,"
        " flash_note, stub, baud, tries, detail, station, lot, operator, gangd FROM attempts",
        "1772442891530000|1772442904030000|A1|pci-0000:00:14.0-usb-0:1.2:1.0|cp210x 10c4:ea60 0001|" MAC_1
        "|00a1b2c3|ESP8266EX|ef4016|4194304|d5f1c27ae3084b96|woken by ABh|gangd 0.1.0|921600|1|third "
        "sector|bench-1|L-7|night shift|"
        "0.1.0");
    ck_assert_answer("SELECT seconds_reset, seconds_sync, seconds_identify, seconds_stub, seconds_baud, seconds_write,"
                     " seconds_verify, seconds_run FROM attempts",
                     "0.41|0.0|0.0|0.0|0.0|8.25|0.0|1.5");
}
END_TEST

START_TEST(each_try_is_in_the_book)
{
    open_book();
    struct attempt first = new_attempt("A1"), second = new_attempt("A2");
    begin(&first);
    begin(&second);
    add_try(&first, 921600, CAUSE_LINK_LOST, "writing at 0x0, block 3 of 7: no answer\xFF");
    add_try(&first, 460800, CAUSE_NONE, "");
    add_try(&second, 921600, CAUSE_WRONG_CHIP, "magic word 0x0");
    end(&first, VERDICT_PASS, CAUSE_NONE, MAC_1);
    end(&second, VERDICT_FAIL, CAUSE_WRONG_CHIP, "");
    ck_assert_answer("SELECT * FROM tries", "1|1|921600|link-lost|writing at 0x0, block 3 of 7: no answer?|2.5\n"
                                            "1|2|460800|none||2.5\n"
                                            "2|1|921600|wrong-chip|magic word 0x0|2.5");
}
END_TEST

/* SQLite's calls come here first: a power cut cannot be had in a test, but what guards against it can be counted. */
static atomic_uint n_synced;

int fdatasync(int fd)
{
    n_synced++;
    return (int)syscall(SYS_fdatasync, fd);
}

int fsync(int fd)
{
    n_synced++;
    return (int)syscall(SYS_fsync, fd);
}

START_TEST(what_is_said_is_on_the_disk)
{
    open_book();
    struct attempt attempt = new_attempt("A1");
    for (int i = 0; i < 20; i++) {
        unsigned before = n_synced;
        begin(&attempt);
        ck_assert_uint_gt(n_synced, before);
        before = n_synced;
        end(&attempt, VERDICT_PASS, CAUSE_NONE, MAC_1);
        ck_assert_uint_gt(n_synced, before);
    }
}
END_TEST

START_TEST(an_image_is_in_the_book_once)
{
    open_book();
    struct attempt one = new_attempt("A1"), two = new_attempt("A2"), other = new_attempt("A3");
    other.image_sha256[0] = 'e';
    one.started = 1000;
    begin(&one);
    begin(&two);
    begin(&other);
    ck_assert_answer("SELECT substr(sha256, 1, 3), md5, size, first_used FROM images WHERE first_used = 1000",
                     "d7a|9e107d9d372bb6826bd81d3542a419d6|4194304|1000");
    ck_assert_answer("SELECT image FROM attempts ORDER BY id", "1\n1\n2");
}
END_TEST

START_TEST(a_unit_is_kept_up_to_date)
{
    open_book();
    struct attempt first = new_attempt("A1"), second = new_attempt("A2"), other = new_attempt("A3");
    first.started = 1000000000;
    second.started = 2000000000;
    begin(&first);
    ck_assert_answer("SELECT count(*) FROM units", "0");
    end(&first, VERDICT_FAIL, CAUSE_LINK_LOST, MAC_1);
    ck_assert_answer("SELECT * FROM units", MAC_1 "|1000000000|1012500000|1|1|A1|fail");
    begin(&second);
    end(&second, VERDICT_PASS, CAUSE_NONE, MAC_1);
    ck_assert_answer("SELECT * FROM units", MAC_1 "|1000000000|2012500000|2|2|A2|pass");
    begin(&other);
    end(&other, VERDICT_PASS, CAUSE_NONE, MAC_2);
    ck_assert_answer("SELECT mac, attempts, last_attempt FROM units", MAC_1 "|2|2\n" MAC_2 "|1|3");
}
END_TEST

START_TEST(an_attempt_without_a_mac_makes_no_unit)
{
    open_book();
    struct attempt attempt = new_attempt("A1");
    begin(&attempt);
    end(&attempt, VERDICT_FAIL, CAUSE_BOARD_SILENT, "");
    ck_assert_answer("SELECT count(*) FROM units", "0");
    ck_assert_answer("SELECT verdict FROM attempts", "fail");
}
END_TEST

START_TEST(what_is_no_text_does_not_get_into_the_book)
{
    open_book();
    struct attempt attempt = new_attempt("A1");
    strcpy(attempt.adapter, "ch341 \xFF\xC3) \xE2\x82\xAC\n");
    memset(attempt.operator, 'x', sizeof(attempt.operator) - 1);
    memcpy(attempt.operator+ sizeof(attempt.operator) - 3, "\xE2\x82", 2); /* cut off by its array */
    begin(&attempt);
    ck_assert_answer("SELECT adapter, substr(operator, -3), length(operator) FROM attempts", "ch341 ?"
                                                                                             "?) \xE2\x82\xAC?|x??|63");
}
END_TEST

#define MANY 1500

static int64_t many_ids[MANY];

static void on_one_of_many(void *data, int64_t id)
{
    /* In the order of the calls. */
    ck_assert_ptr_eq(data, &many_ids[n_begun]);
    on_begun(data, id);
}

START_TEST(thousands_of_attempts_each_have_one_closed_row)
{
    open_book();
    struct attempt attempt = new_attempt("A1");
    for (int i = 0; i < MANY; i++)
        book_begin(book, &attempt, on_one_of_many, &many_ids[i]);
    turn_until(&n_begun, MANY);
    for (int i = 0; i < MANY; i++) {
        char mac[18];
        snprintf(mac, sizeof(mac), "18:fe:34:00:%02x:%02x", (i / 3) >> 8, (i / 3) & 0xFF);
        attempt.id = many_ids[i];
        give_verdict(&attempt, i % 10 ? VERDICT_PASS : VERDICT_FAIL, i % 10 ? CAUSE_NONE : CAUSE_LINK_LOST, mac);
        book_end(book, &attempt, i % 2 ? on_ended : NULL, NULL);
    }
    turn_until(&n_ended, MANY / 2);
    ck_assert(close_book(60));
    ck_assert_answer("SELECT count(*), count(DISTINCT id), sum(verdict = 'pass'), sum(verdict = 'fail') FROM attempts",
                     "1500|1500|1350|150");
    ck_assert_answer("SELECT count(*), min(attempts), max(attempts) FROM units", "500|3|3");
    ck_assert_answer("PRAGMA foreign_key_check", "");
}
END_TEST

static struct book_counts counts;
static unsigned n_counted;

static void on_counted(void *data, const struct book_counts *result)
{
    (void)data;
    counts = *result;
    n_counted++;
}

START_TEST(counts_are_of_what_ended_since)
{
    open_book();
    static const enum verdict verdicts[] = {VERDICT_PASS, VERDICT_PASS, VERDICT_FAIL, VERDICT_INTERRUPTED};
    int64_t now = wall_clock_us();
    /* The first are of a clock that is wrong: they end an hour from now. */
    for (int hours = -1; hours < 3; hours++) {
        for (int i = 0; i < 4; i++) {
            struct attempt attempt = new_attempt("A1");
            attempt.started = now - hours * INT64_C(3600000000) - 60000000;
            begin(&attempt);
            end(&attempt, verdicts[i], CAUSE_NONE, i == 1 ? MAC_2 : MAC_1);
        }
    }
    struct attempt open = new_attempt("A1");
    begin(&open);
    book_count(book, now - INT64_C(5400000000), on_counted, NULL);
    turn_until(&n_counted, 1);
    ck_assert_int_eq(counts.pass, 4);
    ck_assert_int_eq(counts.fail, 2);
    ck_assert_int_eq(counts.interrupted, 2);
    ck_assert_int_eq(counts.units_last_hour, 2);
}
END_TEST

/* Attempts one after the other: "A1 pass 1" is a pass at slot A1 of the unit with MAC 1; MAC 0: none was read. */
static const struct {
    const char *attempts;
    int64_t passed, failed, passed_first;
} unit_rows[] = {
    {"", 0, 0, 0},
    {"A1 pass 1, A2 pass 2", 2, 0, 2},
    {"A1 fail 1, A2 pass 1", 1, 0, 0},
    {"A1 fail 1, A1 fail 1, A1 fail 1", 0, 1, 0},
    {"A1 pass 1, A1 fail 1", 0, 1, 1},
    {"A1 pass 1, A1 pass 1", 1, 0, 1},
    /* What was interrupted says nothing of a unit. */
    {"A1 interrupted 1, A1 pass 1, A1 interrupted 1", 1, 0, 1},
    {"A1 interrupted 1, A2 interrupted 0", 0, 0, 0},
    /* Without a MAC: in a row at one slot they are one unit. */
    {"A1 fail 0, A1 fail 0, A1 interrupted 0, A1 fail 0", 0, 1, 0},
    {"A1 fail 0, A2 fail 0, A1 fail 0", 0, 2, 0},
    {"A1 fail 0, A1 pass 1, A1 fail 0", 1, 2, 1},
    {"A1 fail 0, A1 fail 1, A2 pass 1", 1, 1, 0},
};

START_TEST(units_are_counted_by_their_latest_verdict)
{
    char slot[8], verdict[16];
    int mac, used;
    int64_t at = wall_clock_us() - INT64_C(600000000);
    open_book();
    for (const char *c = unit_rows[_i].attempts; sscanf(c, "%7s %15[a-z] %d%n", slot, verdict, &mac, &used) == 3;) {
        struct attempt attempt = new_attempt(slot);
        attempt.started = at += 20000000;
        begin(&attempt);
        end(&attempt, (enum verdict)verdict_from_name(verdict), CAUSE_NONE, mac == 0 ? "" : mac == 1 ? MAC_1 : MAC_2);
        c += used + (c[used] == ',');
    }
    book_count(book, wall_clock_us() - INT64_C(3600000000), on_counted, NULL);
    turn_until(&n_counted, 1);
    ck_assert_int_eq(counts.units_passed, unit_rows[_i].passed);
    ck_assert_int_eq(counts.units_failed, unit_rows[_i].failed);
    ck_assert_int_eq(counts.units_passed_first, unit_rows[_i].passed_first);
}
END_TEST

#define COUNTS 1000

/* Sixty-four boards end together, and a count goes through the whole day. */
START_TEST(counts_that_wait_are_made_once)
{
    open_book();
    struct attempt attempt = new_attempt("A1");
    for (int i = 0; i < MANY; i++)
        book_begin(book, &attempt, on_begun, NULL);
    turn_until(&n_begun, MANY);
    for (attempt.id = 1; attempt.id <= MANY; attempt.id++) {
        give_verdict(&attempt, VERDICT_FAIL, CAUSE_LINK_LOST, "");
        book_end(book, &attempt, on_ended, NULL);
    }
    turn_until(&n_ended, MANY);
    int64_t whole = attempt.started - 1;
    for (int i = 1; i < COUNTS; i++)
        book_count(book, whole, on_counted, NULL);
    book_count(book, wall_clock_us(), on_counted, NULL); /* the last one's time is in force */
    while (n_counted == 0 || counts.fail != 0)
        uv_run(&loop, UV_RUN_ONCE);
    ck_assert_uint_lt(n_counted, COUNTS / 2);
}
END_TEST

START_TEST(closing_waits_for_what_was_asked_and_says_nothing_more)
{
    open_book();
    struct attempt attempt = new_attempt("A1");
    begin(&attempt);
    give_verdict(&attempt, VERDICT_INTERRUPTED, CAUSE_STOPPED, "");
    book_end(book, &attempt, on_ended, NULL);
    ck_assert(close_book(10));
    ck_assert_uint_eq(n_ended, 0);
    ck_assert_answer("SELECT verdict, cause FROM attempts", "interrupted|stopped");
}
END_TEST

START_TEST(ids_go_on_after_a_restart)
{
    struct attempt attempt = new_attempt("A1");
    open_book();
    begin(&attempt);
    end(&attempt, VERDICT_PASS, CAUSE_NONE, MAC_1);
    ck_assert(close_book(10));
    open_book();
    begin(&attempt);
    ck_assert_int_eq(attempt.id, 2);
}
END_TEST

/* Writes come in their order: the notes before this are then in the book. */
static void write_another(void)
{
    struct attempt another = new_attempt("A3");
    begin(&another);
    end(&another, VERDICT_FAIL, CAUSE_LINK_LOST, "");
}

/* Opens the book, begins attempts, leaves one open in its second try, and waits to be killed. */
static void live_until_killed(int report)
{
    uv_loop_fork(&loop);
    open_book();
    struct attempt done = new_attempt("A1"), open = new_attempt("A2");
    begin(&done);
    end(&done, VERDICT_PASS, CAUSE_NONE, MAC_1);
    begin(&open);
    struct attempt known = open;
    add_try(&known, 921600, CAUSE_LINE_NOISE, "12 bytes that make no sense");
    known.tries = 2;
    known.baud = 460800;
    book_note(book, &known);
    write_another();
    if (write(report, "!", 1) != 1)
        _exit(1);
    for (;;)
        pause();
}

START_TEST(what_was_open_when_gangd_was_killed_is_interrupted)
{
    int report[2];
    char byte;
    ck_assert_int_eq(pipe(report), 0);
    pid_t child = fork();
    if (child == 0)
        live_until_killed(report[1]);
    close(report[1]);
    ck_assert_int_eq(read(report[0], &byte, 1), 1);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    close(report[0]);

    int64_t before = wall_clock_us();
    open_book();
    ck_assert_answer("SELECT slot, verdict, cause FROM attempts ORDER BY id",
                     "A1|pass|none\nA2|interrupted|power-cut\nA3|fail|link-lost");
    ck_assert_int_ge(atoll(ask("SELECT ended FROM attempts WHERE slot = 'A2'")), before);
    ck_assert_answer("SELECT mac FROM units", MAC_1);
    /* The try that was cut off has no result; the one before has. */
    ck_assert_answer("SELECT tries, baud FROM attempts WHERE slot = 'A2'", "2|460800");
    ck_assert_answer("SELECT number, baud, cause, detail FROM tries WHERE attempt = 2",
                     "1|921600|line-noise|12 bytes that make no sense");
}
END_TEST

/* Which board it was is in the row before there is a verdict; who comes later finds it there, or the verdict. */
START_TEST(what_is_known_of_a_unit_is_noted_in_its_open_row)
{
    open_book();
    struct attempt first = new_attempt("A1"), second = new_attempt("A2"), known;
    begin(&first);
    begin(&second);
    known = first;
    give_verdict(&known, VERDICT_PASS, CAUSE_NONE, MAC_1);
    book_note(book, &known);
    end(&second, VERDICT_FAIL, CAUSE_LINK_LOST, MAC_1);
    ck_assert_answer("SELECT verdict, cause, ended, mac, chip_id, chip, flash_id, flash_size, flash_unique_id, "
                     "flash_note, stub, baud, written "
                     "FROM attempts WHERE slot = 'A1'",
                     "open|none|NULL|" MAC_1
                     "|00a1b2c3|ESP8266EX|ef4016|4194304|d5f1c27ae3084b96|woken by ABh|gangd 0.1.0|921600|NULL");
    ck_assert_answer("SELECT attempts, last_attempt = 2 FROM units", "1|1");

    /* Too late, or about another row: nothing comes of it. */
    give_verdict(&second, VERDICT_PASS, CAUSE_NONE, MAC_2);
    book_note(book, &second);
    known.started++;
    strcpy(known.mac, MAC_2);
    add_try(&known, 921600, CAUSE_LINK_LOST, "of another attempt");
    book_note(book, &known);
    write_another(); /* at the end of the book notes may be left out */
    ck_assert(close_book(10));
    ck_assert_answer("SELECT verdict, mac FROM attempts WHERE slot <> 'A3' ORDER BY id", "open|" MAC_1 "\nfail|" MAC_1);
    ck_assert_answer("SELECT count(*) FROM tries", "0");

    /* The end of the power cut: the unit has both attempts, and the last one that was closed is the one cut off. */
    open_book();
    ck_assert_answer("SELECT verdict, cause, mac FROM attempts WHERE slot = 'A1'", "interrupted|power-cut|" MAC_1);
    ck_assert_answer("SELECT u.mac, u.attempts, u.last_attempt, u.last_seen >= a.ended FROM units u, attempts a "
                     "WHERE a.slot = 'A1'",
                     MAC_1 "|2|1|1");
}
END_TEST

START_TEST(a_begin_that_was_taken_back_at_once_is_never_said)
{
    open_book();
    struct attempt attempt = new_attempt("A1");
    for (int i = 0; i < 200; i++)
        book_cancel(book, book_begin(book, &attempt, on_begun, NULL), CAUSE_UNPLUGGED);
    begin(&attempt);
    ck_assert_uint_eq(n_begun, 1);
    ck_assert(close_book(10));
    ck_assert_answer("SELECT count(*) FROM attempts WHERE verdict = 'open'", "1");
    ck_assert_answer("SELECT count(*) FROM attempts WHERE verdict <> 'open' AND cause <> 'unplugged'", "0");
}
END_TEST

START_TEST(a_row_that_was_committed_before_it_was_taken_back_is_interrupted)
{
    open_book();
    struct attempt attempt = new_attempt("A1");
    uint64_t ticket = book_begin(book, &attempt, on_begun, NULL);
    while (strcmp(ask("SELECT count(*) FROM attempts"), "1") != 0)
        usleep(1000);
    book_cancel(book, ticket, CAUSE_UNPLUGGED);
    ck_assert(close_book(10));
    ck_assert_uint_eq(n_begun, 0);
    ck_assert_answer("SELECT verdict, cause, ended >= started FROM attempts", "interrupted|unplugged|1");
}
END_TEST

START_TEST(what_was_said_can_not_be_taken_back)
{
    open_book();
    struct attempt attempt = new_attempt("A1");
    uint64_t ticket = book_begin(book, &attempt, on_begun, &attempt.id);
    turn_until(&n_begun, 1);
    book_cancel(book, ticket, CAUSE_UNPLUGGED);
    ck_assert(close_book(10));
    ck_assert_answer("SELECT verdict FROM attempts", "open");
}
END_TEST

#define RACES 300

/* Each begin is taken back after another while. Whatever came first: it was said, or its row is closed. */
START_TEST(every_race_of_begin_and_cancel_leaves_no_open_row)
{
    static int64_t ids[RACES];
    open_book();
    srand(1);
    for (int i = 0; i < RACES; i++) {
        struct attempt attempt = new_attempt("A1");
        ids[i] = 0;
        uint64_t ticket = book_begin(book, &attempt, on_begun, &ids[i]);
        usleep((useconds_t)(rand() % 3000)); /* NOLINT(cert-msc30-c,cert-msc50-c): repeatable on purpose */
        if (i % 2)
            uv_run(&loop, UV_RUN_NOWAIT);
        book_cancel(book, ticket, CAUSE_UNPLUGGED);
    }
    ck_assert(close_book(10));
    unsigned said = 0;
    for (int i = 0; i < RACES; i++)
        said += ids[i] != 0;
    ck_assert_uint_eq(said, n_begun);
    char expected[16];
    snprintf(expected, sizeof(expected), "%u", said);
    ck_assert_answer("SELECT count(*) FROM attempts WHERE verdict = 'open'", expected);
    ck_assert_answer("SELECT count(*) FROM attempts WHERE verdict <> 'open' AND cause <> 'unplugged'", "0");
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("book");
    TCase *tcase = tcase_create("laws");
    tcase_set_timeout(tcase, TEST_TIMEOUT);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_new_book_is_durable_and_knows_its_schema);
    tcase_add_test(tcase, a_begun_attempt_is_in_the_book_when_it_is_said);
    tcase_add_test(tcase, a_verdict_is_in_the_book_when_it_is_said);
    tcase_add_test(tcase, a_row_holds_all_that_the_attempt_says);
    tcase_add_test(tcase, each_try_is_in_the_book);
    tcase_add_test(tcase, what_is_said_is_on_the_disk);
    tcase_add_test(tcase, an_image_is_in_the_book_once);
    tcase_add_test(tcase, a_unit_is_kept_up_to_date);
    tcase_add_test(tcase, an_attempt_without_a_mac_makes_no_unit);
    tcase_add_test(tcase, what_is_no_text_does_not_get_into_the_book);
    tcase_add_test(tcase, thousands_of_attempts_each_have_one_closed_row);
    tcase_add_test(tcase, counts_are_of_what_ended_since);
    tcase_add_loop_test(tcase, units_are_counted_by_their_latest_verdict, 0, sizeof(unit_rows) / sizeof(unit_rows[0]));
    tcase_add_test(tcase, counts_that_wait_are_made_once);
    tcase_add_test(tcase, closing_waits_for_what_was_asked_and_says_nothing_more);
    tcase_add_test(tcase, ids_go_on_after_a_restart);
    tcase_add_test(tcase, what_was_open_when_gangd_was_killed_is_interrupted);
    tcase_add_test(tcase, what_is_known_of_a_unit_is_noted_in_its_open_row);
    tcase_add_test(tcase, a_begin_that_was_taken_back_at_once_is_never_said);
    tcase_add_test(tcase, a_row_that_was_committed_before_it_was_taken_back_is_interrupted);
    tcase_add_test(tcase, what_was_said_can_not_be_taken_back);
    tcase_add_test(tcase, every_race_of_begin_and_cancel_leaves_no_open_row);
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
