/* SPDX-License-Identifier: MIT */
/*
 * Reading whole files: the configuration, images, stubs, the page.
 */
#ifndef DAEMON_BASE_FILE_H
#define DAEMON_BASE_FILE_H

#include <stddef.h>

/* Reads the regular file `path` (relative to the open directory `directory`, or AT_FDCWD) of at most `max` bytes.
 * Returns its bytes and one NUL behind them, allocated with malloc(), and their number in `*len`. Returns NULL with
 * errno set: EFBIG (more than `max` bytes), EISDIR (a directory), EINVAL (no regular file: a FIFO, a device),
 * EAGAIN (it was written to while it was read: its size, mtime or ctime changed), ENOMEM, or an error of open() or
 * read(). A FIFO is refused at once instead of waiting for its writer. Blocks as the file system does; safe on every
 * thread. */
char *file_read(int directory, const char *path, size_t max, size_t *len) __attribute__((warn_unused_result));

/* The errno of file_read() in words that can stand behind the file's name: "not a file", "No such file or directory".
 * Valid until the same thread calls this or strerror() again. */
const char *file_error(int error);

#endif
