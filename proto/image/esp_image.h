/* SPDX-License-Identifier: MIT */
/*
 * What a file is, what is wrong with it, and what the boot ROM will do with it. Pure functions on bytes.
 * docs/images.md is the manual of kinds and remarks.
 */
#ifndef PROTO_IMAGE_ESP_IMAGE_H
#define PROTO_IMAGE_ESP_IMAGE_H

#include "proto/image/esp_arduino.h"
#include "proto/image/esp_content.h"
#include "proto/image/esp_executable.h"
#include "proto/image/esp_remark.h"

/* Boot loader and applications: rBoot has up to four of these. */
#define ESP_EXECUTABLES_MAX 5

#define ESP_ACTION_MAX 200 /* of the sentence about the boot ROM, with the final NUL */

struct esp_image {
    enum esp_kind kind;
    size_t size;
    uint8_t first[2];           /* its first bytes, 0 where there are none */
    bool whole_flash;           /* as large as a flash part: a dump, or padded to one */
    enum esp_counting counting; /* of the size in the header at 0 */
    /* By rising offset in the file; the first begins at 0 if there is any. */
    struct esp_executable executables[ESP_EXECUTABLES_MAX];
    size_t n_executables;
    struct esp_arduino arduino; /* of ESP_KIND_ARDUINO */
    struct esp_remarks remarks;
};

/* Reads a file of `n` bytes, at most 16 MB, with all remarks that its content alone gives. */
void esp_image_read(struct esp_image *image, const uint8_t *bytes, size_t n);

/* The file lies at `offset` in the flash: adds the remarks that this gives. At 0 it must be what the boot ROM starts.
 */
void esp_image_place(struct esp_image *image, uint32_t offset);

/* The header that the boot ROM reads if the file lies at 0; NULL: it has none. Mode, clock and size are its codes
 * (esp_header.h), the size in image->counting. */
const struct esp_header *esp_image_header(const struct esp_image *image);

/* Compares the size in the header at 0 with the flash: `flash_size` bytes (0: any), and all files of the image end at
 * `end`. Adds remarks. */
void esp_image_compare_size(struct esp_image *image, uint32_t flash_size, uint32_t end);

/* What the boot ROM does with it at offset 0, as one sentence of at most ESP_ACTION_MAX bytes. */
void esp_image_rom_action(const struct esp_image *image, char *sentence, size_t size);

#endif
