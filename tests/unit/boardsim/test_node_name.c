/* SPDX-License-Identifier: MIT */
/* The canonical names of a test bed's device nodes, in a directory of the test's own. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/runner.h"
#include "tools/boardsim/preload/node_name.h"

#include <check.h>

static char root[64];

static void make_link(const char *target, const char *name)
{
    char path[128];

    snprintf(path, sizeof path, "%s/dev/%s", root, name);
    ck_assert_int_eq(symlink(target, path), 0);
}

static void make_directory(const char *name)
{
    char path[128];

    snprintf(path, sizeof path, "%s%s", root, name);
    ck_assert_int_eq(mkdir(path, 0700), 0);
}

static void setup(void)
{
    char target[128];

    strcpy(root, "/tmp/gangd-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(root));
    make_directory("/dev");
    make_directory("/dev/serial");
    make_link("/dev/pts/0", "ttyUSB0");
    make_link("../ttyUSB0", "serial/by-name");
    snprintf(target, sizeof target, "%s/dev/ttyUSB0", root);
    make_link(target, "absolute");
    make_link("round", "round");
    make_link("missing", "dangling");
}

static void teardown(void)
{
    char command[128];

    snprintf(command, sizeof command, "rm -r %s", root);
    ck_assert_int_eq(system(command), 0);
}

static const struct {
    const char *path, *name; /* NULL: none of the nodes */
} names[] = {
    {"/dev/ttyUSB0", "/dev/ttyUSB0"},
    {"/dev/./ttyUSB0", "/dev/ttyUSB0"},
    {"//dev//ttyUSB0", "/dev/ttyUSB0"},
    {"/dev/serial/../ttyUSB0", "/dev/ttyUSB0"},
    {"/../dev/ttyUSB0", "/dev/ttyUSB0"},
    {"/dev/serial/by-name", "/dev/ttyUSB0"},
    {"/dev/absolute", "/dev/ttyUSB0"},
    {"/dev/round", NULL},
    {"/dev/dangling", NULL},
    {"/dev/serial", NULL},
    {"/dev", NULL},
    {"/", NULL},
    {"/dev/ttyUSB1", NULL},
    {"/etc/passwd", NULL},
    {"dev/ttyUSB0", NULL},
    {"", NULL},
};

START_TEST(nodes_have_their_own_name)
{
    char name[PATH_MAX];
    bool found = node_name(root, names[_i].path, name, sizeof name);

    ck_assert_int_eq(found, names[_i].name != NULL);
    if (found)
        ck_assert_str_eq(name, names[_i].name);
}
END_TEST

START_TEST(a_name_that_does_not_fit_is_none)
{
    char name[13];

    ck_assert(node_name(root, "/dev/ttyUSB0", name, sizeof name));
    ck_assert(!node_name(root, "/dev/ttyUSB0", name, sizeof name - 1));
    ck_assert(!node_name(root, "/dev/ttyUSB0", name, 1));
    ck_assert(!node_name(root, "/dev/ttyUSB0", name, 0));
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof *(table)))

int main(void)
{
    Suite *suite = suite_create("node_name");
    TCase *tc = tcase_create("node_name");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, nodes_have_their_own_name, 0, COUNT(names));
    tcase_add_test(tc, a_name_that_does_not_fit_is_none);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
