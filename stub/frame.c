/* SPDX-License-Identifier: MIT */
#include "stub/frame.h"

#include "stub/uart.h"

#include <stdbool.h>

static uint8_t buffer[FRAME_MAX] __attribute__((aligned(4)));
static struct frame frame = {.bytes = buffer};
static size_t size; /* of the frame being received */
static bool inside, escaped, given_back;

static void store(uint8_t byte)
{
    if (size < FRAME_MAX)
        buffer[size] = byte;
    if (size <= FRAME_MAX)
        size++;
}

/* Returns true when `byte` completes a frame. */
static bool take(uint8_t byte)
{
    if (byte == SLIP_END) {
        frame.size = size;
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
            size = FRAME_MAX + 1;
    } else if (byte == SLIP_ESC) {
        escaped = true;
    } else {
        store(byte);
    }
    return false;
}

const struct frame *frame_receive(void)
{
    if (given_back) {
        given_back = false;
        return &frame;
    }
    for (int byte; (byte = uart_get()) >= 0;)
        if (take((uint8_t)byte))
            return &frame;
    return NULL;
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
