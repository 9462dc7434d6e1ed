/* SPDX-License-Identifier: MIT */
/* The stub's main loop, in front of a UART of two arrays: what stub/stream.c is tested with. */
#ifndef TESTS_UNIT_STUB_STREAM_FAKE_H
#define TESTS_UNIT_STUB_STREAM_FAKE_H

#include "proto/link/bytes.h"
#include "proto/link/slip.h"
#include "stub/cpu.h"
#include "stub/crc32.h"
#include "stub/flash_write.h"
#include "stub/frame.h"
#include "stub/stream.h"
#include "stub/uart.h"
#include "tests/unit/stub/spi_fake.h"

/* Bytes on their way to the stub, and from it. */
static struct {
    uint8_t in[4 * UART_RING], out[1 << 16];
    size_t n_in, at_in, n_out;
    size_t most_waiting; /* bytes that the ring has had to hold */
    uint32_t cycles;
} line;

uint32_t cpu_cycles(void)
{
    return line.cycles += 500;
}

size_t uart_get(uint8_t *bytes, size_t n)
{
    n = n < line.n_in - line.at_in ? n : line.n_in - line.at_in;
    memcpy(bytes, line.in + line.at_in, n);
    line.at_in += n;
    if (line.at_in == line.n_in)
        line.at_in = line.n_in = 0;
    return n;
}

bool uart_has_bytes(void)
{
    return line.at_in < line.n_in;
}

void uart_put(uint8_t byte)
{
    if (line.n_out < sizeof(line.out))
        line.out[line.n_out++] = byte;
}

uint32_t request_word(const struct request *request, unsigned i)
{
    return get_le32(request->data + (size_t)4 * i);
}

static void put_on_line(const uint8_t *bytes, size_t n)
{
    if (line.n_in + n > sizeof(line.in)) {
        memmove(line.in, line.in + line.at_in, line.n_in - line.at_in);
        line.n_in -= line.at_in;
        line.at_in = 0;
    }
    memcpy(line.in + line.n_in, bytes, n);
    line.n_in += n;
    size_t waiting = line.n_in - line.at_in;
    line.most_waiting = waiting > line.most_waiting ? waiting : line.most_waiting;
}

/* A frame of a stream; without payload a poll. `damage` is added to its CRC. */
static void send_to_stub(uint32_t number, uint8_t poll, const uint8_t *payload, size_t n, uint32_t damage)
{
    uint8_t frame[WIRE_STREAM_HEADER_SIZE + WIRE_STREAM_PAYLOAD + WIRE_CRC_SIZE] = {WIRE_STREAM, poll};
    static uint8_t sum[sizeof(frame)] __attribute__((aligned(4)));
    uint8_t wire[SLIP_ENCODED_MAX(sizeof(frame))] = {SLIP_END};
    put_le16(frame + 2, (uint16_t)number);
    if (n > 0)
        memcpy(frame + WIRE_STREAM_HEADER_SIZE, payload, n);
    n += WIRE_STREAM_HEADER_SIZE;
    memcpy(sum, frame, n);
    put_le32(frame + n, crc32_of(sum, n) + damage);
    size_t len = 1 + slip_escape(wire + 1, frame, n + WIRE_CRC_SIZE);
    wire[len++] = SLIP_END;
    put_on_line(wire, len);
}

/* One turn of stub/start.c's loop, without its sleep. Returns false if there was nothing to do. */
static bool turn(void)
{
    bool running = spi_running() && !flash_write_finished();
    bool began = flash_write_operate();
    stream_work();
    bool takes = stream_is_open() ? stream_takes_frame() : flash_write_takes_data();
    if (!takes || !frame_pending())
        return flash_write_compute() || began || running;
    const struct frame *frame = frame_receive();
    if (frame && frame->bytes[0] == WIRE_STREAM)
        stream_take(frame);
    return true;
}

static enum wire_error begin_stream(uint32_t offset, uint32_t size, uint32_t flags, struct reply *reply)
{
    static uint8_t words[12] __attribute__((aligned(4)));
    put_le32(words, offset);
    put_le32(words + 4, size);
    put_le32(words + 8, flags);
    *reply = (struct reply){0};
    return command_stream_begin(&(struct request){.op = WIRE_STREAM_BEGIN, .data = words, .size = 12}, reply);
}

#endif
