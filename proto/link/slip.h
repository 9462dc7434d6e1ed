/* SPDX-License-Identifier: MIT */
/* SLIP framing (RFC 1055): END byte END, with END and ESC escaped in between. */
#ifndef PROTO_LINK_SLIP_H
#define PROTO_LINK_SLIP_H

#include "proto/link/check.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The largest encoding of n bytes, both END bytes included. */
#define SLIP_ENCODED_MAX(n) (2 * (n) + 2)

/* Appends the escaped form of n bytes to `out` (room for 2 * n), without END bytes. Returns the bytes written. */
size_t slip_escape(uint8_t *out, const uint8_t *bytes, size_t n);

/* Whatever stands between two END bytes is a candidate; so a decoder that starts in the middle, or that saw garbage,
 * loses one frame at most. */
struct slip_decoder {
    uint8_t *frame; /* the caller's */
    size_t size;    /* of it */
    size_t len;     /* decoded so far */
    bool escaped;
    bool damaged;  /* too long, or a wrong escape: dropped at the next END */
    bool complete; /* the frame was handed out: the next byte starts another */
};

void slip_decoder_init(struct slip_decoder *decoder, uint8_t *frame, size_t size);

/* Takes one byte. True when it ended a frame: `frame` holds `len` > 0 bytes, until the next call. */
MUST_CHECK bool slip_decode(struct slip_decoder *decoder, uint8_t byte);

#endif
