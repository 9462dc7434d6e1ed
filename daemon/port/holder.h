/* SPDX-License-Identifier: MIT */
/*
 * Which other program uses a serial port: open() only returns EBUSY, and the operator needs a name.
 */
#ifndef DAEMON_PORT_HOLDER_H
#define DAEMON_PORT_HOLDER_H

#include <stdbool.h>
#include <stddef.h>

/* Looks for another process that has the terminal `devnode` open for reading, and so takes bytes that are for gangd.
 * Writes its name ("ModemManager (pid 812)") to `who` (128 bytes are enough) and returns true. Processes that have it
 * open only for writing are ignored. Open files of other users' processes can be seen by root, or with CAP_SYS_PTRACE.
 *
 * With `certainly` the caller knows that a process has the port open. Then two more traces, which every user can see,
 * are used: a flock on it, and a command line that names it ("screen (pid 812), according to its command line").
 *
 * Reads all of /proc: a few milliseconds, not for the loop thread. */
bool port_holder_find(const char *devnode, bool certainly, char *who, size_t size) __attribute__((warn_unused_result));

/* The same with `certainly`, for a port that this process has open and locked itself: its own lock is no trace. */
bool port_intruder_find(const char *devnode, char *who, size_t size) __attribute__((warn_unused_result));

#endif
