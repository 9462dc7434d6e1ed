/* SPDX-License-Identifier: MIT */
/* The book when its file is refused, locked, full or wrong. */
#include "tests/unit/daemon/book_faults.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define NOBODY 65534

static void write_file(const char *path, const void *bytes, size_t n)
{
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, n, file), n);
    ck_assert_int_eq(fclose(file), 0);
}

START_TEST(a_missing_directory_is_named)
{
    char part[128];
    snprintf(part, sizeof(part), "directory %s/no/such cannot be used: No such file", directory);
    snprintf(book_path, sizeof(book_path), "%s/no/such/book.db", directory);
    refuses(part);
}
END_TEST

START_TEST(a_directory_is_no_book)
{
    ck_assert_int_eq(mkdir(book_path, 0755), 0);
    refuses("it is not a file");
    snprintf(book_path, sizeof(book_path), "%s/", directory);
    refuses("directory");
    book_path[0] = '\0';
    refuses("no name");
}
END_TEST

START_TEST(garbage_is_no_book)
{
    char garbage[20000];
    memset(garbage, 'g', sizeof(garbage));
    write_file(book_path, garbage, sizeof(garbage));
    refuses("it is not a book of gangd");
    write_file(book_path, "SQL", 3);
    refuses("it is not a book of gangd");
    /* The right head, and nothing right behind it. */
    memcpy(garbage, "SQLite format 3", 16);
    write_file(book_path, garbage, sizeof(garbage));
    refuses("damaged");
}
END_TEST

START_TEST(a_truncated_book_is_refused_and_left_alone)
{
    make_book(50);
    size_t n;
    char *bytes = read_file(book_path, &n);
    ck_assert_uint_gt(n, 16384);
    for (size_t cut = 100; cut < n; cut += 4096) {
        write_file(book_path, bytes, cut);
        refuses("damaged");
    }
    write_file(book_path, bytes, n);
    open_book();
    free(bytes);
}
END_TEST

START_TEST(a_damaged_page_is_found)
{
    make_book(50);
    size_t n;
    char *bytes = read_file(book_path, &n);
    /* Every page but the first begins with its type; 0 is none. */
    for (size_t page = 4096; page < n; page += 4096)
        memset(bytes + page, 0, 8);
    write_file(book_path, bytes, n);
    refuses("damaged");
    free(bytes);
}
END_TEST

START_TEST(an_empty_file_becomes_a_book)
{
    write_file(book_path, "", 0);
    open_book();
    ck_assert_answer("PRAGMA user_version", "5");
}
END_TEST

START_TEST(a_newer_schema_is_refused)
{
    make_book(1);
    sqlite3 *db = peek();
    execute(db, "PRAGMA journal_mode = DELETE; PRAGMA user_version = 99");
    sqlite3_close(db);
    refuses("newer gangd (schema 99; this one knows up to 5)");
}
END_TEST

START_TEST(a_book_gets_the_indexes_that_it_lacks)
{
    open_book();
    ck_assert(close_book(10));
    sqlite3 *db = peek();
    execute(db, "DROP INDEX units_by_latest; DROP INDEX attempts_by_cause");
    sqlite3_close(db);
    open_book();
    ck_assert_answer("SELECT count(*) FROM sqlite_master WHERE name IN ('units_by_latest', 'attempts_by_cause')", "2");
}
END_TEST

/* A book of schema 1: an attempt that passed, one that never came to write, one cut off in the middle, one still open.
 */
