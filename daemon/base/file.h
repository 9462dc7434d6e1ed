/* SPDX-License-Identifier: MIT */
/*
 * Reading whole files and directories: the configuration, images, stubs, the page. A file may lie on a network share
 * whose server is gone, where each call waits in the kernel for ever. So these calls work on a thread of their own, and
 * end with ETIMEDOUT when nothing has come for FILE_PATIENCE_SECONDS; the thread is left behind. Safe on every thread.
 */
#ifndef DAEMON_BASE_FILE_H
#define DAEMON_BASE_FILE_H

#include <stddef.h>

#define FILE_PATIENCE_SECONDS 10
extern unsigned file_patience_ms; /* the same; for tests, which need not be that patient */

/* Reads the regular file `path` of at most `max` bytes. Returns its bytes and one NUL behind them, allocated with
 * malloc(), and their number in `*len`. Returns NULL with errno set: EFBIG (more than `max` bytes), EISDIR (a
 * directory), EINVAL (no regular file: a FIFO, a device), EAGAIN (it was written to while it was read: its size, mtime
 * or ctime changed), ETIMEDOUT, ENOMEM, or an error of open() or read(). A FIFO is refused at once instead of waiting
 * for its writer. */
char *file_read(const char *path, size_t max, size_t *len) __attribute__((warn_unused_result));

/* The same for any file, also a pipe or a device, which is read to its end. */
char *file_read_any(const char *path, size_t max, size_t *len) __attribute__((warn_unused_result));

/* The names in the directory `path`, in no order, each with a NUL behind it; those that begin with '.' are left out.
 * Allocated, with errno, as above; EFBIG: more than `max` bytes. */
char *file_list(const char *path, size_t max, size_t *len) __attribute__((warn_unused_result));

/* access(2): 0 or an error's number. */
int file_access(const char *path, int mode) __attribute__((warn_unused_result));

/* An error of these calls in words that can stand behind the file's name: "not a file", "No such file or directory".
 * Valid until the same thread calls this or strerror() again. */
const char *file_error(int error);

#endif
