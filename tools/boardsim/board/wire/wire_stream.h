/* SPDX-License-Identifier: MIT */
/*
 * A stream (docs/stub-protocol.md) as a wire-level board takes it: each frame is inflated and put into the flash as it
 * comes, so none ever waits. Frames behind a gap are discarded, and are sent again.
 */
#ifndef BOARDSIM_WIRE_STREAM_H
#define BOARDSIM_WIRE_STREAM_H

#include "tools/boardsim/board/wire/wire_flash.h"

#include <stddef.h>
#include <zlib.h>

#define WIRE_STREAM_STATUS 44

/* Zero-initialised: none is open. */
struct wire_stream {
    struct wire_flash *flash;
    bool open;
    uint32_t offset, size;
    uint32_t sectors, at; /* of the region: all; those that are done */
    z_stream zlib;
    bool zlib_ended;
    uint8_t *plan;
    uint32_t plan_size, plan_used; /* bytes */
    uint8_t sector[WIRE_SECTOR];   /* the content that is coming */
    uint32_t sector_used;
    uint32_t next;       /* number of the data frame that is expected */
    uint32_t told_limit; /* in the latest status, or the reply */
    uint8_t error, poll;
    MD5_CTX md5;
    uint8_t digest[MD5_DIGEST_LENGTH];
};

/* Opens a stream into `flash` by the three words of STREAM_BEGIN, and closes any other. Returns the error of its reply;
 * 0: `*limit` is the value. */
uint8_t wire_stream_open(struct wire_stream *stream, struct wire_flash *flash, const uint32_t words[3],
                         uint32_t *limit);
void wire_stream_close(struct wire_stream *stream);

/* Takes a frame of the stream. True if a status is to be sent for it. */
bool wire_stream_take(struct wire_stream *stream, const uint8_t *frame, size_t n);
/* Whether it works on, and sends a status now and then. */
bool wire_stream_running(const struct wire_stream *stream);
void wire_stream_status(struct wire_stream *stream, uint8_t status[WIRE_STREAM_STATUS]);

#endif
