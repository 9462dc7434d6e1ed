/* SPDX-License-Identifier: MIT */
/* The gangctl that was built beside this test, against the harness of the local sockets, and against a server that
 * lies. */
#include "tests/runner.h"
#include "tests/unit/daemon/http_harness.h"
#include "tests/unit/daemon/http_station.h"

#include <glob.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROWS 700 /* more than a page of the book, more than gangctl holds back for its table */

/* BUILD/tests/unit/test_gangctl → BUILD/gangctl; behind $EMULATOR, if it is for another processor. */
static char gangctl[PATH_MAX];

static char out[1 << 20], err[4096];

static void fill(void)
{
    http_harness_fill(ROWS);
}

static void setup(void)
{
    http_harness_start();
    setenv("GANGD_SOCKET", http_harness_socket, 1);
    setenv("TZ", "UTC", 1);
}

/* So that there is something to read before gangctl has begun. */
static void make_empty(const char *name)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", http_harness_dir, name);
    FILE *file = fopen(path, "we");
    ck_assert_ptr_nonnull(file);
    fclose(file);
}

static void read_whole(const char *path, char *text, size_t size)
{
    FILE *file = fopen(path, "re");
    ck_assert_ptr_nonnull(file);
    size_t n = fread(text, 1, size - 1, file);
    ck_assert_uint_lt(n, size - 1);
    text[n] = '\0';
    fclose(file);
}

static pid_t spawn(const char *arguments)
{
    char command[PATH_MAX + 1024];
    snprintf(command, sizeof(command), "exec %s %s >%s/out 2>%s/err", gangctl, arguments, http_harness_dir,
             http_harness_dir);
    make_empty("out");
    make_empty("err");
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    return pid;
}

static void read_outputs(void)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/out", http_harness_dir);
    read_whole(path, out, sizeof(out));
    snprintf(path, sizeof(path), "%s/err", http_harness_dir);
    read_whole(path, err, sizeof(err));
}

/* Runs gangctl; out and err hold what it printed. Returns its exit code. */
static int run(const char *arguments)
{
    int status;
    pid_t pid = spawn(arguments);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(WIFEXITED(status), "gangctl %s was killed", arguments);
    read_outputs();
    return WEXITSTATUS(status);
}

/* `code` and a complaint that holds `part`. */
static void expect_complaint(const char *arguments, int code, const char *part)
{
    int exit_code = run(arguments);
    ck_assert_msg(exit_code == code, "gangctl %s: exit %d instead of %d: %s", arguments, exit_code, code, err);
    ck_assert_msg(strstr(err, part) != NULL, "gangctl %s: \"%s\" does not say \"%s\"", arguments, err, part);
}

static size_t lines(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += *text == '\n';
    return n;
}

START_TEST(a_wrong_command_line_is_2)
{
    expect_complaint("", 2, "a command is needed");
    expect_complaint("flash", 2, "no command \"flash\"");
    expect_complaint("status now", 2, "status takes no argument");
    expect_complaint("retry", 2, "retry needs SLOT");
    expect_complaint("retry A1 B2", 2, "retry takes SLOT and nothing else");
    expect_complaint("status --limit 3", 2, "status takes no --limit");
    expect_complaint("attempts --format csv", 2, "attempts takes no --format");
    expect_complaint("attempts --limit none", 2, "--limit=none: must be a number");
    expect_complaint("attempts --since 2026-03-02 --until 2026-03-01", 2, "since must be before until");
    expect_complaint("units --verdict open", 2, "a unit is never open");
    expect_complaint("attempts --since tomorrow", 2, "--since=tomorrow: must be a date");
    expect_complaint("attempts --cause bad", 2, "--cause=bad: must be the code of a cause");
    expect_complaint("units --order up", 2, "--order=up: must be newest or oldest");
    expect_complaint("start --timeout 5", 2, "--timeout needs --wait");
    expect_complaint("start --wait --timeout 0", 2, "--timeout 0: must be a number from 1 to 86400");
    expect_complaint("retry A1 --wait --timeout 1h", 2, "--timeout 1h: must be a number");
    expect_complaint("status --wait", 2, "status takes no --wait");
    expect_complaint("help flash", 2, "no command \"flash\"");
    expect_complaint("help slots flash", 2, "no command \"flash\"");
    expect_complaint("watch --book x", 2, "watch takes no --book");
    expect_complaint("--colour status", 2, "--colour");
}
END_TEST

