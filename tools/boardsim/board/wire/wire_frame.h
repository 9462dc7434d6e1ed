/* SPDX-License-Identifier: MIT */
/* Frames of a wire-level board: SLIP, as docs/esp8266.md section 2 has it, and little-endian numbers. */
#ifndef BOARDSIM_WIRE_FRAME_H
#define BOARDSIM_WIRE_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest is a MEM_DATA request to the ROM: 8 + 16 + 0x1800. */
#define WIRE_FRAME_MAX 6168

/* Zero-initialised: outside of frames. */
struct wire_decoder {
    uint8_t frame[WIRE_FRAME_MAX];
    size_t n;
    bool inside, escaped, damaged, complete;
};

/* True if this byte has completed a frame, which is valid until the next byte. */
bool wire_decode(struct wire_decoder *decoder, uint8_t byte);

/* What the board has said and not yet sent. What there is no room for is lost, as in a UART that is not read. */
struct wire_output {
    uint8_t bytes[2048];
    size_t n;
};

void wire_put(struct wire_output *output, uint8_t byte);
void wire_encode(struct wire_output *output, const uint8_t *frame, size_t n);

static inline uint32_t wire_word(const uint8_t *bytes)
{
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static inline uint16_t wire_half(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] | bytes[1] << 8);
}

static inline void wire_set_half(uint8_t *bytes, uint32_t value)
{
    bytes[0] = (uint8_t)value;
    bytes[1] = (uint8_t)(value >> 8);
}

static inline void wire_set_word(uint8_t *bytes, uint32_t value)
{
    wire_set_half(bytes, value);
    wire_set_half(bytes + 2, value >> 16);
}

#endif
