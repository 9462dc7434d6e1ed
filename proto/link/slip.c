/* SPDX-License-Identifier: MIT */
#include "proto/link/slip.h"

#include "proto/link/wire.h"

size_t slip_escape(uint8_t *out, const uint8_t *bytes, size_t n)
{
    uint8_t *start = out;
    for (size_t i = 0; i < n; i++) {
        if (bytes[i] == SLIP_END) {
            *out++ = SLIP_ESC;
            *out++ = SLIP_ESC_END;
        } else if (bytes[i] == SLIP_ESC) {
            *out++ = SLIP_ESC;
            *out++ = SLIP_ESC_ESC;
        } else {
            *out++ = bytes[i];
        }
    }
    return (size_t)(out - start);
}

static void start_frame(struct slip_decoder *decoder)
{
    decoder->len = 0;
    decoder->escaped = false;
    decoder->damaged = false;
    decoder->complete = false;
}

void slip_decoder_init(struct slip_decoder *decoder, uint8_t *frame, size_t size)
{
    decoder->frame = frame;
    decoder->size = size;
    start_frame(decoder);
}

static bool unescape(uint8_t *byte)
{
    if (*byte == SLIP_ESC_END)
        *byte = SLIP_END;
    else if (*byte == SLIP_ESC_ESC)
        *byte = SLIP_ESC;
    else
        return false;
    return true;
}

bool slip_decode(struct slip_decoder *decoder, uint8_t byte)
{
    if (decoder->complete)
        start_frame(decoder);

    if (byte == SLIP_END) {
        decoder->complete = decoder->len > 0 && !decoder->damaged && !decoder->escaped;
        if (!decoder->complete)
            start_frame(decoder);
        return decoder->complete;
    }
    if (decoder->escaped) {
        decoder->escaped = false;
        if (!unescape(&byte))
            decoder->damaged = true;
    } else if (byte == SLIP_ESC) {
        decoder->escaped = true;
        return false;
    }
    if (decoder->len == decoder->size)
        decoder->damaged = true;
    else
        decoder->frame[decoder->len++] = byte;
    return false;
}
