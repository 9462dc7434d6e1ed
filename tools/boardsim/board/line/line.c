/* SPDX-License-Identifier: MIT */
#include "tools/boardsim/board/line/line.h"

#include <stdlib.h>

/* Within this of each other two rates agree in all ten bits, whatever the byte: half a bit in ten, less a margin. */
#define TOLERANCE_PERCENT 4u

void line_free(struct serial_line *line)
{
    free(line->bytes);
    *line = (struct serial_line){0};
}

static bool grow(struct serial_line *line)
{
    size_t room = line->room ? line->room * 2 : 256;
    struct line_byte *bytes = malloc(room * sizeof *bytes);

    if (!bytes)
        return false;
    for (size_t i = 0; i < line->count; i++)
        bytes[i] = line->bytes[(line->head + i) & (line->room - 1)];
    free(line->bytes);
    line->bytes = bytes;
    line->head = 0;
    line->room = room;
    return true;
}

void line_put(struct serial_line *line, uint64_t at, uint32_t bit, uint8_t value)
{
    if (line->count == line->room && !grow(line))
        return;
    line->bytes[(line->head + line->count++) & (line->room - 1)] = (struct line_byte){at, bit, value};
}

void line_send(struct serial_line *line, uint64_t now, uint32_t bit, const uint8_t *bytes, size_t n)
{
    if (line->free_at < now << 8)
        line->free_at = now << 8;
    for (size_t i = 0; i < n; i++) {
        line->free_at += (uint64_t)bit * LINE_BITS_PER_BYTE;
        line_put(line, (line->free_at + 255) >> 8, bit, bytes[i]);
    }
}

const struct line_byte *line_peek(const struct serial_line *line)
{
    return line->count ? &line->bytes[line->head] : NULL;
}

void line_drop(struct serial_line *line)
{
    line->head = (line->head + 1) & (line->room - 1);
    line->count--;
}

/* The level of the wire `t` after the falling edge of a byte's start bit; idle is high. */
static bool level(uint8_t value, uint32_t bit, uint64_t t)
{
    uint64_t index = t / bit;

    return index >= 9 || (index > 0 && (value >> (index - 1) & 1));
}

unsigned line_see(struct serial_line *line, const struct line_byte *byte, uint32_t bit,
                  struct line_seen seen[LINE_SEEN_MAX])
{
    uint32_t sent = byte->bit;
    uint32_t difference = sent > bit ? sent - bit : bit - sent;
    uint64_t begin = (byte->at << 8) - (uint64_t)sent * LINE_BITS_PER_BYTE;
    uint64_t t = 0;
    unsigned n = 0;

    if ((uint64_t)difference * 100 <= (uint64_t)bit * TOLERANCE_PERCENT) {
        seen[0] = (struct line_seen){byte->value, false};
        return 1;
    }
    if (begin < line->deaf_until)
        t = line->deaf_until - begin;
    for (;;) {
        uint8_t value = 0;

        while (t < 9 * (uint64_t)sent && level(byte->value, sent, t))
            t = (t / sent + 1) * sent;
        if (t >= 9 * (uint64_t)sent || n == LINE_SEEN_MAX)
            return n;
        for (unsigned i = 0; i < 8; i++)
            value |= (uint8_t)(level(byte->value, sent, t + (uint64_t)bit * (2 * i + 3) / 2) << i);
        t += (uint64_t)bit * 19 / 2;
        seen[n++] = (struct line_seen){value, !level(byte->value, sent, t)};
        line->deaf_until = begin + t;
        /* A receiver that found no stop bit waits for the line to rise before it looks for the next start. */
        while (t < 9 * (uint64_t)sent && !level(byte->value, sent, t))
            t = (t / sent + 1) * sent;
    }
}

unsigned line_disturb(struct line_noise *noise, uint8_t value, uint8_t out[2])
{
    unsigned n = 0;

    if (noise->lose > 0 && rng_unit(&noise->rng) < noise->lose)
        return 0;
    if (noise->corrupt > 0 && rng_unit(&noise->rng) < noise->corrupt)
        value ^= (uint8_t)(1u << (rng_next(&noise->rng) & 7));
    out[n++] = value;
    if (noise->insert > 0 && rng_unit(&noise->rng) < noise->insert)
        out[n++] = (uint8_t)rng_next(&noise->rng);
    return n;
}