START_TEST(help_and_version_need_no_gangd)
{
    ck_assert_int_eq(run("--help --socket /nowhere"), 0);
    ck_assert_ptr_nonnull(strstr(out, "retry SLOT"));
    ck_assert_ptr_nonnull(strstr(out, "Exit status: 0 done"));
    ck_assert_int_eq(run("export --help"), 0);
    ck_assert_ptr_nonnull(strstr(out, "--format FORMAT"));
    ck_assert_int_eq(run("status --help"), 0);
    ck_assert_ptr_null(strstr(out, "--format"));
    ck_assert_int_eq(run("--version"), 0);
    ck_assert_str_eq(out, "gangctl " GANGD_VERSION "\n");
}
END_TEST

/* "help COMMAND" and "COMMAND --help" are the same text; each command of the overview has one. */
START_TEST(every_command_has_its_help)
{
    static char overview[sizeof(out)], first[sizeof(out)];
    ck_assert_int_eq(run("help"), 0);
    memcpy(overview, out, sizeof(out));
    ck_assert_int_eq(run("--help"), 0);
    ck_assert_str_eq(out, overview);
    unsigned n = 0;
    for (char *line = strstr(overview, "Commands:\n") + 10; line[0] == ' '; line = strchr(line, '\n') + 1) {
        char name[64], arguments[128], usage[128];
        size_t len = strspn(line + 2, "abcdefghijklmnopqrstuvwxyz");
        if (line[2 + len] == ' ' && line[3 + len] >= 'a' && line[3 + len] <= 'z')
            len += 1 + strspn(line + 3 + len, "abcdefghijklmnopqrstuvwxyz"); /* a subcommand */
        snprintf(name, sizeof(name), "%.*s", (int)len, line + 2);
        snprintf(arguments, sizeof(arguments), "help %s", name);
        ck_assert_int_eq(run(arguments), 0);
        memcpy(first, out, sizeof(out));
        snprintf(usage, sizeof(usage), "Usage: gangctl %s [OPTION]...", name);
        ck_assert_msg(strncmp(out, usage, strlen(usage)) == 0, "%s", out);
        if (strcmp(name, "help") != 0) {
            snprintf(arguments, sizeof(arguments), "%s --help", name);
            ck_assert_int_eq(run(arguments), 0);
            ck_assert_str_eq(out, first);
        }
        n++;
    }
    ck_assert_uint_ge(n, 11);
    ck_assert_int_eq(run("slots --help"), 0);
    ck_assert_ptr_nonnull(strstr(out, "\nCommands:\n  slots learn [NAME]..."));
    ck_assert_int_eq(run("slots learn --help"), 0);
    ck_assert_ptr_null(strstr(out, "Commands:"));
}
END_TEST

START_TEST(no_gangd_is_3)
{
    expect_complaint("status --socket /nowhere/gangd.sock", 3, "not running: there is no socket /nowhere/gangd.sock");
    char arguments[256];
    snprintf(arguments, sizeof(arguments), "units --socket %s/secret.html", http_harness_dir);
    expect_complaint(arguments, 3, "not running: connection refused on");
    expect_complaint("watch --socket /nowhere", 3, "not running");
    expect_complaint("units --book /nowhere.db", 3, "/nowhere.db: cannot open it: No such file");
}
END_TEST

