/* SPDX-License-Identifier: MIT */
/*
 * One direction of the serial wire. Every byte has a time and a bit length, so a receiver that runs at another baud
 * rate sees what a real one would: garbage. Bit lengths are in 1/256 of a clock cycle (LINE_BIT), times in cycles.
 */
#ifndef BOARDSIM_LINE_H
#define BOARDSIM_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/boardsim/board/line/rng.h"

#define LINE_BIT(cycles)   ((uint32_t)(cycles) << 8)
#define LINE_BITS_PER_BYTE 10u

/* One sent byte can look like this many to a receiver that is too fast: a start bit at each falling edge. */
#define LINE_SEEN_MAX 5

struct line_seen {
    uint8_t value;
    bool framing; /* there was no stop bit */
};

struct line_byte {
    uint64_t at;  /* when its stop bit has passed */
    uint32_t bit; /* length of the sender's bits */
    uint8_t value;
};

/* Probabilities for each byte, and the dice. */
struct line_noise {
    double lose, corrupt, insert;
    struct rng rng;
};

/* Bytes in the order of their times. Zero-initialised is empty; line_free() when done. */
struct serial_line {
    struct line_byte *bytes;
    size_t head, count, room;
    uint64_t free_at;    /* end of the last byte put by line_send(), in 1/256 cycles */
    uint64_t deaf_until; /* the receiver is still sampling an earlier byte until then, in 1/256 cycles */
};

void line_free(struct serial_line *line);

/* Puts a byte that is complete at `at`. If memory runs out the byte is lost, like any byte on a wire. */
void line_put(struct serial_line *line, uint64_t at, uint32_t bit, uint8_t value);

/* Puts bytes one behind the other, behind those under way, from `now` on. */
void line_send(struct serial_line *line, uint64_t now, uint32_t bit, const uint8_t *bytes, size_t n);

/* The oldest byte, or NULL. */
const struct line_byte *line_peek(const struct serial_line *line);
void line_drop(struct serial_line *line);

/* What a receiver with bits of `bit` sees of this byte. Returns how many bytes, up to LINE_SEEN_MAX. */
unsigned line_see(struct serial_line *line, const struct line_byte *byte, uint32_t bit,
                  struct line_seen seen[LINE_SEEN_MAX]);

/* What noise makes of a byte: returns 0, 1 or 2 bytes. */
unsigned line_disturb(struct line_noise *noise, uint8_t value, uint8_t out[2]);

#endif
