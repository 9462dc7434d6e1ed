/* SPDX-License-Identifier: MIT */
/*
 * The eight bytes that every image for the chip begins with, and the memory that its segments may be for.
 * Layout and codes: docs/images.md.
 */
#ifndef PROTO_IMAGE_ESP_HEADER_H
#define PROTO_IMAGE_ESP_HEADER_H

#include "proto/link/check.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ESP_HEADER_SIZE         8
#define ESP_MAGIC               0xE9 /* what the boot ROM loads */
#define ESP_MAGIC_SECOND_STAGE  0xEA /* what boot loaders of the NONOS SDK load */
#define ESP_SECOND_STAGE_NUMBER 4    /* its second byte, in the place of a number of segments */
#define ESP_SEGMENTS_MAX        16

/* How the boot ROM reads the flash. X(code, word) */
#define ESP_MODES(X) X(0, "QIO") X(1, "QOUT") X(2, "DIO") X(3, "DOUT")

/* The clock of the flash. X(code, MHz); the boot ROM takes 40 MHz for any other code. */
#define ESP_CLOCKS(X) X(0, 40) X(1, 26) X(2, 20) X(15, 80)

/* The size of the flash, which the boot ROM does not use: the firmware does. Two ways to count it: that of the ESP8266,
 * and that of the ESP32, which RTOS SDK v3 took over. "-c1": the firmware divides the flash by 1024 + 1024 KB.
 * X(code, KB, word) */
#define ESP_SIZES(X)                                                                                                   \
    X(0, 512, "512KB")                                                                                                 \
    X(1, 256, "256KB")                                                                                                 \
    X(2, 1024, "1MB")                                                                                                  \
    X(3, 2048, "2MB")                                                                                                  \
    X(4, 4096, "4MB")                                                                                                  \
    X(5, 2048, "2MB-c1")                                                                                               \
    X(6, 4096, "4MB-c1")                                                                                               \
    X(8, 8192, "8MB")                                                                                                  \
    X(9, 16384, "16MB")
#define ESP_SIZES_ESP32(X) X(0, 1024, "1MB") X(1, 2048, "2MB") X(2, 4096, "4MB") X(3, 8192, "8MB") X(4, 16384, "16MB")

enum esp_counting { ESP_COUNTS_AS_ESP8266, ESP_COUNTS_AS_ESP32 };

struct esp_header {
    uint8_t magic, segments, mode;
    uint8_t clock, size; /* codes: the low and the high half of byte 3 */
    uint32_t entry;
};

/* False: fewer than ESP_HEADER_SIZE bytes. Whatever else they are is read. */
MUST_CHECK bool esp_header_read(struct esp_header *header, const uint8_t *bytes, size_t n);

/* "QIO", or NULL for a code that means nothing. */
const char *esp_mode_word(uint8_t code);
/* MHz, or 0. */
unsigned esp_clock_mhz(uint8_t code);
/* Bytes, or 0; "4MB", or NULL. */
uint32_t esp_size_bytes(enum esp_counting counting, uint8_t code);
const char *esp_size_word(enum esp_counting counting, uint8_t code);

/* The codes for these words, as esp_mode_word() and esp_size_word() give them, in any case of letters, and for these
 * MHz; -1: none. */
MUST_CHECK int esp_mode_code(const char *word);
MUST_CHECK int esp_clock_code(unsigned mhz);
MUST_CHECK int esp_size_code(enum esp_counting counting, const char *word);

/* Memory, by docs/esp8266.md section 1. */
enum esp_memory {
    ESP_NO_MEMORY,
    ESP_IRAM,       /* 0x40100000 to 0x4010FFFF; the upper half is the cache's once it is on */
    ESP_DRAM,       /* 0x3FFE8000 to 0x3FFFBFFF */
    ESP_ROM_MEMORY, /* 0x3FFFC000 to 0x3FFFFFFF: DRAM in which the ROM has its data and its stack */
    ESP_FLASH, /* 0x40200000 and up: flash, as the cache shows it. Four megabytes, of which it shows one at a time */
};

/* The memory that holds all of the range; ESP_ROM_MEMORY if only its end lies there. */
enum esp_memory esp_memory_of(uint32_t address, uint32_t size);

#endif
