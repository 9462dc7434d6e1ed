/* SPDX-License-Identifier: MIT */
/*
 * The opening of a serial port, step by step, and in words what was in the way. Blocks; for tty.c's worker.
 */
#ifndef DAEMON_PORT_TTY_OPEN_H
#define DAEMON_PORT_TTY_OPEN_H

#include "proto/diagnosis/cause.h"

/* What was in the way: `detail` is "/dev/ttyUSB3 is held by ModemManager (pid 812)" and the like. */
struct tty_trouble {
    char devnode[128];
    enum cause cause;
    char detail[256];
};

void tty_trouble_init(struct tty_trouble *trouble, const char *devnode);

/* `format`: the words after the device's name. */
void tty_trouble_set(struct tty_trouble *trouble, enum cause cause, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Opens `devnode` as tty.h promises. Returns 0 and `*fd`, or a negative errno and `trouble`; `*fd` is then untouched.
 */
int tty_open_port(const char *devnode, int *fd, struct tty_trouble *trouble) __attribute__((warn_unused_result));

#endif
