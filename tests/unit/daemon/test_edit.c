/* SPDX-License-Identifier: MIT */
/* Places written into a configuration: what comes out, and that nothing else changes. */
#include "daemon/config/config.h"
#include "daemon/config/edit.h"
#include "tests/runner.h"

#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct config_place places[] = {{"A1", "p1"}, {"A2", "p2"}};

static const struct {
    const char *before, *after; /* with both places */
} cases[] = {
    {"", "[slot A1]\npath = p1\n\n[slot A2]\npath = p2\n"},
    /* At the end, in the manner of the file, which may lack its last newline. */
    {"[slots]\n", "[slots]\n\n[slot A1]\npath = p1\n\n[slot A2]\npath = p2\n"},
    {"[slots]", "[slots]\n\n[slot A1]\npath = p1\n\n[slot A2]\npath = p2\n"},
    {"[slots]\r\n#", "[slots]\r\n#\r\n\r\n[slot A1]\r\npath = p1\r\n\r\n[slot A2]\r\npath = p2\r\n"},
    /* In its place: comments, other keys, blanks and unlike ends of lines stay. */
    {"[slot A2]\n# why\n;path = x\n\n  path=old  \r\nreset = manual\n; x\n[http]\n[slot  A1]\npath:y",
     "[slot A2]\n# why\n;path = x\n\n  path = p2  \r\nreset = manual\n; x\n[http]\n[slot  A1]\npath = p1"},
    {"\xEF\xBB\xBF[slot A1]\npath = x\n\t[slot A2] \npath = y\n",
     "\xEF\xBB\xBF[slot A1]\npath = p1\n\t[slot A2] \npath = p2\n"},
    /* A section that does not say its path, in the middle and at the end. */
    {"[slot A1]\nreset = auto\n[slot A2]", "[slot A1]\npath = p1\nreset = auto\n[slot A2]\npath = p2\n"},
    {"[slot A1]\n[slot B]\npath = b\n[slot A2]\npathology = x\n",
     "[slot A1]\npath = p1\n[slot B]\npath = b\n[slot A2]\npath = p2\npathology = x\n"},
    /* Names that begin alike, or are in a comment, are others. */
    {"[slot A11]\npath = x\n#[slot A1]\n#path = x\n[slotA1]\n",
     "[slot A11]\npath = x\n#[slot A1]\n#path = x\n[slotA1]\n\n[slot A1]\npath = p1\n\n[slot A2]\npath = p2\n"},
};

START_TEST(all_else_stays_as_it_is)
{
    const char *before = cases[_i].before;
    size_t n = strlen(before), len;
    /* Without a NUL behind it. */
    char *exact = malloc(n + 1);
    memcpy(exact, before, n + 1);
    exact[n] = '#';
    char *after = config_edit_text(exact, n, places, 2, &len);
    ck_assert_str_eq(after, cases[_i].after);
    ck_assert_uint_eq(len, strlen(after));

    char *again = config_edit_text(after, len, places, 2, &len);
    ck_assert_str_eq(again, after);
    char *none = config_edit_text(before, strlen(before), places, 0, &len);
    ck_assert_str_eq(none, before);
    free(exact);
    free(after);
    free(again);
    free(none);
}
END_TEST

START_TEST(gangd_understands_what_is_written)
{
    static const char before[] = "[product]\nfile = g.bin\n[slot A2]\nreset = manual\npath = x\n[http]\nlisten = none";
    static struct config config;
    char error[256] = "";
    size_t len;
    char *after = config_edit_text(before, strlen(before), places, 2, &len);
    ck_assert_msg(config_parse(&config, "t", after, len, error, sizeof(error)) == 0, "%s", error);
    ck_assert_uint_eq(config.n_slots, 2);
    ck_assert_str_eq(config.slots[0].name, "A2");
    ck_assert_str_eq(config.slots[0].path, "p2");
    ck_assert_int_eq(config.slots[0].reset, RESET_MANUAL);
    ck_assert_str_eq(config.slots[1].path, "p1");
    ck_assert_str_eq(config.address, "");
    free(after);
}
END_TEST

static char directory[] = "/tmp/gangd-edit-XXXXXX";
static char path[64];

static void setup(void)
{
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(path, sizeof(path), "%s/gangd.conf", directory);
}