START_TEST(status_says_what_each_slot_does)
{
    ck_assert_int_eq(run("status"), 0);
    ck_assert_ptr_nonnull(strstr(out, "bench-1, gangd 0.1.0, since 2026-03-02 06:00:00\n"));
    ck_assert_ptr_nonnull(strstr(out, "blocked      gangd is paused: no attempt begins\n"));
    ck_assert_ptr_nonnull(strstr(out, "golden.bin, 4194304 bytes, md5 00112233445566778899aabbccddeeff\n"));
    ck_assert_ptr_nonnull(
        strstr(out, "3 units passed, 1 failed, yield 75.0 %, first-pass yield 50.0 %, 3 units an hour\n"));
    ck_assert_ptr_nonnull(strstr(out, "attempts: 3 pass, 1 fail, 0 interrupted\n"));
    ck_assert_ptr_nonnull(strstr(out, "Writing the image: 43 %, 12 s left\n"));
    ck_assert_ptr_nonnull(strstr(out, "board-silent: The board is silent\n"));
    ck_assert_msg(!strchr(out, '\033'), "what came from an adapter reaches the terminal as it is");
    ck_assert_ptr_nonnull(strstr(out, "/dev/?[31mttyUSB1"));

    ck_assert_int_eq(run("status --json"), 0);
    json_t *json = json_loads(out, 0, NULL);
    ck_assert_uint_eq(json_array_size(json_object_get(json, "slots")), 2);
    json_decref(json);
}
END_TEST

START_TEST(retry_is_done_or_refused)
{
    ck_assert_int_eq(run("retry A1"), 0);
    ck_assert_int_eq(http_harness_starts(), 1);
    expect_complaint("retry B2", 1, "slot B2 is empty");
    expect_complaint("retry 'C/3 %'", 1, "nothing at");
    expect_complaint("retry 'C 3'", 1, "there is no slot \"C 3\"");
}
END_TEST

START_TEST(start_is_for_some_slots_or_all)
{
    ck_assert_int_eq(run("start"), 0);
    ck_assert_str_eq(out, "A1\n");
    ck_assert_int_eq(http_harness_starts(), 1);
    ck_assert_int_eq(run("start A1 A1"), 0);
    ck_assert_str_eq(out, "A1\nA1\n");
    ck_assert_int_eq(http_harness_starts(), 3);
    ck_assert_int_eq(run("start B2 A1 --json"), 1);
    ck_assert_ptr_nonnull(strstr(out, "\"started\": [\n    \"A1\"\n  ]"));
    ck_assert_int_eq(http_harness_starts(), 4);
    expect_complaint("start 'C 3'", 1, "there is no slot \"C 3\"");
    expect_complaint("start A1 B2", 1, "slot B2 was not started");
}
END_TEST

START_TEST(attempts_and_units_are_tables_in_line)
{
    static const char *const commands[] = {"attempts", "units"};
    for (size_t i = 0; i < 2; i++) {
        ck_assert_int_eq(run(commands[i]), 0);
        ck_assert_uint_eq(lines(out), ROWS + 1);
        /* Every line has its verdict where the title is. */
        const char *title = strstr(out, "VERDICT");
        ck_assert_ptr_nonnull(title);
        size_t column = (size_t)(title - out);
        for (const char *line = strchr(out, '\n') + 1; *line; line = strchr(line, '\n') + 1)
            ck_assert_msg(strncmp(line + column, "pass", 4) == 0 || strncmp(line + column, "fail", 4) == 0, "%.80s",
                          line);
    }
    ck_assert_int_eq(run("attempts --slot A1 --verdict fail --limit 3 --since 2026-03-02T09:16"), 0);
    ck_assert_uint_eq(lines(out), 4);
    ck_assert_ptr_nonnull(strstr(out, "md5-mismatch: The flash does not hold what was written"));
    ck_assert_int_eq(run("attempts --limit 1 --cause md5-mismatch --verdict fail"), 0);
    ck_assert_uint_eq(lines(out), 2);
    ck_assert_int_eq(run("units --limit 1 --cause none"), 0);
    ck_assert_ptr_nonnull(strstr(out, "pass"));
    ck_assert_int_eq(run("attempts --limit 3 --json"), 0);
    json_t *json = json_loads(out, 0, NULL);
    ck_assert_uint_eq(json_array_size(json), 3);
    json_decref(json);
    ck_assert_int_eq(run("units --mac ffffffffffff"), 0);
    ck_assert_str_eq(out, "");
    ck_assert_str_eq(err, "nothing found\n");
}
END_TEST

