/* SPDX-License-Identifier: MIT */
#include "proto/link/slip.h"

#include "proto/link/wire.h"

#include <string.h>

/* The next `value` from `at` on; `end` if there is none. */
static const uint8_t *find(const uint8_t *at, const uint8_t *end, uint8_t value)
{
    const uint8_t *found = at < end ? memchr(at, value, (size_t)(end - at)) : NULL;
    return found ? found : end;
}

/* By stretches: only one byte in 128 of deflated data needs an escape, and libc finds it many bytes at a time. */
size_t slip_escape(uint8_t *out, const uint8_t *bytes, size_t n)
{
    uint8_t *start = out;
    if (n == 0)
        return 0; /* `bytes` may be NULL */
    const uint8_t *end = bytes + n, *next_end = find(bytes, end, SLIP_END), *next_esc = find(bytes, end, SLIP_ESC);
    for (const uint8_t *at = bytes; at < end; at++) {
        const uint8_t *stop = next_end < next_esc ? next_end : next_esc;
        memcpy(out, at, (size_t)(stop - at));
        out += stop - at;
        at = stop;
        if (at == end)
            break;
        *out++ = SLIP_ESC;
        *out++ = *at == SLIP_END ? SLIP_ESC_END : SLIP_ESC_ESC;
        if (at == next_end)
            next_end = find(at + 1, end, SLIP_END);
        else
            next_esc = find(at + 1, end, SLIP_ESC);
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
