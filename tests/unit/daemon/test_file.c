/* SPDX-License-Identifier: MIT */
#include "daemon/base/file.h"
#include "tests/runner.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static char directory[] = "/tmp/test_file.XXXXXX", path[64];
static size_t len;

static void setup(void)
{
    strcpy(directory, "/tmp/test_file.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(path, sizeof(path), "%s/file", directory);
}

static void teardown(void)
{
    unlink(path);
    ck_assert_int_eq(rmdir(directory), 0);
}

static void write_file(const char *bytes, size_t n)
{
    FILE *file = fopen(path, "we");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, n, file), n);
    ck_assert_int_eq(fclose(file), 0);
}

static void expect_error(const char *name, size_t max, int error)
{
    errno = 0;
    ck_assert_ptr_null(file_read(name, max, &len));
    ck_assert_int_eq(errno, error);
}

START_TEST(gives_all_bytes_and_a_nul)
{
    write_file("a\0b\n", 4);
    char *bytes = file_read(path, 4, &len);
    ck_assert_ptr_nonnull(bytes);
    ck_assert_uint_eq(len, 4);
    ck_assert_mem_eq(bytes, "a\0b\n", 5);
    free(bytes);
}
END_TEST

START_TEST(an_empty_file_is_an_empty_text)
{
    write_file("", 0);
    char *bytes = file_read(path, 100, &len);
    ck_assert_ptr_nonnull(bytes);
    ck_assert_uint_eq(len, 0);
    ck_assert_str_eq(bytes, "");
    free(bytes);
}
END_TEST

START_TEST(one_byte_too_many_is_refused)
{
    write_file("12345", 5);
    expect_error(path, 4, EFBIG);
}
END_TEST

/* As the page's directory: a file, a hidden one. */
START_TEST(a_directory_is_listed)
{
    write_file("x", 1);
    char *names = file_list(directory, 5, &len);
    ck_assert_ptr_nonnull(names);
    ck_assert_uint_eq(len, 5);
    ck_assert_mem_eq(names, "file\0", 6);
    free(names);

    errno = 0;
    ck_assert_ptr_null(file_list(directory, 4, &len));
    ck_assert_int_eq(errno, EFBIG);
    ck_assert_ptr_null(file_list(path, 5, &len));
    ck_assert_int_eq(errno, ENOTDIR);
}
END_TEST

START_TEST(an_empty_directory_has_no_names)
{
    char *names = file_list(directory, 100, &len);
    ck_assert_ptr_nonnull(names);
    ck_assert_uint_eq(len, 0);
    free(names);
}
END_TEST

START_TEST(a_missing_file_is_refused)
{
    expect_error(path, 100, ENOENT);
    ck_assert_str_eq(file_error(errno), "No such file or directory");
}
END_TEST

START_TEST(a_directory_is_refused)
{
    expect_error(directory, 100, EISDIR);
}
END_TEST

/* The alarm of the test's time limit would end a read that waits. */
START_TEST(a_fifo_is_refused_at_once)
{
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    expect_error(path, 100, EINVAL);
    ck_assert_str_eq(file_error(errno), "not a file");
}
END_TEST

/* Files of /proc claim to be empty. */
static atomic_bool overwriting;

static void *overwrite(void *data)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    (void)data;
    while (atomic_load(&overwriting))
        ck_assert_int_eq(pwrite(fd, "y", 1, 0), 1);
    close(fd);
    return NULL;
}

/* In place, with as many bytes. The time of a file has the kernel's ticks, so not each read sees another one. */
START_TEST(a_file_that_is_overwritten_meanwhile_is_refused)
{
    pthread_t thread;
    const size_t size = 16 << 20;
    char *zeros = calloc(1, size), *bytes = NULL;
    write_file(zeros, size);
    atomic_store(&overwriting, true);
    ck_assert_int_eq(pthread_create(&thread, NULL, overwrite, NULL), 0);
    int tries = 0;
    do {
        free(bytes);
        errno = 0;
        bytes = file_read(path, size, &len);
    } while (bytes && ++tries < 100);
    atomic_store(&overwriting, false);
    pthread_join(thread, NULL);
    ck_assert_ptr_null(bytes);
    ck_assert_int_eq(errno, EAGAIN);
    free(zeros);
}
END_TEST