START_TEST(an_older_book_is_brought_up_to_date)
{
    open_book();
    struct attempt attempt = new_attempt("A1");
    begin(&attempt);
    end(&attempt, VERDICT_PASS, CAUSE_NONE, "18:fe:34:00:00:01");
    begin(&attempt);
    end(&attempt, VERDICT_FAIL, CAUSE_BOARD_SILENT, "");
    begin(&attempt);
    end(&attempt, VERDICT_INTERRUPTED, CAUSE_POWER_CUT, "");
    begin(&attempt);
    ck_assert(close_book(10));
    sqlite3 *db = peek();
    execute(db, "UPDATE attempts SET seconds_write = 0 WHERE id <> 1;"
                "DROP INDEX units_by_slot; DROP INDEX units_by_verdict; DROP INDEX units_by_both;"
                "DROP INDEX attempts_by_both;"
                "DROP INDEX units_by_slot_latest; DROP INDEX units_by_verdict_latest; DROP INDEX units_by_both_latest;"
                "DROP TABLE tries;"
                "ALTER TABLE units DROP COLUMN slot;"
                "ALTER TABLE units DROP COLUMN verdict;"
                "ALTER TABLE attempts DROP COLUMN seconds_compare;"
                "ALTER TABLE attempts DROP COLUMN written;"
                "ALTER TABLE attempts DROP COLUMN flash_unique_id;"
                "ALTER TABLE attempts DROP COLUMN flash_note;"
                "PRAGMA user_version = 1");
    sqlite3_close(db);
    open_book();
    ck_assert_answer("PRAGMA user_version", "5");
    ck_assert_answer("SELECT id, verdict, written, seconds_compare FROM attempts ORDER BY id",
                     "1|pass|1|0.0\n2|fail|0|0.0\n3|interrupted|NULL|0.0\n4|interrupted|NULL|0.0");
    ck_assert_answer("SELECT mac, slot, verdict FROM units", "18:fe:34:00:00:01|A1|pass");
    ck_assert_answer("SELECT DISTINCT flash_unique_id || flash_note || '.' FROM attempts", ".");
    begin(&attempt);
    attempt.written = WRITTEN_NO;
    add_try(&attempt, 921600, CAUSE_NONE, "");
    end(&attempt, VERDICT_PASS, CAUSE_NONE, "18:fe:34:00:00:01");
    ck_assert_answer("SELECT written FROM attempts WHERE id = 5", "0");
    ck_assert_answer("SELECT attempt, number, cause FROM tries", "5|1|none");
    ck_assert(close_book(10));
}
END_TEST

START_TEST(a_database_of_another_program_is_refused)
{
    sqlite3 *db = peek();
    execute(db, "CREATE TABLE recipes (id); PRAGMA user_version = 1");
    refuses("another program");
    execute(db, "PRAGMA user_version = 0");
    refuses("another program");
    sqlite3_close(db);
}
END_TEST

