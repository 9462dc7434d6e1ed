/* SPDX-License-Identifier: MIT */
/*
 * The opening of a serial port, step by step, and in words what was in the way. Blocks; for tty.c's worker.
 */
#ifndef DAEMON_PORT_TTY_OPEN_H
#define DAEMON_PORT_TTY_OPEN_H

#include "daemon/port/tty_ioctl.h"
#include "proto/diagnosis/cause.h"

/* The rates that an adapter is asked for once it is open, and its answer: bit i of `possible` stands for bauds[i]. */
struct tty_ladder {
    uint32_t bauds[TTY_BAUDS_MAX];
    size_t n;
    uint32_t possible;
};

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

/* Another program has opened a port that is ours: "/dev/ttyUSB3 was opened by screen (pid 812)", or "… by another
 * program" if it has gone, or is hidden. Reads /proc. */
void tty_name_intruder(const char *devnode, char *detail, size_t size);

/* Opens `devnode` as tty.h promises, and asks for the rates of `ladder`. Returns 0, `*fd` and the ladder's answer, or a
 * negative errno and `trouble`; `*fd` is then untouched. */
int tty_open_port(const char *devnode, int *fd, struct tty_ladder *ladder, struct tty_trouble *trouble)
    __attribute__((warn_unused_result));

#endif
