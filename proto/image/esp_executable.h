/* SPDX-License-Identifier: MIT */
/*
 * One executable in a file: a header, its segments, and the sums that cover them. A file may hold several, such as a
 * boot loader and an application.
 */
#ifndef PROTO_IMAGE_ESP_EXECUTABLE_H
#define PROTO_IMAGE_ESP_EXECUTABLE_H

#include "proto/image/esp_header.h"
#include "proto/image/esp_remark.h"

enum esp_format {
    ESP_FORMAT_ROM,          /* E9, all segments for RAM: the boot ROM loads it from offset 0 */
    ESP_FORMAT_APPLICATION,  /* E9 with segments for flash: only a boot loader loads it (Arduino, RTOS SDK v3) */
    ESP_FORMAT_SECOND_STAGE, /* EA: the same of the NONOS SDK. The header is the outer one, the entry the inner one's */
};

struct esp_segment {
    uint32_t at; /* of its data, in the file */
    uint32_t address, size;
};

struct esp_executable {
    uint32_t at, end; /* in the file: of its header; the first byte behind the sum, or behind what there is of it */
    enum esp_format format;
    struct esp_header header;
    struct esp_segment segments[ESP_SEGMENTS_MAX + 1]; /* of a second stage the first is its irom, with address 0 */
    size_t n_segments;
    bool whole;                     /* all segments and the sum are there */
    uint8_t checksum, checksum_due; /* as stored, and as the segments give it; if `whole` */
};

#define ESP_DIGEST_SIZE 32

/* Whether the boot ROM can load it: it is for RAM, and for whole words of IRAM. */
bool esp_segment_loadable(const struct esp_segment *segment);

/* Whether its entry lies in IRAM that one of its segments fills: flash is not mapped when it starts. */
bool esp_executable_starts(const struct esp_executable *executable);

/* Whether the `n` bytes of a file have, from `at` on, what can only be the begin of an executable: magic, number of
 * segments, and a first segment that the chip has memory for. */
bool esp_executable_begins(const uint8_t *bytes, size_t n, uint32_t at);

/* Reads the one that begins at `at` (esp_executable_begins() says so), and adds what is wrong with it: truncated, no
 * inner image, entry, segments, header. Its checksum is calculated and not yet compared. */
void esp_executable_read(struct esp_executable *executable, const uint8_t *bytes, size_t n, uint32_t at,
                         struct esp_remarks *remarks);

/* Adds a remark if the checksum is wrong. `correction`: XOR of bytes that were changed after the checksum was made. */
void esp_executable_check_sum(const struct esp_executable *executable, uint8_t correction, struct esp_remarks *remarks);

/* Adds a remark if there is a digest behind the sum of an application that is wrong: SHA-256 of all before it. */
void esp_executable_check_digest(const struct esp_executable *executable, const uint8_t *bytes, size_t n,
                                 struct esp_remarks *remarks);

/* Whether the SHA-256 of all of it is behind it. */
bool esp_executable_has_digest(const struct esp_executable *executable, const uint8_t *bytes, size_t n);
/* Puts it there; there is room for it. */
void esp_executable_renew_digest(const struct esp_executable *executable, uint8_t *bytes);

/* The CRC that belongs behind a second stage: CRC-32 c of all before it, stored as ~c if bit 31 of c is set, and as
 * c + 1 if not. */
uint32_t esp_executable_crc(const struct esp_executable *executable, const uint8_t *bytes);

/* Adds a remark if there is a CRC behind a second stage that is wrong. Older tools wrote none. */
void esp_executable_check_crc(const struct esp_executable *executable, const uint8_t *bytes, size_t n,
                              struct esp_remarks *remarks);

#endif
