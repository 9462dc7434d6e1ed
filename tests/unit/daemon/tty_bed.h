/* SPDX-License-Identifier: MIT */
/* The names that test_slot.c has for the harness of the ports. */
#ifndef TESTS_UNIT_DAEMON_TTY_BED_H
#define TESTS_UNIT_DAEMON_TTY_BED_H

#include "tests/unit/daemon/tty_harness.h"

#define bed_loop   tty_harness_loop
#define bed_plug   tty_harness_plug
#define bed_port   tty_harness_port
#define bed_set_up tty_harness_set_up

#endif
