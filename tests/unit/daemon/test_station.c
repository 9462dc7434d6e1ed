/* SPDX-License-Identifier: MIT */
/* The station's reload: what is in force afterwards is what the files said when it was asked for last. */
#include "daemon/base/file.h"
#include "daemon/station/station.h"
#include "tests/runner.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static char directory[] = "/tmp/gangd-station-XXXXXX";
static char config_path[64];
static uv_loop_t loop;
static struct station *station;

static void write_file(const char *name, const char *bytes, size_t n)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", directory, name);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, n, file), n);
    fclose(file);
}

/* From now on the configuration names an image of `size` bytes. */
static void configure(size_t size)
{
    static const char image[64] = {(char)0xE9, 0x01};
    char text[512];
    ck_assert_uint_le(size, sizeof(image));
    write_file("golden.bin", image, size);
    int n = snprintf(text, sizeof(text),
                     "[station]\nbook = %s/book.db\n[product]\nfile = %s/golden.bin\nimage_check = no\n", directory,
                     directory);
    write_file("gangd.conf", text, (size_t)n);
}

static int64_t golden_size(void)
{
    struct station_snapshot now;
    station_snapshot(station, &now);
    return now.product ? (int64_t)now.product->golden->size : -1;
}

static void setup_station(void)
{
    static struct config config;
    char error[512] = "";
    ck_assert_msg(config_read(&config, config_path, error, sizeof(error)) == 0, "%s", error);
    station = station_start(&loop, &config, config_path, error, sizeof(error));
    ck_assert_msg(station != NULL, "%s", error);
    ck_assert_int_eq(golden_size(), 20);
}

static void setup(void)
{
    setenv("UV_THREADPOOL_SIZE", "1", 1);
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(config_path, sizeof(config_path), "%s/gangd.conf", directory);
    configure(20);
    uv_loop_init(&loop);
    setup_station();
}

static void is_no_running_timer(uv_handle_t *handle, void *data)
{
    (void)data;
    ck_assert(uv_handle_get_type(handle) != UV_TIMER || !uv_is_active(handle));
}

