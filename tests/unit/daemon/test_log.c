/* SPDX-License-Identifier: MIT */
/* Standard error is a pipe of one page. Each test is a process of its own. */
#include "daemon/base/log.h"
#include "tests/runner.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PIPE_SIZE 4096
#define MANY      3000 /* lines: more than the pipe and the queue take */

static int unread; /* the pipe's end to read */

static void setup(void)
{
    int ends[2];
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    ck_assert_int_eq(fcntl(ends[1], F_SETPIPE_SZ, PIPE_SIZE), PIPE_SIZE);
    ck_assert_int_eq(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
    close(ends[1]);
    unread = ends[0];
    unsetenv("JOURNAL_STREAM");
}

static void teardown(void)
{
    close(unread);
}

/* Reads up to a line that begins with `last`, and that line; `lines` must take it all. */
static void read_until(const char *last, char *lines, size_t size)
{
    const char *line = lines;
    for (size_t used = 0; used + 1 < size; used++) {
        ck_assert_int_eq(read(unread, lines + used, 1), 1);
        lines[used + 1] = '\0';
        if (lines[used] != '\n')
            continue;
        if (strncmp(line, last, strlen(last)) == 0)
            return;
        line = lines + used + 1;
    }
    ck_abort_msg("no line that begins with %s", last);
}

static void log_many(void)
{
    for (unsigned i = 0; i < MANY; i++)
        log_info("test", "line %u", i);
}

/* Logs to a pipe that was full before, so that the thread cannot write before all is logged. */
static void log_many_unread(void)
{
    char page[PIPE_SIZE];
    memset(page, '\n', sizeof(page));
    ck_assert_int_eq(write(STDERR_FILENO, page, sizeof(page)), PIPE_SIZE);
    log_start_thread();
    log_many();
}

START_TEST(a_program_without_the_thread_writes_at_once)
{
    char line[64] = "";
    log_info("test", "one");
    ck_assert_int_gt(read(unread, line, sizeof(line) - 1), 0);
    ck_assert_str_eq(line, "test: one\n");
}
END_TEST

START_TEST(a_message_above_the_level_is_dropped)
{
    char lines[64];
    log_debug("test", "one");
    log_set_level(LOG_LEVEL_DEBUG);
    log_debug("test", "two");
    read_until("test: two", lines, sizeof(lines));
    ck_assert_str_eq(lines, "test: two\n");
}
END_TEST

START_TEST(control_characters_forge_no_line)
{
    char lines[64];
    log_info("test", "a\nb\x1b[2J");
    read_until("test", lines, sizeof(lines));
    ck_assert_str_eq(lines, "test: a?b?[2J\n");
}
END_TEST

/* A line that is lost comes after all that were accepted, and is counted once. */
START_TEST(a_log_that_nobody_reads_costs_lines_that_are_counted)
{
    static char lines[MANY * 32];
    unsigned long lost = 0;
    unsigned written = 0;
    log_many_unread();
    read_until("log: ", lines, sizeof(lines));
    char *saveptr, *line = strtok_r(lines, "\n", &saveptr);
    for (unsigned number; line && sscanf(line, "test: line %u", &number) == 1; line = strtok_r(NULL, "\n", &saveptr))
        ck_assert_uint_eq(number, written++);
    ck_assert_ptr_nonnull(line);
    ck_assert_int_eq(sscanf(line, "log: %lu log lines were lost: the log was not read", &lost), 1);
    ck_assert_uint_gt(lost, 0);
    ck_assert_uint_eq(written + lost, MANY);
}
END_TEST

START_TEST(the_log_goes_on_after_lines_were_lost)
{
    static char lines[MANY * 32];
    log_many_unread();
    read_until("log: ", lines, sizeof(lines));
    log_info("test", "again");
    read_until("test: again", lines, sizeof(lines));
    ck_assert_str_eq(lines, "test: again\n");
}
END_TEST

START_TEST(the_end_waits_for_the_writer)
{
    char byte;
    log_start_thread();
    for (unsigned i = 0; i < 100; i++) {
        log_info("test", "x");
        log_flush();
        for (unsigned n = 0; n < strlen("test: x\n"); n++) {
            ck_assert_int_eq(fcntl(unread, F_SETFL, O_NONBLOCK), 0);
            ck_assert_int_eq(read(unread, &byte, 1), 1);
        }
    }
}
END_TEST

/* It hangs here if it waits for the reader. */
START_TEST(the_end_does_not_wait_for_a_reader)
{
    log_many_unread();
    log_flush();
}
END_TEST

/* The program that gave us standard error, or shares it, has set the flag: it is a property of the pipe. */
START_TEST(a_pipe_that_does_not_block_loses_no_line)
{
    static char lines[MANY * 32];
    ck_assert_int_eq(fcntl(STDERR_FILENO, F_SETFL, O_NONBLOCK), 0);
    if (fork() == 0) {
        log_many();
        log_info("test", "end");
        _exit(0);
    }
    read_until("test: end", lines, sizeof(lines));
    char *saveptr, *line = strtok_r(lines, "\n", &saveptr);
    for (unsigned i = 0; i < MANY; i++, line = strtok_r(NULL, "\n", &saveptr)) {
        char wanted[32];
        snprintf(wanted, sizeof(wanted), "test: line %u", i);
        ck_assert_pstr_eq(line, wanted);
    }
    wait(NULL);
}
END_TEST

/* Some lines, so that the thread is not done with them when the process ends. */
START_TEST(the_reason_of_an_abort_is_in_the_log)
{
    char lines[PIPE_SIZE];
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        log_start_thread();
        for (unsigned i = 0; i < 50; i++)
            log_info("test", "line %u", i);
        log_error("test", "out of memory");
        abort();
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    close(STDERR_FILENO);
    read_until("test: out of memory", lines, sizeof(lines));
}
END_TEST

START_TEST(an_abort_does_not_wait_for_a_reader)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        log_many_unread();
        abort();
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("log");
    TCase *tests = tcase_create("log");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_program_without_the_thread_writes_at_once);
    tcase_add_test(tests, a_message_above_the_level_is_dropped);
    tcase_add_test(tests, control_characters_forge_no_line);
    tcase_add_test(tests, a_log_that_nobody_reads_costs_lines_that_are_counted);
    tcase_add_test(tests, the_log_goes_on_after_lines_were_lost);
    tcase_add_test(tests, the_end_waits_for_the_writer);
    tcase_add_test(tests, the_end_does_not_wait_for_a_reader);
    tcase_add_test(tests, a_pipe_that_does_not_block_loses_no_line);
    tcase_add_test(tests, the_reason_of_an_abort_is_in_the_log);
    tcase_add_test(tests, an_abort_does_not_wait_for_a_reader);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
