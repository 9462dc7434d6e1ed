/* SPDX-License-Identifier: MIT */
/*
 * A process that compresses: "PROGRAM --recompress PID" with the content as a file at its standard input, and one for
 * the stream at standard output. PID is ours. gangd's is its own binary (daemon/recompress_child.h).
 */
#ifndef DAEMON_STATION_COMPRESSOR_H
#define DAEMON_STATION_COMPRESSOR_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define COMPRESSOR_OPTION "--recompress"

struct compressor {
    const char *program;
    pthread_mutex_t lock;
    bool killed;
    pid_t process; /* 0: none */
};

void compressor_init(struct compressor *compressor, const char *program);
void compressor_end(struct compressor *compressor);

/* Runs the process and waits for its end. Returns what it has written, malloc()ed, its size in `*size`; NULL, and the
 * log has the reason, if it fails or cannot be started; NULL alone if it was killed. */
uint8_t *compressor_run(struct compressor *compressor, const uint8_t *content, size_t n, size_t *size)
    __attribute__((warn_unused_result));

/* From any thread: a process at work is killed, and none is started any more. */
void compressor_kill(struct compressor *compressor);

#endif