/* A timer that fired between the end and its handle's closing would find a station without a book. */
static void teardown(void)
{
    ck_assert(station_stop(station));
    uv_walk(&loop, is_no_running_timer, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    char command[128];
    snprintf(command, sizeof(command), "rm -r %s", directory);
    ck_assert_int_eq(system(command), 0);
}

static uv_sem_t reached;

static void reach(uv_work_t *work)
{
    (void)work;
    uv_sem_post(&reached);
}

static void after(uv_work_t *work, int status)
{
    (void)status;
    *(bool *)work->data = true;
}

/* The only worker takes one piece of work after the other: when it comes to ours, it has read all that a reload before
 * it reads. The loop has not heard of it yet. */
static void wait_for_worker(uv_work_t *work, bool *heard)
{
    *heard = false;
    work->data = heard;
    uv_sem_init(&reached, 0);
    uv_queue_work(&loop, work, reach, after);
    uv_sem_wait(&reached);
    uv_sem_destroy(&reached);
}

/* Lets the loop take what the worker has done. */
static void settle(void)
{
    uv_work_t work;
    bool heard;
    wait_for_worker(&work, &heard);
    while (!heard)
        uv_run(&loop, UV_RUN_ONCE);
}

START_TEST(a_reload_takes_the_new_image)
{
    configure(40);
    station_reload(station);
    settle();
    ck_assert_int_eq(golden_size(), 40);
}
END_TEST

START_TEST(a_reload_while_one_is_at_work_is_not_lost)
{
    uv_work_t work;
    bool heard;
    configure(40);
    station_reload(station);
    wait_for_worker(&work, &heard);
    configure(60);
    station_reload(station);
    while (!heard)
        uv_run(&loop, UV_RUN_ONCE);
    settle();
    ck_assert_int_eq(golden_size(), 60);
}
END_TEST

static bool is_paused(void)
{
    struct station_snapshot now;
    station_snapshot(station, &now);
    return now.paused;
}

START_TEST(a_pause_ends_by_itself)
{
    ck_assert(!is_paused());
    station_pause(station, STATION_PAUSE_MAX);
    ck_assert(is_paused());
    station_pause(station, 0);
    ck_assert(!is_paused());
    station_pause(station, STATION_PAUSE_MAX);
    station_pause(station, 1);
    ck_assert(is_paused());
    while (is_paused())
        uv_run(&loop, UV_RUN_ONCE);
}
END_TEST

static void nobody_started(void *data, const char *name)
{
    (void)data;
    ck_abort_msg("%s was started", name);
}

static const char *hindrance(void)
{
    static struct station_snapshot now;
    station_snapshot(station, &now);
    return now.hindrance;
}

START_TEST(a_station_says_why_no_attempt_may_begin)
{
    ck_assert_str_eq(hindrance(), "");
    ck_assert_str_eq(station_start_slots(station, nobody_started, NULL), "no slot has presence = start");
    FILE *file = fopen(config_path, "a");
    ck_assert_ptr_nonnull(file);
    fputs("[slot A1]\npath = pci-0000:00:14.0-usb-0:1.2:1.0\npresence = start\n", file);
    fclose(file);
    station_reload(station);
    settle();
    ck_assert_str_eq(station_start_slots(station, nobody_started, NULL), "no slot with presence = start is ready");
    station_pause(station, STATION_PAUSE_MAX);
    ck_assert_str_eq(hindrance(), "gangd is paused: no attempt begins");
    ck_assert_str_eq(station_start_slots(station, nobody_started, NULL), hindrance());
    station_pause(station, 0);
    ck_assert_str_eq(hindrance(), "");
}
END_TEST

static unsigned told;

static void on_station_changed(void *data, const struct station *changed)
{
    ck_assert_ptr_eq(changed, station);
    *(unsigned *)data += 1;
}

START_TEST(observers_are_told_of_changes_until_they_leave)
{
    unsigned other = 0;
    struct station_observer first = {.station_changed = on_station_changed, .data = &told};
    struct station_observer second = {.station_changed = on_station_changed, .data = &other}, empty = {.data = NULL};
    told = 0;
    station_observe(station, &first);
    station_observe(station, &second);
    station_observe(station, &empty);
    station_pause(station, 1);
    ck_assert_uint_eq(told, 1);
    ck_assert_uint_eq(other, 1);
    station_unobserve(&first);
    station_pause(station, 0);
    ck_assert_uint_eq(told, 1);
    ck_assert_uint_eq(other, 2);
    station_unobserve(&second);
    station_unobserve(&empty);
}
END_TEST

START_TEST(a_bad_image_leaves_the_old_in_force)
{
    configure(0);
    station_reload(station);
    settle();
    ck_assert_int_eq(golden_size(), 20);
}
END_TEST

/* As on a network share whose server is gone: these calls for files never return. In front of the C library's. */
static atomic_bool server_gone;

ssize_t read(int fd, void *bytes, size_t n)
{
    struct stat info;
    while (atomic_load(&server_gone) && fstat(fd, &info) == 0 && S_ISREG(info.st_mode))
        usleep(1000);
    return syscall(SYS_read, fd, bytes, n);
}

int access(const char *path, int mode)
{
    while (atomic_load(&server_gone))
        usleep(1000);
    return (int)syscall(SYS_faccessat, AT_FDCWD, path, mode);
}

static char told_errors[CONFIG_ERRORS_MAX];
static unsigned times_told;

static void on_reload_end(void *data, const char *errors, const char *kept)
{
    ck_assert_ptr_eq(data, &times_told);
    ck_assert_str_eq(kept, "");
    snprintf(told_errors, sizeof(told_errors), "%s", errors);
    times_told++;
}

static struct station_reload_waiter waiter = {.done = on_reload_end, .data = &times_told};
static char refusal[256];

static bool reload_and_tell(void)
{
    times_told = 0;
    return station_reload_and_tell(station, &waiter, refusal, sizeof(refusal));
}

START_TEST(the_end_of_a_reload_is_told)
{
    configure(40);
    ck_assert(reload_and_tell());
    settle();
    ck_assert_uint_eq(times_told, 1);
    ck_assert_str_eq(told_errors, "");
    ck_assert_int_eq(golden_size(), 40);
    configure(0);
    ck_assert(reload_and_tell());
    settle();
    ck_assert_uint_eq(times_told, 1);
    ck_assert_ptr_nonnull(strstr(told_errors, "gangd.conf:4: "));
    ck_assert_ptr_nonnull(strstr(told_errors, "golden.bin: the file is empty"));
    station_reload(station);
    settle();
    ck_assert_uint_eq(times_told, 1);
    ck_assert(reload_and_tell());
    station_reload_forget(station, &waiter);
    settle();
    ck_assert_uint_eq(times_told, 0);
}
END_TEST

START_TEST(a_reload_that_does_not_answer_is_said_to_be_at_work_and_given_up)
{
    file_patience_ms = 200;
    configure(40);
    atomic_store(&server_gone, true);
    ck_assert(reload_and_tell());
    ck_assert(!reload_and_tell());
    ck_assert_ptr_nonnull(strstr(refusal, "a reload has been at work for "));
    while (times_told == 0)
        uv_run(&loop, UV_RUN_ONCE);
    ck_assert_ptr_nonnull(strstr(told_errors, "gangd.conf: cannot be read: no answer for 10 s"));
    ck_assert_int_eq(golden_size(), 20);
    file_patience_ms = FILE_PATIENCE_SECONDS * 1000;
    atomic_store(&server_gone, false);
    ck_assert(reload_and_tell());
    settle();
    ck_assert_str_eq(told_errors, "");
    ck_assert_int_eq(golden_size(), 40);
}
END_TEST

static struct station *start_again(char *error, size_t error_size)
{
    static struct config config;
    ck_assert(station_stop(station));
    ck_assert_msg(config_read(&config, config_path, error, error_size) == 0, "%s", error);
    file_patience_ms = 200;
    atomic_store(&server_gone, true);
    struct station *started = station_start(&loop, &config, config_path, error, error_size);
    atomic_store(&server_gone, false);
    file_patience_ms = FILE_PATIENCE_SECONDS * 1000;
    return started;
}

START_TEST(a_book_that_does_not_answer_is_given_up)
{
    char error[512] = "", expected[160];
    ck_assert_ptr_null(start_again(error, sizeof(error)));
    snprintf(expected, sizeof(expected), "%s:2: book = %s/book.db: no answer for 10 s", config_path, directory);
    ck_assert_str_eq(error, expected);
    uv_run(&loop, UV_RUN_DEFAULT);
    setup_station();
}
END_TEST

START_TEST(a_station_may_end_while_it_reloads)
{
    configure(40);
    station_reload(station);
    station_reload(station);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("station");
    TCase *tcase = tcase_create("station");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_reload_takes_the_new_image);
    tcase_add_test(tcase, a_reload_while_one_is_at_work_is_not_lost);
    tcase_add_test(tcase, a_pause_ends_by_itself);
    tcase_add_test(tcase, a_station_says_why_no_attempt_may_begin);
    tcase_add_test(tcase, observers_are_told_of_changes_until_they_leave);
    tcase_add_test(tcase, a_bad_image_leaves_the_old_in_force);
    tcase_add_test(tcase, the_end_of_a_reload_is_told);
    tcase_add_test(tcase, a_reload_that_does_not_answer_is_said_to_be_at_work_and_given_up);
    tcase_add_test(tcase, a_book_that_does_not_answer_is_given_up);
    tcase_add_test(tcase, a_station_may_end_while_it_reloads);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
