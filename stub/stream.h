/* SPDX-License-Identifier: MIT */
/*
 * The stream: numbered frames with a CRC-32 each, received in any order and passed on to the write job in theirs.
 *
 * Frames wait in slots until the write job takes them, and behind that, not yet decoded, in the UART's ring. The host
 * may send as many as both hold. A frame that is missing is seen from the ones behind it, and from polls. */
#ifndef STUB_STREAM_H
#define STUB_STREAM_H

#include "stub/command.h"

#include <stdbool.h>

/* STREAM_BEGIN: opens the stream and its write job. */
command_fn command_stream_begin;

bool stream_is_open(void);

/* Discards the stream and its job. */
void stream_close(void);

/* Takes a frame that begins with WIRE_STREAM. A damaged one is ignored. */
void stream_take(const struct frame *frame);

/* Passes data on to the write job, and tells the host what it needs to know. */
void stream_work(void);

/* Whether there is room for another frame. */
bool stream_takes_frame(void);

#endif
