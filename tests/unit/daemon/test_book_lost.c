/* SPDX-License-Identifier: MIT */
/* The book when its files are taken away or exchanged, and when two programs want it. */
#include "tests/unit/daemon/book_faults.h"

#include <signal.h>
#include <sys/wait.h>

static const char *beside(const char *suffix)
{
    static char path[128];
    snprintf(path, sizeof(path), "%s%s", book_path, suffix);
    return path;
}

/* A child that opens the book, says so, and waits to be killed. */
static pid_t other_gangd(void)
{
    int report[2];
    char byte;
    ck_assert_int_eq(pipe(report), 0);
    pid_t child = fork();
    if (child == 0) {
        uv_loop_fork(&loop);
        open_book();
        if (write(report[1], "!", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    close(report[1]);
    ck_assert_int_eq(read(report[0], &byte, 1), 1);
    close(report[0]);
    return child;
}

START_TEST(a_second_gangd_is_told_who_holds_the_book)
{
    char part[64];
    pid_t child = other_gangd();
    snprintf(part, sizeof(part), "another gangd (process %d) holds it", (int)child);
    refuses(part);
    refuses(part);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    /* Its lock died with it, though its lock file is still there. */
    open_book();
}
END_TEST

START_TEST(another_name_of_the_book_lets_no_second_gangd_in)
{
    char part[64], file[96], link[96];
    pid_t child = other_gangd();
    snprintf(part, sizeof(part), "another gangd (process %d) holds it", (int)child);
    snprintf(file, sizeof(file), "%s", book_path);
    snprintf(link, sizeof(link), "%s/other.db", directory);
    ck_assert_int_eq(symlink(file, link), 0);
    snprintf(book_path, sizeof(book_path), "%s", link);
    refuses(part);
    unlink(link);
    snprintf(book_path, sizeof(book_path), "%s", file);
    unlink(beside("-lock"));
    refuses(part);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    open_book();
}
END_TEST

START_TEST(a_book_that_is_gone_stops_the_station_until_it_is_back)
{
    char away[128];
    snprintf(away, sizeof(away), "%s-away", book_path);
    open_book();
    struct attempt attempt = new_attempt("A1"), second = new_attempt("A2");
    begin(&attempt);
    ck_assert_int_eq(rename(book_path, away), 0);
    give_verdict(&attempt, VERDICT_PASS, CAUSE_NONE, "18:fe:34:00:00:01");
    book_end(book, &attempt, on_ended, NULL);
    turn_until(&n_ill, 1);
    ck_assert_says(illness, "the book is gone");
    ck_assert_int_ne(access(book_path, F_OK), 0);
    ck_assert_uint_eq(n_ended, 0);

    ck_assert_int_eq(rename(away, book_path), 0);
    turn_until(&n_ended, 1);
    begin(&second);
    ck_assert_int_eq(second.id, 2);
    ck_assert_uint_eq(n_well, 1);
    ck_assert(close_book(10));
    ck_assert_answer("SELECT slot, verdict FROM attempts ORDER BY id", "A1|pass\nA2|open");
    ck_assert_answer("PRAGMA integrity_check", "ok");
}
END_TEST

/* The copy is older: what is in the write-ahead log of the file that was there must not be taken for its own. */
START_TEST(a_copy_put_in_its_place_takes_what_is_still_to_be_written)
{
    char copy[128], command[300];
    snprintf(copy, sizeof(copy), "%s-copy", book_path);
    make_book(1);
    snprintf(command, sizeof(command), "cp '%s' '%s'", book_path, copy);
    ck_assert_int_eq(system(command), 0); /* NOLINT(cert-env33-c,bugprone-command-processor): our own names */
    make_book(60);
    open_book();
    struct attempt attempt = new_attempt("A2"), third = new_attempt("A3");
    begin(&attempt);
    ck_assert_int_eq(rename(copy, book_path), 0);
    end(&attempt, VERDICT_PASS, CAUSE_NONE, "18:fe:34:00:00:02");
    begin(&third);
    ck_assert(close_book(10));
    ck_assert_answer("SELECT id, slot, verdict FROM attempts ORDER BY id", "1|A1|pass\n62|A2|pass\n63|A3|open");
    ck_assert_answer("PRAGMA integrity_check", "ok");
}
END_TEST

/* In a process of its own: what a kill leaves of the book. */
static void run_and_kill(void (*work)(void))
{
    int report[2];
    char byte;
    ck_assert_int_eq(pipe(report), 0);
    pid_t child = fork();
    if (child == 0) {
        uv_loop_fork(&loop);
        work();
        if (write(report[1], "!", 1) == 1)
            pause();
        _exit(1);
    }
    close(report[1]);
    ck_assert_int_eq(read(report[0], &byte, 1), 1);
    close(report[0]);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

static const char *lost_suffix;

static void lose_log(void)
{
    open_book();
    struct attempt attempt = new_attempt("A1"), second = new_attempt("A2"), third = new_attempt("A3");
    begin(&attempt);
    end(&attempt, VERDICT_PASS, CAUSE_NONE, "18:fe:34:00:00:01");
    begin(&second);
    ck_assert_int_eq(unlink(beside(lost_suffix)), 0);
    book_begin(book, &third, on_begun, &third.id);
    turn_until(&n_ill, 1);
    ck_assert_says(illness, lost_suffix);
    ck_assert_says(illness, "restart gangd");
    /* What has begun is booked; nothing else begins. */
    book_note(book, &second);
    give_verdict(&second, VERDICT_PASS, CAUSE_NONE, "18:fe:34:00:00:02");
    book_end(book, &second, on_ended, NULL);
    ck_assert_uint_eq(n_begun, 2);
    ck_assert_uint_eq(n_well, 0);
}

START_TEST(a_log_that_was_deleted_stops_the_station_and_loses_nothing)
{
    lost_suffix = "-wal";
    run_and_kill(lose_log);
    ck_assert_answer("SELECT slot, verdict FROM attempts ORDER BY id", "A1|pass\nA2|open");
    ck_assert_answer("PRAGMA integrity_check", "ok");
}
END_TEST

START_TEST(the_index_of_the_log_is_watched_too)
{
    lost_suffix = "-shm";
    run_and_kill(lose_log);
    ck_assert_answer("SELECT slot, verdict FROM attempts ORDER BY id", "A1|pass\nA2|open");
    ck_assert_answer("PRAGMA integrity_check", "ok");
}
END_TEST

START_TEST(what_has_begun_when_the_log_is_deleted_is_booked)
{
    lost_suffix = "-wal";
    lose_log();
    turn_until(&n_ended, 2);
    ck_assert_uint_eq(n_well, 0);
    ck_assert_answer("SELECT slot, verdict FROM attempts ORDER BY id", "A1|pass\nA2|pass");
    ck_assert(!close_book(1)); /* A3 was not cancelled */
    open_book();
    begin(&(struct attempt){.started = 1, .slot = "A4", .path = "p"});
}
END_TEST

static void make_schema(void)
{
    open_book();
}

START_TEST(a_new_book_is_whole_without_its_log)
{
    run_and_kill(make_schema);
    unlink(beside("-wal"));
    ck_assert_answer("SELECT count(*) FROM attempts", "0");
    ck_assert_answer("PRAGMA user_version", "5");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("book lost");
    TCase *tcase = tcase_create("lost");
    tcase_set_timeout(tcase, TEST_TIMEOUT);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_second_gangd_is_told_who_holds_the_book);
    tcase_add_test(tcase, another_name_of_the_book_lets_no_second_gangd_in);
    tcase_add_test(tcase, a_book_that_is_gone_stops_the_station_until_it_is_back);
    tcase_add_test(tcase, a_copy_put_in_its_place_takes_what_is_still_to_be_written);
    tcase_add_test(tcase, a_log_that_was_deleted_stops_the_station_and_loses_nothing);
    tcase_add_test(tcase, the_index_of_the_log_is_watched_too);
    tcase_add_test(tcase, what_has_begun_when_the_log_is_deleted_is_booked);
    tcase_add_test(tcase, a_new_book_is_whole_without_its_log);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
