/* SPDX-License-Identifier: MIT */
/*
 * Inflates a zlib stream (RFC 1950, RFC 1951) whose input arrives in pieces and whose output is produced in pieces.
 *
 * The 32 KB window to which matches of such a stream may refer is also the output buffer: each call runs until a
 * stretch of at most INFLATE_STRETCH bytes is ready there, or until it needs more input. Nothing is allocated. Accepts
 * and refuses the same streams as zlib; preset dictionaries are refused. */
#ifndef STUB_INFLATE_H
#define STUB_INFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INFLATE_WINDOW 32768
/* Divides INFLATE_WINDOW, so that a stretch never wraps. It is short because the flash part programs one stretch while
 * the next is inflated. */
#define INFLATE_STRETCH 64

enum inflate_status {
    INFLATE_WANTS_INPUT, /* all input is used up */
    INFLATE_HAS_OUTPUT,  /* the stretch is full: call again, perhaps with input left */
    INFLATE_DONE,        /* the stream has ended and its checksum is right; further input is not touched */
    INFLATE_BROKEN,      /* not a zlib stream, or a wrong checksum; final */
};

/* Codes of up to this length are looked up in one step. */
#define INFLATE_FAST_BITS 9
#define INFLATE_MAX_BITS  15
#define INFLATE_SYMBOLS   288

struct inflate_code {
    uint16_t fast[1 << INFLATE_FAST_BITS]; /* by the next bits of the stream: symbol << 4 | length; 0: a longer code */
    uint16_t count[INFLATE_MAX_BITS + 1];  /* codes of each length */
    uint16_t symbols[INFLATE_SYMBOLS];     /* in the order of their codes */
};

struct inflate {
    uint8_t window[INFLATE_WINDOW];
    uint32_t produced; /* bytes of output so far, modulo 2^32: the write position in the window too */
    uint32_t summed;   /* how many of them are in the Adler-32 sums */

    const uint8_t *in, *in_end; /* during a call */
    uint32_t hold;              /* bits taken from the input and not yet used, the next one lowest */
    unsigned n_hold;

    int state;
    bool last_block;
    bool window_is_full; /* `produced` may have wrapped */
    uint32_t adler_a, adler_b;

    unsigned length, distance; /* of the present match; length also of a stored block */
    unsigned symbol;
    unsigned n_literal, n_distance, n_lengths, at_length; /* of the code lengths being read */
    uint8_t lengths[320];
    struct inflate_code literal_code, distance_code;
};

void inflate_start(struct inflate *z);

/* Continues with the input from *in to `end` and advances *in over the input used. Unless INFLATE_BROKEN is returned,
 * `*out` and `*n_out` are the bytes that this call has produced. They are valid until the next call; n_out may be 0. */
enum inflate_status inflate_run(struct inflate *z, const uint8_t **in, const uint8_t *end, const uint8_t **out,
                                size_t *n_out);

#endif