/* The id of the first attempt in the JSON that was printed. */
static long long first_id(void)
{
    json_t *json = json_loads(out, 0, NULL);
    long long id = json_integer_value(json_object_get(json_array_get(json, 0), "id"));
    json_decref(json);
    return id;
}

START_TEST(a_list_comes_newest_first_and_an_export_oldest_first)
{
    ck_assert_int_eq(run("attempts --json"), 0);
    ck_assert_int_eq(first_id(), ROWS);
    ck_assert_int_eq(run("attempts --json --order oldest"), 0);
    ck_assert_int_eq(first_id(), 1);
    ck_assert_int_eq(run("export --json"), 0);
    ck_assert_int_eq(first_id(), 1);
    ck_assert_int_eq(run("export --json --order newest"), 0);
    ck_assert_int_eq(first_id(), ROWS);
    /* The n-th row has n as the end of its MAC: 700 is 2bc. */
    ck_assert_int_eq(run("units --limit 1"), 0);
    ck_assert_ptr_nonnull(strstr(out, ":02:bc "));
    ck_assert_int_eq(run("units --limit 1 --order oldest"), 0);
    ck_assert_ptr_nonnull(strstr(out, ":00:01 "));
}
END_TEST

START_TEST(an_unknown_slot_is_2)
{
    char arguments[256];
    expect_complaint("attempts --slot a1", 2, "there is no slot \"a1\" at the station or in the book");
    expect_complaint("units --slot Z9 --since today --json", 2, "no slot \"Z9\"");
    ck_assert_str_eq(out, "");
    snprintf(arguments, sizeof(arguments), "export --slot Z9 --book %s -o %s/new.csv", http_harness_book(),
             http_harness_dir);
    expect_complaint(arguments, 2, "there is no slot \"Z9\" in the book");
    snprintf(arguments, sizeof(arguments), "%s/new.csv", http_harness_dir);
    ck_assert_int_ne(access(arguments, F_OK), 0);
    /* A known one that has no such rows. */
    ck_assert_int_eq(run("attempts --slot A1 --until 2001-01-01"), 0);
    ck_assert_str_eq(err, "nothing found\n");
}
END_TEST

START_TEST(the_file_says_what_gangd_says)
{
    static const char *const commands[] = {"attempts", "units --verdict fail", "export", "export --units --json",
                                           "export --format ndjson --until 2026-03-02T09:20"};
    static char first[sizeof(out)];
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        ck_assert_int_eq(run(commands[i]), 0);
        memcpy(first, out, sizeof(out));
        char arguments[256];
        snprintf(arguments, sizeof(arguments), "%s --book %s --socket /nowhere", commands[i], http_harness_book());
        ck_assert_int_eq(run(arguments), 0);
        ck_assert_str_eq(out, first);
        ck_assert_uint_gt(lines(out), 10);
    }
}
END_TEST

/* How many files there are whose names begin with that of the export. */
static size_t files_named(const char *name)
{
    char pattern[256];
    glob_t found;
    snprintf(pattern, sizeof(pattern), "%s/%s*", http_harness_dir, name);
    if (glob(pattern, 0, NULL, &found) != 0)
        return 0;
    size_t n = found.gl_pathc;
    globfree(&found);
    return n;
}

START_TEST(an_export_replaces_the_file)
{
    char arguments[256], path[128];
    static char text[sizeof(out)];
    snprintf(path, sizeof(path), "%s/book.csv", http_harness_dir);
    FILE *file = fopen(path, "we");
    ck_assert_ptr_nonnull(file);
    fputs("old", file);
    fclose(file);
    snprintf(arguments, sizeof(arguments), "export --limit 600 -o %s", path);
    ck_assert_int_eq(run(arguments), 0);
    ck_assert_uint_eq(files_named("book.csv"), 1);
    read_whole(path, text, sizeof(text));
    ck_assert_uint_eq(lines(text), 601);

    expect_complaint("export -o /nowhere/book.csv", 5, "/nowhere/book.csv: No such file");
    snprintf(arguments, sizeof(arguments), "export -o %s", http_harness_dir);
    expect_complaint(arguments, 5, http_harness_dir);
    expect_complaint("export -o /dev/full", 5, "/dev/full");
}
END_TEST

