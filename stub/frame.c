/* SPDX-License-Identifier: MIT */
#include "stub/frame.h"

#include "stub/uart.h"

#include <stdbool.h>

static uint8_t buffer[FRAME_MAX] __attribute__((aligned(4)));
static struct frame frame;
static size_t size; /* of the frame being received */
static size_t limit;
static bool inside, escaped, given_back;

/* Bytes taken from the UART and not yet processed. */
static uint8_t raw[FRAME_SLICE];
static const uint8_t *raw_at, *raw_end;

static void store(uint8_t byte)
{
    if (size < limit)
        buffer[size] = byte;
    if (size <= limit)
        size++;
}

/* Returns true when `byte`, which is not an ordinary one, completes a frame. */
static bool take_special(uint8_t byte)
{
    if (byte == SLIP_END) {
        frame = (struct frame){buffer, size};
        /* The end of one frame may be the beginning of the next. */
        inside = true;
        escaped = false;
        size = 0;
        return frame.size > 0;
    }
    if (!inside)
        return false;
    if (escaped) {
        escaped = false;
        if (byte == SLIP_ESC_END)
            store(SLIP_END);
        else if (byte == SLIP_ESC_ESC)
            store(SLIP_ESC);
        else
            size = limit + 1;
    } else if (byte == SLIP_ESC) {
        escaped = true;
    } else {
        store(byte);
    }
    return false;
}

/* Stores the ordinary bytes up to the next special one. */
static void take_ordinary(void)
{
    const uint8_t *at = raw_at, *end = raw_end;
    uint8_t *to = buffer + size;
    if ((size_t)(end - at) > limit - size)
        end = at + limit - size;
    while (at != end && *at != SLIP_END && *at != SLIP_ESC)
        *to++ = *at++;
    size += (size_t)(at - raw_at);
    raw_at = at;
}

const struct frame *frame_receive(void)
{
    if (given_back) {
        given_back = false;
        return &frame;
    }
    if (raw_at == raw_end) {
        raw_at = raw;
        raw_end = raw + uart_get(raw, sizeof(raw));
    }
    while (raw_at != raw_end) {
        if (inside && !escaped && size < limit)
            take_ordinary();
        if (raw_at != raw_end && take_special(*raw_at++))
            return &frame;
    }
    return NULL;
}

#define SPARE (WIRE_STREAM_HEADER_SIZE + WIRE_STREAM_PAYLOAD + WIRE_CRC_SIZE)
_Static_assert(SPARE % 4 == 0 && SPARE + STREAM_SLOTS * WIRE_STREAM_PAYLOAD <= FRAME_MAX, "too many slots");

void frame_limit(size_t n)
{
    limit = n;
    if (size > limit)
        size = limit + 1;
}

uint8_t *frame_spare(void)
{
    return buffer + SPARE;
}

bool frame_pending(void)
{
    return given_back || raw_at != raw_end || uart_has_bytes();
}

void frame_give_back(void)
{
    given_back = true;
}

void frame_begin(void)
{
    uart_put(SLIP_END);
}

void frame_add(const void *bytes, size_t n)
{
    for (const uint8_t *byte = bytes, *end = byte + n; byte != end; byte++) {
        if (*byte == SLIP_END || *byte == SLIP_ESC) {
            uart_put(SLIP_ESC);
            uart_put(*byte == SLIP_END ? SLIP_ESC_END : SLIP_ESC_ESC);
        } else {
            uart_put(*byte);
        }
    }
}

void frame_end(void)
{
    uart_put(SLIP_END);
}

void frame_send(const void *bytes, size_t n)
{
    frame_begin();
    frame_add(bytes, n);
    frame_end();
}
