/* SPDX-License-Identifier: MIT */
/*
 * What is wrong or unusual about an image: a list of remarks. The table below is the one list of them; docs/images.md
 * explains each.
 */
#ifndef PROTO_IMAGE_ESP_REMARK_H
#define PROTO_IMAGE_ESP_REMARK_H

#include "proto/link/check.h"

#include <stdbool.h>
#include <stddef.h>

/* An error: the image cannot work at its place, or is not what its maker made. A warning: it can, and is unusual.
 * X(NAME, code, severity, remedy); the remedy goes on from "...; ". */
#define ESP_REMARKS(X)                                                                                                 \
    X(NOT_BOOTABLE, "not-bootable", ERROR, NULL)                                                                       \
    X(TRUNCATED, "truncated", ERROR, "copy the file again, or take it from its source again")                          \
    X(NO_INNER_IMAGE, "no-inner-image", ERROR, "take the file from its source again")                                  \
    X(SEGMENT_ADDRESS, "segment-address", ERROR, "build it with the linker script of an ESP8266")                      \
    X(UNALIGNED, "unaligned", ERROR, "make it with segments of whole words, as esptool does")                          \
    X(ENTRY, "entry", ERROR, "make the image from an ELF file, which names its entry point")                           \
    X(CHECKSUM, "checksum", ERROR, "take the file from its source again")                                              \
    X(DIGEST, "digest", ERROR, "take the file from its source again")                                                  \
    X(CONTENT_CRC, "content-crc", ERROR, "take the file from its source again")                                        \
    X(LARGER_THAN_FLASH, "larger-than-flash", ERROR, "set flash_size_header, or build it for that flash")              \
    X(NOT_FOR_FLASH, "not-for-flash", WARNING, NULL)                                                                   \
    X(PATCHED, "patched", WARNING, "it boots; set flash_mode, flash_freq and flash_size_header to have it renewed")    \
    X(SECOND_STAGE_CRC, "second-stage-crc", WARNING, "it boots, but compare the file with its source")                 \
    X(SPARE_APPLICATION, "spare-application", WARNING, "check that the board boots the other, or blank it")            \
    X(ROM_MEMORY, "rom-memory", WARNING, "the boot ROM may crash while it loads it; build it for less RAM")            \
    X(OVERLAP, "overlap", WARNING, "the later one wins; build it again")                                               \
    X(MODE, "mode", WARNING, "the boot ROM reads it slowly with one data line; set flash_mode")                        \
    X(CLOCK, "clock", WARNING, "the boot ROM takes 40 MHz; set flash_freq")                                            \
    X(SIZE, "size", WARNING, "the firmware may find no place for its settings; set flash_size_header")                 \
    X(SMALLER_THAN_FILES, "smaller-than-files", WARNING, "most firmware does not mind; else set flash_size_header")    \
    X(USER_NUMBER, "user-number", WARNING, "exchange the two user images if the board does not start")

enum esp_remark_id {
#define X(name, code, severity, remedy) ESP_REMARK_##name,
    ESP_REMARKS(X)
#undef X
        ESP_REMARK_COUNT
};

enum esp_severity { ESP_ERROR, ESP_WARNING };

#define ESP_REMARKS_MAX     16 /* of one file; others are dropped, errors last */
#define ESP_REMARK_TEXT_MAX 200
#define ESP_SENTENCE_MAX    360 /* of a remark as a sentence, with the final NUL */

struct esp_remark {
    enum esp_remark_id id;
    char what[ESP_REMARK_TEXT_MAX]; /* what was found: the first half of its sentence */
    const char *remedy;             /* the second half; static */
};

struct esp_remarks {
    struct esp_remark list[ESP_REMARKS_MAX];
    size_t n;
};

/* "checksum", and how bad it is. */
const char *esp_remark_code(enum esp_remark_id id);
enum esp_severity esp_remark_severity(enum esp_remark_id id);

/* "WHAT; REMEDY", of at most ESP_SENTENCE_MAX bytes. */
void esp_remark_sentence(const struct esp_remark *remark, char *sentence, size_t size);

/* Adds one. The remedy is the table's, or `remedy` if that has none. */
void esp_remarks_add(struct esp_remarks *remarks, enum esp_remark_id id, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void esp_remarks_add_with(struct esp_remarks *remarks, enum esp_remark_id id, const char *remedy, const char *format,
                          ...) __attribute__((format(printf, 4, 5)));

bool esp_remarks_have(const struct esp_remarks *remarks, enum esp_remark_id id);
/* The first of this severity; NULL: none. */
const struct esp_remark *esp_remarks_first(const struct esp_remarks *remarks, enum esp_severity severity);

#endif
