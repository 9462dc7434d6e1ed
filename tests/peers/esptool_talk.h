/* SPDX-License-Identifier: MIT */
/*
 * Talking to a virtual board as esptool does, through a stub of esptool's, in virtual time. One block of 16 KB is in
 * flight; the adapter and the host cost ESPTOOL_TURN_MS a block (a full-speed USB adapter answers in one frame of 1 ms;
 * slicing, checksum and framing of 16 KB take Python about 2 ms). */
#ifndef TESTS_PEERS_ESPTOOL_TALK_H
#define TESTS_PEERS_ESPTOOL_TALK_H

#include "proto/image/stub_image.h"
#include "tests/unit/boardsim/board_talk.h"

#define ESPTOOL_BLOCK   0x4000u
#define ESPTOOL_TURN_MS 3

enum {
    MEM_BEGIN = 0x05,
    MEM_END = 0x06,
    MEM_DATA = 0x07,
    READ_REG = 0x0a,
    CHANGE_BAUD = 0x0f,
    DEFL_BEGIN = 0x10,
    DEFL_DATA = 0x11
};

/* Uploads the stub to a loader that listens at 115200, and goes on at `rate`. */
static inline void esptool_start(const struct stub_image *stub, uint32_t rate)
{
    uint8_t frame[64];
    size_t n;

    for (size_t s = 0; s < stub->n_segments; s++) {
        const struct stub_segment *segment = &stub->segments[s];
        const uint32_t block = segment->block, count = (segment->size + block - 1) / block;

        must(ask(MEM_BEGIN, (const uint32_t[4]){segment->size, count, block, segment->address}, 16));
        for (uint32_t i = 0; i < count; i++) {
            uint32_t left = segment->size - i * block;

            must(ask_data(MEM_DATA, i, segment->bytes + (size_t)i * block, left < block ? left : block, 0));
        }
    }
    must(ask(MEM_END, (const uint32_t[2]){0, stub->entry}, 8));
    pass(50 * MS);
    ck_assert(next_frame(frame, sizeof frame, &n));
    ck_assert_uint_eq(n, 4);
    ck_assert_mem_eq(frame, "OHAI", 4);
    if (rate == 115200)
        return;
    must(ask(CHANGE_BAUD, (const uint32_t[2]){rate, 115200}, 8));
    baud = rate;
    pass(50 * MS);
}

/* Writes an image of `size` bytes to offset 0, and waits until it is in flash. Returns when the first block was sent.
 */
static inline uint64_t esptool_write(uint32_t size, const uint8_t *deflated, uint32_t deflated_size)
{
    uint32_t count = (deflated_size + ESPTOOL_BLOCK - 1) / ESPTOOL_BLOCK;
    uint64_t begun;
    static uint8_t data[16 + ESPTOOL_BLOCK];

    must(ask(DEFL_BEGIN, (const uint32_t[4]){size, count, ESPTOOL_BLOCK, 0}, 16));
    begun = now;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t left = deflated_size - i * ESPTOOL_BLOCK, n = left < ESPTOOL_BLOCK ? left : ESPTOOL_BLOCK;

        memcpy(data, (const uint32_t[4]){n, i, 0, 0}, 16);
        memcpy(data + 16, deflated + (size_t)i * ESPTOOL_BLOCK, n);
        must(ask_with(DEFL_DATA, xor_of(data + 16, n), data, 16 + n));
        pass(ESPTOOL_TURN_MS * MS);
    }
    must(ask(READ_REG, (const uint32_t[1]){0x40001000}, 4));
    return begun;
}

#endif
