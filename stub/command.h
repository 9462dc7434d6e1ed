/* SPDX-License-Identifier: MIT */
/* A request, its answer, and who makes one of the other. docs/stub-protocol.md says what each command does. */
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
    /* What remains to be done when the answer is out, or NULL. Not called after an error. */
    void (*then)(const struct request *request);
};

/* Fills `reply`, which comes zeroed but for a block's sequence number in `value`. On an error only that and
 * reply->value are sent. */
typedef enum wire_error command_fn(const struct request *request, struct reply *reply);

/* Carries out the request in a frame and answers it. What is no request is not answered. */
void command_handle(const struct frame *frame);

/* Word `i` of the data, which the caller knows to be there. */
uint32_t request_word(const struct request *request, unsigned i);

/* Checks a data block's lengths, checksum and sequence number. `*next` is the number that comes next; it moves on if
 * the block is good and new. Sets *repeated if the block is the last good one once more: to be acknowledged, not
 * applied. */
enum wire_error block_check(const struct request *request, uint32_t *next, bool *repeated);

/* memory.c */
command_fn command_read_reg, command_write_reg, command_mem_begin, command_mem_data, command_mem_end;
/* flash_read.c */
command_fn command_flash_md5, command_read_flash;

#endif