START_TEST(a_read_only_book_is_refused)
{
    make_book(1);
    char lock[128];
    snprintf(lock, sizeof(lock), "%s-lock", book_path);
    unlink(lock);
    ck_assert_int_eq(chmod(book_path, 0444), 0);
    /* Root may write all the same. */
    pid_t child = fork();
    if (child == 0) {
        if (getuid() == 0 && (chmod(directory, 0777) != 0 || setuid(NOBODY) != 0))
            _exit(2);
        _exit(try_open() ? 3 : strstr(error, "it is read-only") ? 0 : 4);
    }
    int status;
    waitpid(child, &status, 0);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

static sqlite3 *lock_book(void)
{
    sqlite3 *db = peek();
    execute(db, "BEGIN IMMEDIATE");
    return db;
}

static void unlock_book(sqlite3 *db)
{
    execute(db, "ROLLBACK");
    sqlite3_close(db);
}

START_TEST(a_locked_book_is_waited_for)
{
    open_book();
    sqlite3 *db = lock_book();
    struct attempt attempt = new_attempt("A1"), second = new_attempt("A2");
    book_begin(book, &attempt, on_begun, &attempt.id);
    book_begin(book, &second, on_begun, &second.id);
    turn_until(&n_ill, 1);
    ck_assert_says(illness, book_path);
    ck_assert_says(illness, "another program has locked it");
    unlock_book(db);
    turn_until(&n_begun, 2);
    ck_assert_uint_eq(n_ill, 1);
    ck_assert_uint_eq(n_well, 1);
    ck_assert_int_eq(attempt.id, 1);
    ck_assert_int_eq(second.id, 2);
    end(&attempt, VERDICT_PASS, CAUSE_NONE, "");
    ck_assert_answer("SELECT slot, verdict FROM attempts ORDER BY id", "A1|pass\nA2|open");
}
END_TEST

START_TEST(it_gets_well_with_nothing_to_write)
{
    open_book();
    sqlite3 *db = lock_book();
    struct attempt attempt = new_attempt("A1");
    uint64_t ticket = book_begin(book, &attempt, on_begun, NULL);
    turn_until(&n_ill, 1);
    book_cancel(book, ticket, CAUSE_UNPLUGGED);
    unlock_book(db);
    turn_until(&n_well, 1);
    ck_assert_uint_eq(n_begun, 0);
    ck_assert_answer("SELECT count(*) FROM attempts", "0");
}
END_TEST

static unsigned n_counted, n_pieces;

static void on_counted(void *data, const struct book_counts *counts)
{
    *(int64_t *)data = counts->pass;
    n_counted++;
}

static void on_text(void *data, const char *text, size_t len, bool last)
{
    (void)data;
    ck_assert_ptr_nonnull(text);
    ck_assert_uint_gt(len, 100);
    ck_assert(last);
    n_pieces++;
}

START_TEST(a_book_that_cannot_be_written_can_be_read)
{
    open_book();
    int64_t passed = 0;
    struct attempt attempt = new_attempt("A1");
    begin(&attempt);
    end(&attempt, VERDICT_PASS, CAUSE_NONE, "");
    sqlite3 *db = lock_book();
    book_begin(book, &attempt, on_begun, NULL);
    turn_until(&n_ill, 1);

    struct book_filter all = {0};
    struct book_read *read = book_read_open(book, &all, BOOK_CSV);
    book_read_next(read, on_text, NULL);
    book_count(book, 0, on_counted, &passed);
    while (n_counted < 1 || n_pieces < 1)
        uv_run(&loop, UV_RUN_ONCE);
    ck_assert_int_eq(passed, 1);
    ck_assert_uint_eq(n_begun, 1);
    ck_assert_uint_eq(n_well, 0);
    book_read_close(read);
    unlock_book(db);
    turn_until(&n_begun, 2);
}
END_TEST

START_TEST(closing_says_what_is_not_in_the_book)
{
    open_book();
    struct attempt attempt = new_attempt("A1");
    begin(&attempt);
    sqlite3 *db = lock_book();
    give_verdict(&attempt, VERDICT_PASS, CAUSE_NONE, "18:fe:34:00:00:01");
    book_end(book, &attempt, on_ended, NULL);
    ck_assert(!close_book(1));
    ck_assert_uint_eq(n_ended, 0);
    unlock_book(db);
    open_book();
    ck_assert_answer("SELECT verdict, cause FROM attempts", "interrupted|power-cut");
}
END_TEST

/* A file that may not grow is what a full disk looks like to who writes it (but for the number of the error). */
static void limit_files(rlim_t size)
{
    struct rlimit limit;
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = size;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

START_TEST(a_full_disk_loses_nothing)
{
    open_book();
    signal(SIGXFSZ, SIG_IGN);
    char wal[128];
    struct stat st;
    snprintf(wal, sizeof(wal), "%s-wal", book_path);
    struct attempt attempt = new_attempt("A1");
    int64_t ids[20];
    for (int i = 0; i < 20; i++) {
        begin(&attempt);
        ids[i] = attempt.id;
    }
    ck_assert_int_eq(stat(wal, &st), 0);
    limit_files((rlim_t)st.st_size);
    give_verdict(&attempt, VERDICT_PASS, CAUSE_NONE, "18:fe:34:00:00:01");
    for (int i = 0; i < 20; i++) {
        attempt.id = ids[i];
        book_end(book, &attempt, on_ended, NULL);
    }
    turn_until(&n_ill, 1);
    ck_assert_says(illness, book_path);
    /* What was said is in the book; what could not be written was not said. */
    unsigned said = n_ended;
    ck_assert_uint_lt(said, 20);
    limit_files(RLIM_INFINITY);
    turn_until(&n_well, 1);
    turn_until(&n_ended, 20);
    ck_assert(close_book(10));
    ck_assert_answer("SELECT count(*), sum(verdict = 'pass') FROM attempts", "20|20");
    ck_assert_answer("SELECT attempts FROM units", "20");
    ck_assert_answer("PRAGMA integrity_check", "ok");
}
END_TEST

static bool write_line(const char *path, const char *line)
{
    FILE *file = fopen(path, "w");
    if (!file)
        return false;
    fputs(line, file);
    return fclose(file) == 0;
}

/* A world of our own to mount in. Who is not root gets it by being root in there. */
static bool own_world(void)
{
    char users[32], groups[32];
    snprintf(users, sizeof(users), "0 %u 1", getuid());
    snprintf(groups, sizeof(groups), "0 %u 1", getgid());
    if (unshare(CLONE_NEWNS) == 0)
        return true;
    return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 && write_line("/proc/self/setgroups", "deny") &&
           write_line("/proc/self/uid_map", users) && write_line("/proc/self/gid_map", groups);
}

/* A real disk to fill. False where the kernel does not let us have one. */
static bool mount_small_disk(void)
{
    if (!own_world())
        return false;
    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
    return mount("small", directory, "tmpfs", 0, "size=512k") == 0;
}

static char filler[128];

static void fill_up(void)
{
    char block[4096] = "";
    snprintf(filler, sizeof(filler), "%s/filler", directory);
    FILE *file = fopen(filler, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(setvbuf(file, NULL, _IONBF, 0), 0);
    while (fwrite(block, 1, sizeof(block), file) == sizeof(block))
        ;
    fclose(file);
}

static void write_on_full_disk(void)
{
    open_book();
    struct attempt attempt = new_attempt("A1"), second = new_attempt("A2");
    begin(&attempt);
    fill_up();
    give_verdict(&attempt, VERDICT_PASS, CAUSE_NONE, "18:fe:34:00:00:01");
    for (unsigned i = 0; n_ill == 0 && i < 1000; i++) {
        book_end(book, &attempt, on_ended, NULL);
        uv_run(&loop, UV_RUN_ONCE);
    }
    ck_assert_says(illness, "the disk is full");
    book_begin(book, &second, on_begun, &second.id);
    ck_assert_int_eq(unlink(filler), 0);
    turn_until(&n_well, 1);
    turn_until(&n_begun, 2);
    ck_assert(close_book(10));
    ck_assert_answer("SELECT id, slot, verdict FROM attempts ORDER BY id", "1|A1|pass\n2|A2|open");
    ck_assert_answer("PRAGMA integrity_check", "ok");
}

/* Nothing is left to be written, and still it is not said to be well before it is. */
static void take_back_on_full_disk(void)
{
    open_book();
    struct attempt attempt = new_attempt("A1");
    fill_up();
    uint64_t ticket = 0;
    while (n_ill == 0) {
        ticket = book_begin(book, &attempt, on_begun, NULL);
        uv_run(&loop, UV_RUN_ONCE);
    }
    book_cancel(book, ticket, CAUSE_UNPLUGGED);
    unsigned n = n_begun;
    for (int i = 0; i < 30; i++) {
        usleep(100000);
        uv_run(&loop, UV_RUN_NOWAIT);
    }
    ck_assert_uint_eq(n_well, 0);
    ck_assert_int_eq(unlink(filler), 0);
    turn_until(&n_well, 1);
    ck_assert_uint_eq(n_begun, n);
    ck_assert(close_book(10));
    ck_assert_answer("SELECT count(*) FROM attempts WHERE verdict <> 'open'", "0");
    ck_assert_answer("PRAGMA integrity_check", "ok");
}

/* In a child: its world is left by ending it. */
static void on_small_disk(void (*test)(void))
{
    pid_t child = fork();
    if (child == 0) {
        if (mount_small_disk()) {
            uv_loop_fork(&loop);
            test();
        } else {
            fprintf(stderr, "no mount name space here: only the file size limit was tested\n");
        }
        _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
}

START_TEST(a_full_file_system_is_named_and_waited_for)
{
    on_small_disk(write_on_full_disk);
}
END_TEST

START_TEST(a_full_file_system_stays_ill_until_there_is_room)
{
    on_small_disk(take_back_on_full_disk);
}
END_TEST

/* A disk that takes no more until it is told to. */
static atomic_bool disk_hangs;

static ssize_t write_when_disk_answers(int fd, const void *bytes, size_t n, off_t offset)
{
    while (atomic_load(&disk_hangs))
        usleep(10000);
    return pwrite(fd, bytes, n, offset);
}

static void watch_writes(void)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
    vfs->xSetSystemCall(vfs, "pwrite", (sqlite3_syscall_ptr)write_when_disk_answers);
    vfs->xSetSystemCall(vfs, "pwrite64", (sqlite3_syscall_ptr)write_when_disk_answers);
}

START_TEST(a_disk_that_does_not_answer_is_told)
{
    watch_writes();
    open_book();
    struct attempt attempt = new_attempt("A1");
    begin(&attempt);
    atomic_store(&disk_hangs, true);
    give_verdict(&attempt, VERDICT_PASS, CAUSE_NONE, "18:fe:34:00:00:01");
    book_end(book, &attempt, on_ended, NULL);
    turn_until(&n_ill, 1);
    ck_assert_says(illness, book_path);
    ck_assert_says(illness, "the disk does not answer");
    ck_assert_uint_eq(n_ended, 0);
    atomic_store(&disk_hangs, false);
    turn_until(&n_ended, 1);
    ck_assert_uint_eq(n_well, 1);
    ck_assert_uint_eq(n_ill, 1);
}
END_TEST

START_TEST(a_fifo_is_no_book)
{
    ck_assert_int_eq(mkfifo(book_path, 0644), 0);
    refuses("it is not a file");
}
END_TEST

START_TEST(the_row_of_another_attempt_is_not_overwritten)
{
    open_book();
    struct attempt attempt = new_attempt("A1");
    begin(&attempt);
    sqlite3 *db = peek();
    execute(db, "UPDATE attempts SET slot = 'B1', path = 'elsewhere'");
    sqlite3_close(db);
    add_try(&attempt, 921600, CAUSE_NONE, "");
    end(&attempt, VERDICT_PASS, CAUSE_NONE, "18:fe:34:00:00:02");
    ck_assert_answer("SELECT attempt FROM tries", "2");
    ck_assert_answer("SELECT id, slot, verdict FROM attempts ORDER BY id", "1|B1|open\n2|A1|pass");
    ck_assert_answer("SELECT last_attempt FROM units", "2");
}
END_TEST

START_TEST(a_row_that_the_schema_refuses_stops_the_station)
{
    open_book();
    struct attempt attempt = new_attempt("A1");
    begin(&attempt);
    end(&attempt, VERDICT_PASS, CAUSE_NONE, "");
    sqlite3 *db = peek();
    execute(db, "CREATE TRIGGER no BEFORE INSERT ON attempts BEGIN SELECT raise(ABORT, 'no more of these'); END");
    sqlite3_close(db);
    struct attempt second = new_attempt("A2");
    book_begin(book, &second, on_begun, &second.id);
    turn_until(&n_ill, 1);
    ck_assert_says(illness, "no more of these");
    ck_assert_says(illness, "restart gangd");

    /* Reads go on; nothing else is written, not even what could be. */
    int64_t passed = 0;
    book_end(book, &attempt, on_ended, NULL);
    book_count(book, 0, on_counted, &passed);
    turn_until(&n_counted, 1);
    ck_assert_int_eq(passed, 1);
    ck_assert_uint_eq(n_well, 0);
    ck_assert(!close_book(10));
    ck_assert_uint_eq(n_begun, 1);
    ck_assert_uint_eq(n_ended, 1);
    ck_assert_answer("SELECT slot FROM attempts", "A1");
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("book faults");
    TCase *tcase = tcase_create("faults");
    tcase_set_timeout(tcase, TEST_TIMEOUT);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_missing_directory_is_named);
    tcase_add_test(tcase, a_directory_is_no_book);
    tcase_add_test(tcase, garbage_is_no_book);
    tcase_add_test(tcase, a_truncated_book_is_refused_and_left_alone);
    tcase_add_test(tcase, a_damaged_page_is_found);
    tcase_add_test(tcase, an_empty_file_becomes_a_book);
    tcase_add_test(tcase, a_newer_schema_is_refused);
    tcase_add_test(tcase, a_book_gets_the_indexes_that_it_lacks);
    tcase_add_test(tcase, an_older_book_is_brought_up_to_date);
    tcase_add_test(tcase, a_database_of_another_program_is_refused);
    tcase_add_test(tcase, a_read_only_book_is_refused);
    tcase_add_test(tcase, a_locked_book_is_waited_for);
    tcase_add_test(tcase, it_gets_well_with_nothing_to_write);
    tcase_add_test(tcase, a_book_that_cannot_be_written_can_be_read);
    tcase_add_test(tcase, closing_says_what_is_not_in_the_book);
    tcase_add_test(tcase, a_full_disk_loses_nothing);
    tcase_add_test(tcase, a_full_file_system_is_named_and_waited_for);
    tcase_add_test(tcase, a_full_file_system_stays_ill_until_there_is_room);
    tcase_add_test(tcase, a_disk_that_does_not_answer_is_told);
    tcase_add_test(tcase, a_fifo_is_no_book);
    tcase_add_test(tcase, the_row_of_another_attempt_is_not_overwritten);
    tcase_add_test(tcase, a_row_that_the_schema_refuses_stops_the_station);
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
