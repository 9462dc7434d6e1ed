/* SPDX-License-Identifier: MIT */
#ifndef TESTS_RUNNER_H
#define TESTS_RUNNER_H

#include <check.h>

/* Runs `suite`, prints each failure and a last line "NAME: N passed, N failed". Returns main()'s exit code: 0 only if
 * at least one test ran and none failed. CK_FORK=no in the environment keeps all in one process, for a debugger. */
int run_suite(Suite *suite);

#endif