START_TEST(a_full_disk_is_5)
{
    char command[PATH_MAX + 64];
    snprintf(command, sizeof(command), "%s attempts >/dev/full 2>/dev/null", gangctl);
    int status = system(command);
    ck_assert_int_eq(WEXITSTATUS(status), 5);
}
END_TEST

/* A server that gives one connection after the other the next of these answers, and closes it. */
static pid_t lie(char *path, size_t size, const char *const *answers)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(path, size, "%s/liar.sock", http_harness_dir);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    unlink(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    ck_assert_int_eq(listen(fd, 8), 0);
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        /* What it was asked is kept for the test, in the file "asked". */
        char asked[128], request[4096];
        snprintf(asked, sizeof(asked), "%s/asked", http_harness_dir);
        FILE *file = fopen(asked, "we");
        for (; *answers; answers++) {
            int client = accept(fd, NULL, NULL);
            if (client < 0)
                _exit(1);
            ssize_t n = recv(client, request, sizeof(request), 0);
            if (file && n > 0)
                fwrite(request, 1, (size_t)n, file);
            if (file)
                fflush(file);
            send(client, *answers, strlen(*answers), MSG_NOSIGNAL);
            close(client);
        }
        close(fd);
        unlink(path);
        _exit(0);
    }
    close(fd);
    return pid;
}

static void lie_and_expect(const char *answer, const char *command, int code, const char *part)
{
    char path[128], arguments[512];
    const char *answers[] = {answer, NULL};
    pid_t liar = lie(path, sizeof(path), answers);
    snprintf(arguments, sizeof(arguments), "%s --socket %s", command, path);
    expect_complaint(arguments, code, part);
    ck_assert_int_eq(waitpid(liar, NULL, 0), liar);
}

#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

START_TEST(a_broken_answer_is_4)
{
    lie_and_expect("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnull", "status", 4, "is invalid");
    lie_and_expect("HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n{\"slots\":", "status", 4, "broke off");
    lie_and_expect("HTTP/1.1 500 No\r\nContent-Length: 3\r\n\r\nbad", "status", 4, "HTTP status 500");
    lie_and_expect("HTTP/1.1 503 No\r\nContent-Length: 14\r\n\r\n{\"error\":\"no\"}", "units", 4, "gangctl: no");
    lie_and_expect(CHUNKED "5\r\n{\"i\":\r\n", "attempts", 4, "broke off");
    lie_and_expect(CHUNKED "5\r\n{\"i\":\r\n0\r\n\r\n", "attempts", 4, "is invalid");
    lie_and_expect(CHUNKED "3\r\n{]\n\r\n0\r\n\r\n", "units", 4, "is invalid");
    lie_and_expect("HTTP/1.1 403 No\r\nContent-Length: 25\r\n\r\n{\"error\":\"no \\u001b[31m\"}", "status", 1,
                   "no ?[31m");
}
END_TEST

START_TEST(half_an_export_is_no_file)
{
    char command[256];
    snprintf(command, sizeof(command), "export -o %s/half.csv", http_harness_dir);
    lie_and_expect(CHUNKED "5\r\nid,sl\r\n", command, 4, "broke off");
    ck_assert_uint_eq(files_named("half.csv"), 0);
}
END_TEST

