/* SPDX-License-Identifier: MIT */
/*
 * A flasher stub to be uploaded, from the JSON form that esptool uses: {"text": base64, "text_start": address,
 * "data": base64, "data_start": address, "entry": address}, with "bss_start" allowed and more keys ignored.
 */
#ifndef PROTO_IMAGE_STUB_IMAGE_H
#define PROTO_IMAGE_STUB_IMAGE_H

#include "proto/link/check.h"

#include <stddef.h>
#include <stdint.h>

struct stub_segment {
    uint32_t address; /* a multiple of 4 */
    uint32_t size;    /* a multiple of 4: padded with zeros */
    const uint8_t *bytes;
    uint32_t block; /* bytes to upload at a time, a multiple of 4: each MEM_DATA frame must end below `address` */
};

struct stub_image {
    struct stub_segment segments[2]; /* text, then data; data may be empty */
    size_t n_segments;
    uint32_t entry;
    uint32_t crc;  /* CRC-32 of all segments' bytes, as a stub with WIRE_TELLS_CRC tells it */
    char name[64]; /* for the book: "gangd 0.1.0", or what the caller passes */
};

/* Parses JSON of `len` bytes. Returns NULL and a sentence in `error` if it is not such a stub: a missing key, bad
 * base64, segments outside the chip's RAM (docs/esp8266.md section 1), text in the ROM's message buffer or data so near
 * its start that no frame fits in front of it, an entry outside the text. The caller frees with stub_image_free(). */
MUST_CHECK struct stub_image *stub_image_parse(const char *json, size_t len, const char *name, char *error,
                                               size_t error_size);
void stub_image_free(struct stub_image *stub);

/* Our own, built from stub/. Never NULL: out of memory, or in a build whose stub is broken, it ends the program. */
struct stub_image *stub_image_builtin(void);

#endif
