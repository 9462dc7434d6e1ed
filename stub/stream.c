/* SPDX-License-Identifier: MIT */
#include "stub/stream.h"

#include "stub/bytes.h"
#include "stub/cpu.h"
#include "stub/crc32.h"
#include "stub/flash_digest.h"
#include "stub/flash_write.h"
#include "stub/uart.h"

#define FRAME_SIZE_MAX (WIRE_STREAM_HEADER_SIZE + WIRE_STREAM_PAYLOAD + WIRE_CRC_SIZE)

/* The UART's ring holds so many frames even if each byte of them is escaped. */
#define RING_FRAMES (UART_RING / (2 * FRAME_SIZE_MAX + 1))

/* A status is sent when the host may send so many frames more than it knows of, */
#define TELL_FRAMES 4
/* and when it has not been told anything for so many cycles, about 0.1 s: copies and erases take no frames for seconds,
 * and a poll may have to wait in the ring behind other frames. */
#define TELL_CYCLES (6u << 20)

#define BEGIN_WORDS 3

static struct {
    bool open;
    uint32_t taken, next;         /* frames that the job has taken; frames received without a gap */
    bool reading;                 /* the job works on slot `taken` */
    bool held;                    /* a frame that was given back waits for a slot */
    uint16_t sizes[STREAM_SLOTS]; /* of the frame in each slot; 0: empty */
    uint8_t poll;
    uint32_t told_limit, told_at; /* the latest status; CCOUNT */
    bool told_end;
} stream;

static uint8_t *slot(uint32_t number)
{
    return frame_spare() + number % STREAM_SLOTS * WIRE_STREAM_PAYLOAD;
}

static uint16_t *slot_size(uint32_t number)
{
    return &stream.sizes[number % STREAM_SLOTS];
}

static uint32_t limit(void)
{
    return stream.taken + STREAM_SLOTS + RING_FRAMES;
}

static uint32_t received(void)
{
    uint32_t bits = 0;
    for (uint32_t number = stream.next + 1; number < stream.taken + STREAM_SLOTS; number++)
        if (*slot_size(number) > 0)
            bits |= 1u << (number - stream.next - 1);
    return bits;
}

static void send_status(void)
{
    static uint8_t status[WIRE_STATUS_SIZE] __attribute__((aligned(4)));
    bool done = flash_write_verified();
    status[0] = WIRE_STREAM;
    status[WIRE_STATUS_ERROR] = (uint8_t)flash_write_state(true);
    put_16(status + WIRE_STATUS_NEXT, stream.next);
    put_16(status + WIRE_STATUS_LIMIT, limit());
    status[WIRE_STATUS_POLL] = stream.poll;
    status[WIRE_STATUS_STATE] = done ? WIRE_STREAM_DONE : WIRE_STREAM_RUNNING;
    put_32(status + WIRE_STATUS_RECEIVED, received());
    put_32(status + WIRE_STATUS_ERASED, flash_write_erased());
    put_32(status + WIRE_STATUS_WRITTEN, flash_write_written());
    put_32(status + WIRE_STATUS_VERIFIED, digest_at());
    for (unsigned i = 0; i < 16; i++)
        status[WIRE_STATUS_MD5 + i] = done ? digest_result()[i] : 0;
    put_32(status + WIRE_STATUS_SIZE - WIRE_CRC_SIZE, crc32_of(status, WIRE_STATUS_SIZE - WIRE_CRC_SIZE));
    frame_send(status, sizeof(status));
    stream.told_limit = limit();
    stream.told_at = cpu_cycles();
}

bool stream_is_open(void)
{
    return stream.open;
}

void stream_close(void)
{
    if (!stream.open)
        return;
    stream.open = false;
    frame_limit(FRAME_MAX);
    flash_write_close();
}

enum wire_error command_stream_begin(const struct request *request, struct reply *reply)
{
    stream_close();
    enum wire_error error =
        flash_write_begin_planned(request_word(request, 0), request_word(request, 1), request_word(request, 2));
    if (error != WIRE_OK)
        return error;
    stream = (typeof(stream)){.open = true};
    frame_limit(FRAME_SIZE_MAX);
    stream.told_limit = limit();
    stream.told_at = cpu_cycles();
    reply->value = limit();
    for (unsigned i = 0; i < BEGIN_WORDS; i++)
        put_32(reply->data + 4 * i, request_word(request, i));
    reply->size = 4 * BEGIN_WORDS;
    return WIRE_OK;
}

/* Stores a good frame's payload, unless it is here already or there is no slot for it. */
static void store(uint32_t number, const uint8_t *payload, size_t n)
{
    if (number < stream.next || number >= stream.taken + STREAM_SLOTS || *slot_size(number) > 0)
        return;
    uint8_t *to = slot(number);
    for (size_t i = 0; i < n; i += 4)
        *(uint32_t *)(to + i) = *(const uint32_t *)(payload + i);
    *slot_size(number) = (uint16_t)n;
    while (stream.next < stream.taken + STREAM_SLOTS && *slot_size(stream.next) > 0)
        stream.next++;
}

void stream_take(const struct frame *frame)
{
    const uint8_t *bytes = frame->bytes;
    if (!stream.open || frame->size < WIRE_STREAM_HEADER_SIZE + WIRE_CRC_SIZE || frame->size > FRAME_SIZE_MAX)
        return;
    size_t n = frame->size - WIRE_CRC_SIZE;
    if (crc32_of(bytes, n) != get_32(bytes + n))
        return;
    uint32_t number = get_16(bytes + 2), next = stream.next;
    bool poll = bytes[1] != 0;
    if (poll)
        stream.poll = bytes[1];
    n -= WIRE_STREAM_HEADER_SIZE;
    /* While the job still has data before a gap, it will make room for the frames behind the gap. */
    if (n > 0 && number >= stream.taken + STREAM_SLOTS && stream.taken < stream.next && !stream.told_end) {
        frame_give_back();
        stream.held = true;
        return;
    }
    if (n > 0)
        store(number, bytes + WIRE_STREAM_HEADER_SIZE, n);
    if (poll || (n > 0 && number > next))
        send_status();
}

/* Gives the job, which has used up what it had, the next frame. */
static void feed(void)
{
    if (stream.reading) {
        stream.reading = false;
        *slot_size(stream.taken) = 0;
        stream.taken++;
        stream.held = false;
    }
    if (stream.taken < stream.next) {
        stream.reading = true;
        flash_write_data(slot(stream.taken), *slot_size(stream.taken));
    }
}

void stream_work(void)
{
    if (!stream.open || stream.told_end)
        return;
    if (flash_write_state(true) != WIRE_OK || flash_write_verified()) {
        stream.told_end = true;
        send_status();
        return;
    }
    if (flash_write_takes_data())
        feed();
    if (limit() >= stream.told_limit + TELL_FRAMES || cpu_cycles() - stream.told_at > TELL_CYCLES)
        send_status();
}

bool stream_takes_frame(void)
{
    return stream.told_end || (!stream.held && stream.next < stream.taken + STREAM_SLOTS);
}
