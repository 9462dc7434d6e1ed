/* SPDX-License-Identifier: MIT */
#ifndef DAEMON_BASE_WRITE_ALL_H
#define DAEMON_BASE_WRITE_ALL_H

#include <stdbool.h>
#include <stddef.h>

/* Writes all `n` bytes to a blocking descriptor, in as many calls as that takes. False with errno: some may be
 * written. */
bool write_all(int fd, const void *bytes, size_t n) __attribute__((warn_unused_result));

#endif
