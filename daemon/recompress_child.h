/* SPDX-License-Identifier: MIT */
/*
 * The process that compresses for daemon/station/recompress.h, in gangd's own binary: "gangd --recompress PID" reads
 * all of the regular file at its standard input and writes a zlib stream of it, by zopfli, to standard output.
 */
#ifndef DAEMON_RECOMPRESS_CHILD_H
#define DAEMON_RECOMPRESS_CHILD_H

/* Works at the lowest priority, is the first to go when memory runs out, and dies with the thread that started it,
 * which is of process `parent`, a number. Returns the exit status: 0, or 1 after a sentence on standard error. zopfli
 * itself exits when out of memory. */
int recompress_child(const char *parent) __attribute__((warn_unused_result));

#endif
