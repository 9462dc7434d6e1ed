/* SPDX-License-Identifier: MIT */
/* The cache of compressed streams: gives what was put in, nothing else, and keeps to its limits. */
#include "daemon/station/stream_cache.h"
#include "proto/image/deflate.h"
#include "tests/runner.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIZE 50000

static char parent[] = "/tmp/gangd-cache-XXXXXX";
static char directory[64];
static uint8_t content[SIZE];
static uint8_t *stream;
static uint32_t size;

/* Another content for each number. */
static void make_content(unsigned number)
{
    srand(number);
    for (size_t i = 0; i < SIZE; i++)
        content[i] = (uint8_t)(rand() & 0x3F);
    free(stream);
    ck_assert(deflate_bytes(content, SIZE, DEFLATE_BEST, &stream, &size));
}

static void setup(void)
{
    ck_assert_ptr_nonnull(mkdtemp(parent));
    snprintf(directory, sizeof(directory), "%s/cache", parent);
    make_content(1);
}

static void teardown(void)
{
    char command[128];
    snprintf(command, sizeof(command), "rm -r %s", parent);
    ck_assert_int_eq(system(command), 0);
    free(stream);
}

static int put(void)
{
    return stream_cache_write(directory, content, SIZE, stream, size);
}

static bool has(void)
{
    uint32_t n = 0;
    uint8_t *found = stream_cache_read(directory, content, SIZE, size, &n);
    if (found) {
        ck_assert_uint_eq(n, size);
        ck_assert_mem_eq(found, stream, n);
    }
    bool was_found = found != NULL;
    free(found);
    return was_found;
}

/* How many there are; the path of the last in `path`. */
static unsigned count_files(char path[512])
{
    unsigned n = 0;
    DIR *open_directory = opendir(directory);
    for (struct dirent *entry; open_directory && (entry = readdir(open_directory));)
        if (entry->d_name[0] != '.') {
            n++;
            snprintf(path, 512, "%s/%s", directory, entry->d_name);
        }
    if (open_directory)
        closedir(open_directory);
    return n;
}

static void overwrite(const char *path, const void *bytes, size_t n)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, n, file), n);
    fclose(file);
}

START_TEST(what_was_put_in_is_found)
{
    ck_assert(!has());
    ck_assert_int_eq(put(), 0);
    ck_assert(has());
    ck_assert_int_eq(put(), 0);
    ck_assert(has());
    make_content(2);
    ck_assert(!has());
}
END_TEST

/* Damaged, cut off, empty, larger than what there is already, another content's. */
START_TEST(anything_else_is_not_taken_and_removed)
{
    char path[512];
    uint8_t *good = malloc(size + 1), *foreign;
    uint32_t n = size, n_foreign;
    memcpy(good, stream, size);
    good[size] = 0;
    ck_assert(deflate_bytes(content, SIZE - 1, DEFLATE_BEST, &foreign, &n_foreign));
    ck_assert_int_eq(put(), 0);
    ck_assert_uint_eq(count_files(path), 1);
    switch (_i) {
    case 0: good[size / 2] ^= 4; break;
    case 1: n = size - 1; break;
    case 2: n = 0; break;
    case 3: n = size + 1; break;
    case 4: memcpy(good, foreign, n = n_foreign < n ? n_foreign : n); break;
    }
    overwrite(path, good, n);
    ck_assert(!has());
    ck_assert_uint_eq(count_files(path), 0);
    ck_assert_int_eq(put(), 0);
    ck_assert(has());
    free(good);
    free(foreign);
}
END_TEST

static void set_age(const char *path, time_t seconds)
{
    struct timespec times[2] = {{.tv_sec = 1000000000 - seconds}, {.tv_sec = 1000000000 - seconds}};
    ck_assert_int_eq(utimensat(AT_FDCWD, path, times, 0), 0);
}

/* Nineteen files are put in one after the other, and the first is used again before each. */
START_TEST(the_files_used_last_are_kept)
{
    char path[512];
    ck_assert_int_eq(put(), 0);
    for (unsigned number = 2; number <= 19; number++) {
        make_content(1);
        ck_assert(has());
        usleep(20000); /* file systems count their times in ticks */
        make_content(number);
        ck_assert_int_eq(put(), 0);
        usleep(20000);
    }
    ck_assert_uint_eq(count_files(path), STREAM_CACHE_FILES_MAX);
    for (unsigned number = 1; number <= 19; number++) {
        make_content(number);
        ck_assert_int_eq(has(), number == 1 || number > 4);
    }
}
END_TEST

START_TEST(large_files_make_room)
{
    char path[512], large[512];
    ck_assert_int_eq(put(), 0);
    ck_assert_uint_eq(count_files(path), 1);
    snprintf(large, sizeof(large), "%s/large.zlib", directory);
    overwrite(large, "", 0);
    ck_assert_int_eq(truncate(large, STREAM_CACHE_BYTES_MAX), 0);
    set_age(large, 100);
    make_content(2);
    ck_assert_int_eq(put(), 0);
    ck_assert_int_ne(access(large, F_OK), 0);
    ck_assert(has());
}
END_TEST

START_TEST(an_unfinished_file_is_removed_and_others_are_left_alone)
{
    char path[512], unfinished[512], other[512];
    ck_assert_int_eq(put(), 0);
    ck_assert_uint_eq(count_files(path), 1);
    snprintf(unfinished, sizeof(unfinished), "%s/0123.zlib.new", directory);
    snprintf(other, sizeof(other), "%s/README", directory);
    overwrite(unfinished, "half", 4);
    overwrite(other, "mine", 4);
    ck_assert_int_eq(put(), 0);
    ck_assert_int_ne(access(unfinished, F_OK), 0);
    ck_assert_int_eq(access(other, F_OK), 0);
}
END_TEST

/* A limit on the size of files stands for a full disk. */
START_TEST(a_full_disk_leaves_nothing_behind)
{
    char path[512];
    struct rlimit before, limit;
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = before;
    limit.rlim_cur = 1000;
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    int error = put();
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
    ck_assert_int_eq(error, EFBIG);
    ck_assert_uint_eq(count_files(path), 0);
    ck_assert_int_eq(put(), 0);
    ck_assert(has());
}
END_TEST

START_TEST(a_directory_that_cannot_be_made_is_an_error)
{
    overwrite(directory, "", 0);
    ck_assert_int_eq(put(), ENOTDIR);
    ck_assert(!has());
    ck_assert_int_eq(stream_cache_write("/nowhere/at/all", content, SIZE, stream, size), ENOENT);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stream cache");
    TCase *cases = tcase_create("stream cache");
    tcase_set_timeout(cases, 60);
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, what_was_put_in_is_found);
    tcase_add_loop_test(cases, anything_else_is_not_taken_and_removed, 0, 5);
    tcase_add_test(cases, the_files_used_last_are_kept);
    tcase_add_test(cases, large_files_make_room);
    tcase_add_test(cases, an_unfinished_file_is_removed_and_others_are_left_alone);
    tcase_add_test(cases, a_full_disk_leaves_nothing_behind);
    tcase_add_test(cases, a_directory_that_cannot_be_made_is_an_error);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
