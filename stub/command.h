/* SPDX-License-Identifier: MIT */
/* Requests, replies and the functions that carry out commands. docs/stub-protocol.md describes each command. */
#ifndef STUB_COMMAND_H
#define STUB_COMMAND_H

#include "proto/link/wire.h"
#include "stub/frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct request {
    uint8_t op;
    uint32_t checksum;
    const uint8_t *data; /* at a multiple of 4; valid until the next frame_receive() */
    size_t size;
};

struct reply {
    uint32_t value;
    uint8_t data[32]; /* before the two status bytes */
    size_t size;
    const void *more; /* goes on behind `data`; valid until the reply has been sent */
    size_t n_more;
    /* Called after the reply has been sent, or NULL. Not called after an error. */
    void (*then)(const struct request *request);
};

/* Fills `reply`, which is all zeros at entry except for a block's sequence number in `value`. After an error only the
 * error code and reply->value are sent. */
typedef enum wire_error command_fn(const struct request *request, struct reply *reply);

/* Carries out the request in a frame and replies. A frame that is not a request is ignored. */
void command_handle(const struct frame *frame);

/* Word `i` of the data. The caller has checked that the data is long enough. */
uint32_t request_word(const struct request *request, unsigned i);

/* Checks a data block's lengths, checksum and sequence number. `*next` is the expected number; it is
 * incremented if the block is good and new. Sets *repeated if the block is the last good one again: the caller
 * acknowledges it but does not apply it. */
enum wire_error block_check(const struct request *request, uint32_t *next, bool *repeated);

/* memory.c */
command_fn command_read_reg, command_write_reg, command_mem_begin, command_mem_data, command_mem_end;
/* flash_read.c */
command_fn command_flash_md5, command_digest_sectors, command_read_flash;

#endif