static void teardown(void)
{
    char command[64];
    snprintf(command, sizeof(command), "rm -r %s", directory);
    ck_assert_int_eq(system(command), 0);
}

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(name, "we");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    fclose(file);
}

static void expect_file(const char *name, const char *text)
{
    size_t len;
    char *is = config_text(name, &len);
    ck_assert_msg(is && len == strlen(text) && memcmp(is, text, len) == 0, "%s: %.*s", name, (int)len, is);
    free(is);
}

static size_t files(void)
{
    glob_t found;
    char pattern[64];
    snprintf(pattern, sizeof(pattern), "%s/*", directory);
    ck_assert_int_eq(glob(pattern, 0, NULL, &found), 0);
    size_t n = found.gl_pathc;
    globfree(&found);
    return n;
}

START_TEST(the_file_before_is_kept)
{
    char kept[80], error[512] = "";
    struct stat st;
    snprintf(kept, sizeof(kept), "%s~", path);
    write_file(path, "[product]\nfile = g\n");
    write_file(kept, "an older one");
    ck_assert_int_eq(chmod(path, 0604), 0);
    if (geteuid() == 0)
        ck_assert_int_eq(chown(path, 65534, 65533), 0);
    ck_assert_msg(config_edit_file(path, places, 1, error, sizeof(error)) == 0, "%s", error);
    expect_file(path, "[product]\nfile = g\n\n[slot A1]\npath = p1\n");
    expect_file(kept, "[product]\nfile = g\n");
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0604);
    if (geteuid() == 0) {
        ck_assert_uint_eq(st.st_uid, 65534);
        ck_assert_uint_eq(st.st_gid, 65533);
    }
    ck_assert_uint_eq(files(), 2);
}
END_TEST

START_TEST(what_gangd_would_refuse_is_not_written)
{
    static const char before[] = "[product]\nfile = g\n[slot B]\npath = p1\n";
    char error[512] = "", wanted[128];
    write_file(path, before);
    ck_assert_int_eq(config_edit_file(path, places, 2, error, sizeof(error)), -1);
    snprintf(wanted, sizeof(wanted), "%s:6: [slot A1] has the same path as [slot B]: p1", path);
    ck_assert_str_eq(error, wanted);
    expect_file(path, before);
    ck_assert_uint_eq(files(), 1);
}
END_TEST

START_TEST(a_file_that_is_not_there_is_named)
{
    char error[512] = "", wanted[128];
    snprintf(wanted, sizeof(wanted), "%s: No such file or directory", path);
    ck_assert_int_eq(config_edit_file(path, places, 2, error, sizeof(error)), -1);
    ck_assert_str_eq(error, wanted);
    error[0] = '\0';
    ck_assert_int_eq(config_edit_allowed(path, error, sizeof(error)), -1);
    ck_assert_str_eq(error, wanted);
    write_file(path, "");
    ck_assert_int_eq(config_edit_allowed(path, error, sizeof(error)), 0);
}
END_TEST

START_TEST(what_cannot_be_put_in_place_leaves_nothing)
{
    char error[512] = "", kept[80], inside[128];
    snprintf(kept, sizeof(kept), "%s~", path);
    snprintf(inside, sizeof(inside), "%s/file", kept);
    write_file(path, "[product]\nfile = g\n");
    /* The place of the old file is taken. */
    ck_assert_int_eq(mkdir(kept, 0755), 0);
    write_file(inside, "");
    ck_assert_int_eq(config_edit_file(path, places, 1, error, sizeof(error)), -1);
    ck_assert_msg(strstr(error, "cannot be replaced: Is a directory") != NULL, "%s", error);
    expect_file(path, "[product]\nfile = g\n");
    ck_assert_uint_eq(files(), 2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("config_edit");
    TCase *text = tcase_create("text"), *file = tcase_create("file");
    tcase_add_loop_test(text, all_else_stays_as_it_is, 0, sizeof(cases) / sizeof(cases[0]));
    tcase_add_test(text, gangd_understands_what_is_written);
    tcase_add_checked_fixture(file, setup, teardown);
    tcase_add_test(file, the_file_before_is_kept);
    tcase_add_test(file, what_gangd_would_refuse_is_not_written);
    tcase_add_test(file, a_file_that_is_not_there_is_named);
    tcase_add_test(file, what_cannot_be_put_in_place_leaves_nothing);
    suite_add_tcase(suite, text);
    suite_add_tcase(suite, file);
    return run_suite(suite);
}
