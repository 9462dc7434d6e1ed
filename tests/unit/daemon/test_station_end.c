/* SPDX-License-Identifier: MIT */
/*
 * The station ended at many moments while its book cannot be written. Each moment is a process of its own, all at once,
 * because the station's timers run in real time: they are most of what can go wrong.
 */
#include "daemon/station/station.h"
#include "tests/runner.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* From the start to beyond the first count of the day's attempts, which comes after 30 s. */
#define MOMENTS   25
#define MOMENT_MS 1250

/* In memory: a hundred books that sync to one disk keep each other waiting. */
static char root[] = "/dev/shm/gangd-end-XXXXXX";
static char directory[64], book_path[96];
static uv_loop_t loop;

static struct station *start_station(void)
{
    static struct config config;
    char config_path[96], error[512] = "";
    snprintf(config_path, sizeof(config_path), "%s/gangd.conf", directory);
    FILE *file = fopen(config_path, "w");
    ck_assert_ptr_nonnull(file);
    fprintf(file, "[station]\nbook = %s\n[product]\nfile = %s/golden.bin\nimage_check = no\n", book_path, directory);
    fclose(file);
    ck_assert_msg(config_read(&config, config_path, error, sizeof(error)) == 0, "%s", error);
    uv_loop_init(&loop);
    struct station *station = station_start(&loop, &config, config_path, error, sizeof(error));
    ck_assert_msg(station != NULL, "%s", error);
    return station;
}

/* A process of its own, which locks the book when it is told to: POSIX locks do not exclude the process that has them.
 * It is there before the station is, because SQLite's connections do not survive a fork(). */
static struct {
    pid_t process;
    int commands, answers;
} locker;

static void lock_when_told(int commands, int answers)
{
    sqlite3 *db;
    char byte;
    if (read(commands, &byte, 1) != 1 || sqlite3_open(book_path, &db) != SQLITE_OK ||
        sqlite3_busy_timeout(db, 10000) != SQLITE_OK ||
        sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK || write(answers, "!", 1) != 1)
        _exit(0);
    _exit((int)read(commands, &byte, 1));
}

static void start_locker(void)
{
    int commands[2], answers[2];
    ck_assert_int_eq(pipe(commands), 0);
    ck_assert_int_eq(pipe(answers), 0);
    locker.process = fork();
    if (locker.process == 0) {
        close(commands[1]);
        close(answers[0]);
        lock_when_told(commands[0], answers[1]);
    }
    close(commands[0]);
    close(answers[1]);
    locker.commands = commands[1];
    locker.answers = answers[0];
}

static void stop_locker(void)
{
    close(locker.commands);
    close(locker.answers);
    waitpid(locker.process, NULL, 0);
}

static void lock_book(void)
{
    char byte;
    ck_assert_int_eq(write(locker.commands, "!", 1), 1);
    ck_assert_int_eq(read(locker.answers, &byte, 1), 1);
}

static void fill_disk(void)
{
    struct rlimit limit = {.rlim_cur = 1, .rlim_max = RLIM_INFINITY};
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void remove_book(void)
{
    ck_assert_int_eq(unlink(book_path), 0);
}

/* Another file at the path, which the process may not write. Root could. */
static void protect_book(void)
{
    char copy[128], command[600];
    snprintf(copy, sizeof(copy), "%s.copy", book_path);
    snprintf(command, sizeof(command), "cp '%s' '%s' && chmod 444 '%s' && chmod 777 '%s'", book_path, copy, copy,
             directory);
    ck_assert_int_eq(system(command), 0); /* NOLINT(cert-env33-c,bugprone-command-processor): our own names */
    ck_assert_int_eq(rename(copy, book_path), 0);
    ck_assert(getuid() != 0 || setresuid(65534, 65534, 65534) == 0);
}

static void stop_loop(uv_timer_t *timer)
{
    uv_stop(timer->loop);
}

static void run_for(unsigned ms)
{
    uv_timer_t timer;
    uv_timer_init(&loop, &timer);
    uv_timer_start(&timer, stop_loop, ms, 0);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_close((uv_handle_t *)&timer, NULL);
    uv_run(&loop, UV_RUN_NOWAIT);
}

static void on_begun(void *data, int64_t id)
{
    (void)data;
    (void)id;
}

/* With a row that waits, so that the station waits for its book. */
static void end_in_trouble(void (*trouble)(void), unsigned ms)
{
    struct attempt attempt = {.started = 1, .slot = "A1", .path = "somewhere"};
    snprintf(book_path, sizeof(book_path), "%s/book.db", directory);
    start_locker();
    struct station *station = start_station();
    trouble();
    uint64_t ticket = book_begin(station_book(station), &attempt, on_begun, NULL);
    ck_assert_uint_ne(ticket, 0);
    run_for(ms);
    ck_assert(!station_stop(station));
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    stop_locker();
}

static const struct trouble {
    const char *name;
    void (*begin)(void);
} troubles[] = {{"locked", lock_book}, {"full", fill_disk}, {"read-only", protect_book}, {"gone", remove_book}};

#define TROUBLES (sizeof(troubles) / sizeof(troubles[0]))

static pid_t begin_process(const struct trouble *trouble, unsigned moment)
{
    pid_t child = fork();
    if (child == 0) {
        snprintf(directory, sizeof(directory), "%s/%s-%u", root, trouble->name, moment);
        if (mkdir(directory, 0755) != 0)
            _exit(2);
        end_in_trouble(trouble->begin, moment * MOMENT_MS);
        exit(0);
    }
    return child;
}

/* Whether the process has ended as it should. */
static bool ended_well(pid_t process, const struct trouble *trouble, unsigned moment)
{
    int status = -1;
    waitpid(process, &status, 0);
    if (status != 0)
        fprintf(stderr, "%s, ended %u ms after the start: wait status %#x\n", trouble->name, moment * MOMENT_MS,
                (unsigned)status);
    return status == 0;
}

START_TEST(it_may_end_at_any_moment_of_any_trouble)
{
    pid_t processes[TROUBLES][MOMENTS];
    char command[64];
    unsigned failed = 0;
    ck_assert_ptr_nonnull(mkdtemp(root));
    ck_assert_int_eq(chmod(root, 0755), 0);
    for (unsigned t = 0; t < TROUBLES; t++)
        for (unsigned i = 0; i < MOMENTS; i++)
            processes[t][i] = begin_process(&troubles[t], i);
    for (unsigned t = 0; t < TROUBLES; t++)
        for (unsigned i = 0; i < MOMENTS; i++)
            failed += !ended_well(processes[t][i], &troubles[t], i);
    snprintf(command, sizeof(command), "rm -r %s", root);
    ck_assert_int_eq(system(command), 0); /* NOLINT(cert-env33-c,bugprone-command-processor): our own name */
    ck_assert_uint_eq(failed, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("station's end");
    TCase *tcase = tcase_create("end");
    tcase_set_timeout(tcase, 240);
    tcase_add_test(tcase, it_may_end_at_any_moment_of_any_trouble);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
