/* SPDX-License-Identifier: MIT */
/* SLIP frames: requests in, replies out. */
#ifndef STUB_FRAME_H
#define STUB_FRAME_H

#include "proto/link/wire.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_MAX (WIRE_HEADER_SIZE + WIRE_DATA_HEADER_SIZE + WIRE_FLASH_BLOCK)

/* A frame received. `bytes` begins at a multiple of 4. */
struct frame {
    const uint8_t *bytes;
    size_t size; /* never 0; more than the limit: too long or badly escaped, and cut off */
};

/* Processes up to FRAME_SLICE of the bytes that the UART has received. Returns the next frame, or NULL if it is not
 * complete yet. The frame is valid until the next call. Bytes outside of frames and empty frames are skipped. */
#define FRAME_SLICE 32
const struct frame *frame_receive(void);

/* Whether frame_receive() has something to process. */
bool frame_pending(void);

/* Makes the next frame_receive() return the latest frame again, because another caller has to process it. */
void frame_give_back(void);

/* Longer frames are cut off from now on. Before the first frame_receive() too, with FRAME_MAX. A limit of
 * WIRE_STREAM_HEADER_SIZE + WIRE_STREAM_PAYLOAD + WIRE_CRC_SIZE leaves memory for STREAM_SLOTS payloads free in the
 * buffer: frame_spare(), a multiple of 4. */
void frame_limit(size_t n);
#define STREAM_SLOTS 15
uint8_t *frame_spare(void);

/* A frame is sent in pieces: begin, any number of adds, end. */
void frame_begin(void);
void frame_add(const void *bytes, size_t n);
void frame_end(void);

void frame_send(const void *bytes, size_t n);

#endif