START_TEST(a_file_that_holds_more_than_its_size_is_refused)
{
    expect_error("/proc/self/status", 100000, EAGAIN);
    ck_assert_str_eq(file_error(errno), "changes while it is read");
}
END_TEST

/* As on a network share whose server is gone: these calls never return. In front of the C library's. */
static atomic_bool server_gone;

ssize_t read(int fd, void *bytes, size_t n)
{
    while (atomic_load(&server_gone))
        pause();
    return syscall(SYS_read, fd, bytes, n);
}

DIR *opendir(const char *name)
{
    while (atomic_load(&server_gone))
        pause();
    int fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? NULL : fdopendir(fd);
}

START_TEST(a_directory_that_does_not_answer_is_given_up)
{
    file_patience_ms = 50;
    atomic_store(&server_gone, true);
    errno = 0;
    ck_assert_ptr_null(file_list(directory, 100, &len));
    ck_assert_int_eq(errno, ETIMEDOUT);
    atomic_store(&server_gone, false);
    file_patience_ms = FILE_PATIENCE_SECONDS * 1000;
}
END_TEST

START_TEST(a_file_that_does_not_answer_is_given_up)
{
    file_patience_ms = 50;
    write_file("x", 1);
    atomic_store(&server_gone, true);
    expect_error(path, 100, ETIMEDOUT);
    ck_assert_str_eq(file_error(errno), "no answer for 10 s");
    atomic_store(&server_gone, false);
    file_patience_ms = FILE_PATIENCE_SECONDS * 1000;
}
END_TEST

START_TEST(a_pipe_without_a_writer_is_given_up)
{
    file_patience_ms = 50;
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    errno = 0;
    ck_assert_ptr_null(file_read_any(path, 100, &len));
    ck_assert_int_eq(errno, ETIMEDOUT);
    file_patience_ms = FILE_PATIENCE_SECONDS * 1000;
}
END_TEST

static void *write_slowly(void *data)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    (void)data;
    for (int i = 0; i < 5; i++) {
        usleep(400000);
        ck_assert_int_eq(write(fd, "x", 1), 1);
    }
    close(fd);
    return NULL;
}

/* Longer than the patience, but never silent for so long. */
START_TEST(a_slow_answer_is_waited_for)
{
    pthread_t thread;
    file_patience_ms = 1500;
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, write_slowly, NULL), 0);
    char *bytes = file_read_any(path, 100, &len);
    ck_assert_ptr_nonnull(bytes);
    ck_assert_str_eq(bytes, "xxxxx");
    free(bytes);
    pthread_join(thread, NULL);
    file_patience_ms = FILE_PATIENCE_SECONDS * 1000;
}
END_TEST

START_TEST(access_says_what_is_wrong)
{
    ck_assert_int_eq(file_access(path, F_OK), ENOENT);
    write_file("x", 1);
    ck_assert_int_eq(file_access(path, R_OK), 0);
    ck_assert_int_eq(file_access(path, X_OK), EACCES);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("file");
    TCase *tests = tcase_create("file");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, gives_all_bytes_and_a_nul);
    tcase_add_test(tests, an_empty_file_is_an_empty_text);
    tcase_add_test(tests, one_byte_too_many_is_refused);
    tcase_add_test(tests, a_missing_file_is_refused);
    tcase_add_test(tests, a_directory_is_refused);
    tcase_add_test(tests, a_directory_is_listed);
    tcase_add_test(tests, an_empty_directory_has_no_names);
    tcase_add_test(tests, a_directory_that_does_not_answer_is_given_up);
    tcase_add_test(tests, a_file_that_does_not_answer_is_given_up);
    tcase_add_test(tests, a_pipe_without_a_writer_is_given_up);
    tcase_add_test(tests, a_slow_answer_is_waited_for);
    tcase_add_test(tests, access_says_what_is_wrong);
    tcase_add_test(tests, a_fifo_is_refused_at_once);
    tcase_add_test(tests, a_file_that_is_overwritten_meanwhile_is_refused);
    tcase_add_test(tests, a_file_that_holds_more_than_its_size_is_refused);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
