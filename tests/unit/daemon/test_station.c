/* SPDX-License-Identifier: MIT */
/* The station's reload: what is in force afterwards is what the files said when it was asked for last. */
#include "daemon/station/station.h"
#include "tests/runner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
    int n = snprintf(text, sizeof(text), "[station]\nbook = %s/book.db\n[product]\nfile = %s/golden.bin\n", directory,
                     directory);
    write_file("gangd.conf", text, (size_t)n);
}

static int64_t golden_size(void)
{
    struct station_snapshot now;
    station_snapshot(station, &now);
    return now.product ? (int64_t)now.product->golden->size : -1;
}

static void setup(void)
{
    static struct config config;
    char error[512] = "";
    setenv("UV_THREADPOOL_SIZE", "1", 1);
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(config_path, sizeof(config_path), "%s/gangd.conf", directory);
    configure(20);
    ck_assert_msg(config_read(&config, config_path, error, sizeof(error)) == 0, "%s", error);
    uv_loop_init(&loop);
    station = station_start(&loop, &config, config_path, error, sizeof(error));
    ck_assert_msg(station != NULL, "%s", error);
    ck_assert_int_eq(golden_size(), 20);
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
    tcase_add_test(tcase, a_station_may_end_while_it_reloads);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
