/* SPDX-License-Identifier: MIT */
/* http_start(): the sockets that it listens on, and what keeps it from it. */
#include "daemon/api/listen.h"
#include "daemon/base/file.h"
#include "tests/runner.h"
#include "tests/unit/daemon/http_harness.h"
#include "tests/unit/daemon/http_station.h"

#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static uv_loop_t loop;
static struct config config;
static char error[512];

static void start_setup(void)
{
    http_harness_make_dir();
    http_harness_config(&config);
    ck_assert_int_eq(uv_loop_init(&loop), 0);
}

static void start_teardown(void)
{
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    char command[128];
    snprintf(command, sizeof(command), "rm -r %s", http_harness_dir);
    ck_assert_int_eq(system(command), 0);
}

static struct http *start(void)
{
    static struct station station;
    return http_start(&loop, &config, &station, NULL, error, sizeof(error));
}

static void expect_refusal(const char *part)
{
    ck_assert_ptr_null(start());
    ck_assert_msg(strstr(error, part) != NULL, "\"%s\" does not say \"%s\"", error, part);
}

START_TEST(the_socket_is_for_its_owner_and_group)
{
    struct http *http = start();
    ck_assert_msg(http != NULL, "%s", error);
    struct stat st;
    ck_assert_int_eq(stat(http_harness_socket, &st), 0);
    ck_assert_int_eq(st.st_mode & 07777, 0660);
    http_stop(http);
    ck_assert_int_ne(stat(http_harness_socket, &st), 0);
}
END_TEST

/* In a process of its own, whose descriptor 3 nobody else has. */
START_TEST(a_passed_socket_tells_its_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0), status;
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, len), 0);
    ck_assert_int_eq(listen(fd, 1), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    pid_t pid = fork();
    if (pid == 0) {
        char number[16];
        uint16_t port = 0;
        snprintf(number, sizeof(number), "%d", getpid());
        setenv("LISTEN_PID", number, 1);
        setenv("LISTEN_FDS", "1", 1);
        dup2(fd, 3);
        int listener = listen_tcp("listen", "127.0.0.1", &port, error, sizeof(error));
        _exit(listener == 3 && port == ntohs(address.sin_port) ? 0 : 1);
    }
    close(fd);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(the_socket_of_a_dead_gangd_is_replaced)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", http_harness_socket);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    close(fd);
    ck_assert_int_eq(access(http_harness_socket, F_OK), 0);
    struct http *http = start();
    ck_assert_msg(http != NULL, "%s", error);
    http_stop(http);
}
END_TEST

START_TEST(the_socket_of_a_living_gangd_is_left_alone)
{
    struct http *http = start();
    ck_assert_msg(http != NULL, "%s", error);
    expect_refusal("another gangd listens on it");
    close(client_unix()); /* it is still there */
    http_stop(http);
}
END_TEST

START_TEST(a_file_that_is_no_socket_is_left_alone)
{
    FILE *file = fopen(http_harness_socket, "we");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fclose(file), 0);
    expect_refusal("no socket");
    ck_assert_int_eq(access(http_harness_socket, F_OK), 0);
}
END_TEST

START_TEST(what_cannot_be_listened_on_is_named)
{
    struct http *http = start();
    ck_assert_msg(http != NULL, "%s", error);
    config.port = http_port(http);
    config.socket[0] = '\0';
    char port[64];
    snprintf(port, sizeof(port), "listen = 127.0.0.1:%u: Address already in use", config.port);
    expect_refusal(port);
    http_stop(http);

    http_harness_config(&config);
    snprintf(config.socket, sizeof(config.socket), "%s/none/gangd.sock", http_harness_dir);
    expect_refusal("none/gangd.sock: No such file");

    http_harness_config(&config);
    snprintf(config.group, sizeof(config.group), "no-such-group");
    expect_refusal("there is no group \"no-such-group\"");
    ck_assert_int_ne(access(http_harness_socket, F_OK), 0);
}
END_TEST

START_TEST(a_page_that_is_not_there_is_named)
{
    snprintf(config.web, sizeof(config.web), "%s/none", http_harness_dir);
    expect_refusal("none: No such file");
    snprintf(config.web, sizeof(config.web), "%s", http_harness_dir);
    expect_refusal("there is no index.html");
    ck_assert_int_ne(access(http_harness_socket, F_OK), 0);
}
END_TEST

/* As on a network share whose server is gone: the call never returns. In front of the C library's. */
static atomic_bool server_gone;

DIR *opendir(const char *name)
{
    while (atomic_load(&server_gone))
        pause();
    int fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? NULL : fdopendir(fd);
}

/* The patience is also that for the token's file, which does answer. */
static void gone_setup(void)
{
    file_patience_ms = 1500;
    atomic_store(&server_gone, true);
    http_harness_start();
}

START_TEST(a_page_that_does_not_answer_costs_the_page_alone)
{
    struct answer answer;
    ask(&answer, "GET", "/", "");
    expect_error(&answer, 503, "/web: no answer for 10 s");
    ask(&answer, "GET", "/app.js", "");
    expect_error(&answer, 404, "there is nothing at /app.js");
    ask(&answer, "GET", "/api/v1/status", "");
    expect_status(&answer, 200);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("http_listen");
    TCase *tcase = tcase_create("start");
    tcase_add_checked_fixture(tcase, start_setup, start_teardown);
    tcase_add_test(tcase, the_socket_is_for_its_owner_and_group);
    tcase_add_test(tcase, a_passed_socket_tells_its_port);
    tcase_add_test(tcase, the_socket_of_a_dead_gangd_is_replaced);
    tcase_add_test(tcase, the_socket_of_a_living_gangd_is_left_alone);
    tcase_add_test(tcase, a_file_that_is_no_socket_is_left_alone);
    tcase_add_test(tcase, what_cannot_be_listened_on_is_named);
    tcase_add_test(tcase, a_page_that_is_not_there_is_named);
    suite_add_tcase(suite, tcase);
    tcase = tcase_create("share");
    tcase_add_checked_fixture(tcase, gone_setup, http_harness_stop);
    tcase_add_test(tcase, a_page_that_does_not_answer_costs_the_page_alone);
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
