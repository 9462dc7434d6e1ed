/* SPDX-License-Identifier: MIT */
/* What is in the way when a port is opened, and how it is said. Ports are bare ptys. */
#include "daemon/port/tty_open.h"
#include "tests/runner.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int master;
static struct tty_ladder no_ladder;
static char devnode[64];

static void set_up(void)
{
    master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    ck_assert(grantpt(master) == 0 && unlockpt(master) == 0);
    ck_assert_int_eq(ptsname_r(master, devnode, sizeof(devnode)), 0);
}

static void tear_down(void)
{
    close(master);
}

/* As somebody who is not root: root may do everything. */
static void be_nobody(void)
{
    if (geteuid() == 0)
        ck_assert(setgroups(0, NULL) == 0 && setgid(65534) == 0 && setuid(65534) == 0);
}

enum hold { HOLD_OPEN, HOLD_FLOCK, HOLD_EXCLUSIVE, HOLD_WRITE_ONLY };

/* A child called "forgotten" that holds the port; with `argument` it becomes a shell whose command line holds that too.
 */
static pid_t hold(enum hold how, const char *argument)
{
    int ready[2];
    ck_assert_int_eq(pipe2(ready, O_CLOEXEC), 0);
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        prctl(PR_SET_NAME, "forgotten");
        int fd = open(devnode, (how == HOLD_WRITE_ONLY ? O_WRONLY : O_RDWR) | O_NOCTTY);
        bool held = fd >= 0 && (how != HOLD_FLOCK || flock(fd, LOCK_EX | LOCK_NB) == 0) &&
                    (how != HOLD_EXCLUSIVE || ioctl(fd, TIOCEXCL) == 0);
        if (!held || write(ready[1], "!", 1) != 1)
            _exit(1);
        if (argument)
            execl("/bin/sh", "sh", "-c", "sleep 60; true", "sh", argument, (char *)NULL);
        for (;;)
            pause();
    }
    char byte;
    close(ready[1]);
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    if (argument)
        ck_assert_int_eq(read(ready[0], &byte, 1), 0); /* closed by the exec */
    close(ready[0]);
    return pid;
}

static void let_go(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static void check_refused(const char *node, int error, enum cause cause, const char *detail)
{
    struct tty_trouble trouble;
    tty_trouble_init(&trouble, node);
    int fd = -2;
    int result = tty_open_port(node, &fd, &no_ladder, &trouble);
    ck_assert_msg(strcmp(trouble.detail, detail) == 0, "\"%s\" instead of \"%s\"", trouble.detail, detail);
    ck_assert_str_eq(cause_code(trouble.cause), cause_code(cause));
    ck_assert_int_eq(result, error);
    ck_assert_int_eq(fd, -2);
}

static void check_opens(void)
{
    struct tty_trouble trouble;
    tty_trouble_init(&trouble, devnode);
    int fd = -1;
    ck_assert_msg(tty_open_port(devnode, &fd, &no_ladder, &trouble) == 0, "%s", trouble.detail);
    ck_assert_int_ge(fd, 0);
    ck_assert_str_eq(trouble.detail, "");
    close(fd);
}

START_TEST(names_the_holder)
{
    pid_t pid = hold((enum hold)_i, NULL);
    char detail[128];
    snprintf(detail, sizeof(detail), "%s is held by forgotten (pid %d)", devnode, (int)pid);
    check_refused(devnode, -EBUSY, CAUSE_PORT_BUSY, detail);
    let_go(pid);
    if (_i != HOLD_EXCLUSIVE) /* a pty stays exclusive as long as its master is open */
        check_opens();
}
END_TEST

START_TEST(names_the_holder_of_a_lock)
{
    pid_t pid = hold(HOLD_FLOCK, NULL);
    char detail[128];
    snprintf(detail, sizeof(detail), "%s is held by forgotten (pid %d)", devnode, (int)pid);
    check_refused(devnode, -EWOULDBLOCK, CAUSE_PORT_BUSY, detail);
    let_go(pid);
    check_opens();
}
END_TEST

/* Another user's program, whose open files we may not see. Only root can set that up. */
START_TEST(names_another_users_program)
{
    if (geteuid() != 0)
        return;
    ck_assert_int_eq(chmod(devnode, 0666), 0);
    char argument[128], detail[256];
    snprintf(argument, sizeof(argument), "--port=%s", devnode);
    pid_t pid = hold(_i == 0 ? HOLD_FLOCK : HOLD_EXCLUSIVE, _i == 2 ? argument : NULL);
    if (_i == 0)
        snprintf(detail, sizeof(detail), "%s is held by forgotten (pid %d)", devnode, (int)pid);
    else if (_i == 1)
        snprintf(detail, sizeof(detail), "%s is held by another user's program: \"sudo fuser -v %s\" names it", devnode,
                 devnode);
    else
        snprintf(detail, sizeof(detail), "%s is held by sh (pid %d), according to its command line", devnode, (int)pid);
    be_nobody();
    check_refused(devnode, _i == 0 ? -EWOULDBLOCK : -EBUSY, CAUSE_PORT_BUSY, detail);
}
END_TEST

START_TEST(bears_who_only_writes)
{
    pid_t pid = hold(HOLD_WRITE_ONLY, NULL);
    check_opens();
    let_go(pid);
}
END_TEST

START_TEST(names_the_group)
{
    struct stat node;
    ck_assert_int_eq(stat(devnode, &node), 0);
    ck_assert_int_eq(chmod(devnode, 0060), 0);
    char detail[128];
    snprintf(detail, sizeof(detail), "%s needs gangd's user to be in group %s", devnode,
             getgrgid(node.st_gid)->gr_name);
    be_nobody();
    check_refused(devnode, -EACCES, CAUSE_PORT_FORBIDDEN, detail);
}
END_TEST

START_TEST(tells_of_a_mode_that_helps_no_group)
{
    ck_assert_int_eq(chmod(devnode, 0020), 0);
    char detail[128];
    snprintf(detail, sizeof(detail), "%s has mode 0020: only its owner may open it", devnode);
    be_nobody();
    check_refused(devnode, -EACCES, CAUSE_PORT_FORBIDDEN, detail);
}
END_TEST

START_TEST(misses_the_port)
{
    check_refused("/dev/ttyUSB77", -ENOENT, CAUSE_UNPLUGGED, "/dev/ttyUSB77 is no longer there");
}
END_TEST

START_TEST(refuses_what_is_no_terminal)
{
    char path[] = "/tmp/test_tty_open.XXXXXX", detail[128];
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    snprintf(detail, sizeof(detail), "%s cannot be opened exclusively: Inappropriate ioctl for device", path);
    check_refused(path, -ENOTTY, CAUSE_ADAPTER_ERROR, detail);
    close(fd);
    unlink(path);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("tty_open");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, names_the_holder, HOLD_OPEN, HOLD_OPEN + 1);
    tcase_add_loop_test(tests, names_the_holder, HOLD_EXCLUSIVE, HOLD_EXCLUSIVE + 1);
    tcase_add_test(tests, names_the_holder_of_a_lock);
    tcase_add_loop_test(tests, names_another_users_program, 0, 3);
    tcase_add_test(tests, bears_who_only_writes);
    tcase_add_test(tests, names_the_group);
    tcase_add_test(tests, tells_of_a_mode_that_helps_no_group);
    tcase_add_test(tests, misses_the_port);
    tcase_add_test(tests, refuses_what_is_no_terminal);
    Suite *suite = suite_create("tty_open");
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
