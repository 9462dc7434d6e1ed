/* SPDX-License-Identifier: MIT */
/*
 * Changes mode, clock and size in the header that the boot ROM reads, and renews what covers them.
 */
#ifndef PROTO_IMAGE_ESP_PATCH_H
#define PROTO_IMAGE_ESP_PATCH_H

#include "proto/image/esp_header.h"

struct esp_settings {
    int mode;         /* code; -1: keep */
    int clock;        /* code; -1: keep */
    const char *size; /* as esp_size_word() gives it; NULL or "": keep */
};

bool esp_settings_given(const struct esp_settings *settings);

/* Changes a file that lies at offset 0. `counting`: how the size is counted (esp_image.counting, or what other files of
 * the image tell). The CRC of the Arduino core and a SHA-256 behind the first executable are renewed if they were right
 * (the CRC also if another tool has changed the header before); the other kinds have nothing that covers the header.
 * 0; or -1, the bytes unchanged and a sentence in `error`: no image for the boot ROM, a size that this way of counting
 * does not have, or a CRC that was wrong. */
MUST_CHECK int esp_patch(uint8_t *bytes, size_t n, enum esp_counting counting, const struct esp_settings *settings,
                         char *error, size_t error_size);

#endif