START_TEST(watch_follows_and_comes_back)
{
    static const char *const answers[] = {
        CHUNKED "62\r\nid: e-1\nevent: snapshot\ndata: {\"slots\":[{\"slot\":\"A1\",\"state\":\"settling\","
                "\"sentence\":\"Settling\"}]}\n\n\r\n0\r\n\r\n",
        CHUNKED "48\r\nid: e-2\nevent: verdict\ndata: {\"slot\":\"A1\",\"verdict\":\"pass\",\"mac\":\"18\"}\n\n\r\n",
        "HTTP/1.1 403 No\r\nContent-Length: 14\r\n\r\n{\"error\":\"no\"}",
        NULL,
    };
    char path[128], arguments[256], asked[8192];
    pid_t liar = lie(path, sizeof(path), answers);
    snprintf(arguments, sizeof(arguments), "watch --socket %s", path);
    expect_complaint(arguments, 1, "the connection to gangd ended; reconnecting");
    ck_assert_int_eq(waitpid(liar, NULL, 0), liar);
    ck_assert_msg(strstr(out, "  ok  1 slot, 1 with an adapter\n") == strchr(out, ' ') + 2, "%s", out);
    ck_assert_msg(strstr(out, "  A1  settling  Settling\n") != NULL, "%s", out);
    ck_assert_msg(strstr(out, "  A1  pass  18\n") != NULL, "%s", out);
    snprintf(path, sizeof(path), "%s/asked", http_harness_dir);
    read_whole(path, asked, sizeof(asked));
    ck_assert_ptr_nonnull(strstr(asked, "Last-Event-ID: e-1\r\n"));
    ck_assert_ptr_nonnull(strstr(asked, "Last-Event-ID: e-2\r\n"));
}
END_TEST

START_TEST(watch_shows_what_gangd_publishes)
{
    pid_t pid = spawn("watch --json");
    do {
        usleep(10000);
        read_outputs();
    } while (!strstr(out, "{\"event\":\"snapshot\",\"data\":{"));
    http_harness_publish(5, 1, 2);
    do {
        usleep(10000);
        read_outputs();
    } while (!strstr(out, "{\"event\":\"slot\",\"data\":{\"n\":5,\"pad\":\"xx\"}}\n"));
    ck_assert_int_eq(kill(pid, SIGTERM), 0);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("gangctl");
    TCase *tcase = tcase_create("commands");
    tcase_set_timeout(tcase, 240);
    tcase_add_unchecked_fixture(tcase, fill, http_harness_unfill);
    tcase_add_checked_fixture(tcase, setup, http_harness_stop);
    tcase_add_test(tcase, a_wrong_command_line_is_2);
    tcase_add_test(tcase, help_and_version_need_no_gangd);
    tcase_add_test(tcase, every_command_has_its_help);
    tcase_add_test(tcase, no_gangd_is_3);
    tcase_add_test(tcase, status_says_what_each_slot_does);
    tcase_add_test(tcase, retry_is_done_or_refused);
    tcase_add_test(tcase, start_is_for_some_slots_or_all);
    tcase_add_test(tcase, attempts_and_units_are_tables_in_line);
    tcase_add_test(tcase, a_list_comes_newest_first_and_an_export_oldest_first);
    tcase_add_test(tcase, an_unknown_slot_is_2);
    tcase_add_test(tcase, the_file_says_what_gangd_says);
    tcase_add_test(tcase, an_export_replaces_the_file);
    tcase_add_test(tcase, a_full_disk_is_5);
    tcase_add_test(tcase, a_broken_answer_is_4);
    tcase_add_test(tcase, half_an_export_is_no_file);
    tcase_add_test(tcase, watch_follows_and_comes_back);
    tcase_add_test(tcase, watch_shows_what_gangd_publishes);
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    const char *emulator = getenv("EMULATOR");
    char build[PATH_MAX - 64];
    ssize_t n = readlink("/proc/self/exe", build, sizeof(build) - 1);
    for (int up = 0; up < 4 && n > 0; up++) {
        build[n] = '\0';
        char *slash = strrchr(build, '/');
        n = slash ? slash - build : -1;
    }
    if (n <= 0)
        return 1;
    snprintf(gangctl, sizeof(gangctl), "%s %.*s/gangctl", emulator ? emulator : "", (int)n, build);
    return run_suite(make_suite());
}
