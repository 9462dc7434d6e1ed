/* SPDX-License-Identifier: MIT */
#include "tools/boardsim/board/wire/wire_frame.h"

#define END     0xc0
#define ESC     0xdb
#define ESC_END 0xdc
#define ESC_ESC 0xdd

/* It may be the beginning of the next frame too. */
static bool end(struct wire_decoder *decoder)
{
    decoder->complete = decoder->n > 0 && !decoder->damaged && !decoder->escaped;
    decoder->inside = true;
    decoder->escaped = decoder->damaged = false;
    if (!decoder->complete)
        decoder->n = 0;
    return decoder->complete;
}

bool wire_decode(struct wire_decoder *decoder, uint8_t byte)
{
    if (decoder->complete)
        decoder->n = 0;
    decoder->complete = false;
    if (byte == END)
        return end(decoder);
    if (decoder->escaped) {
        decoder->escaped = false;
        decoder->damaged |= byte != ESC_END && byte != ESC_ESC;
        byte = byte == ESC_END ? END : ESC;
    } else if (byte == ESC) {
        decoder->escaped = true;
        return false;
    }
    if (decoder->n == WIRE_FRAME_MAX)
        decoder->damaged = true;
    else if (decoder->inside)
        decoder->frame[decoder->n++] = byte;
    return false;
}

void wire_put(struct wire_output *output, uint8_t byte)
{
    if (output->n < sizeof output->bytes)
        output->bytes[output->n++] = byte;
}

void wire_encode(struct wire_output *output, const uint8_t *frame, size_t n)
{
    wire_put(output, END);
    for (size_t i = 0; i < n; i++) {
        if (frame[i] == END || frame[i] == ESC)
            wire_put(output, ESC);
        wire_put(output, frame[i] == END ? ESC_END : frame[i] == ESC ? ESC_ESC : frame[i]);
    }
    wire_put(output, END);
}
