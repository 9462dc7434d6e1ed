/* SPDX-License-Identifier: MIT */
/*
 * The CRC over a whole file of the Arduino core: its length and its CRC are two words in the file, at a place that
 * changed with the core. The CRC has the polynomial 04C11DB7, the most significant bit first, begins with FFFFFFFF and
 * is not inverted; it takes the two words as 0. The firmware checks it on demand (ESP.checkFlashCRC()); nothing checks
 * it at boot. docs/images.md.
 */
#ifndef PROTO_IMAGE_ESP_ARDUINO_H
#define PROTO_IMAGE_ESP_ARDUINO_H

#include "proto/link/check.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ESP_ARDUINO_APPLICATION 0x1000 /* its offset; eboot is before it */

/* X(NAME, offset of the two words) */
#define ESP_ARDUINO_PLACES(X) X(CORE_3, 0x1010) X(CORE_2, 0xFF8)

enum esp_arduino_crc {
    ESP_ARDUINO_NO_CRC,    /* a very old core: there is none */
    ESP_ARDUINO_CRC_RIGHT, /* and the words are at `place` */
    ESP_ARDUINO_PATCHED,   /* it would be right with other settings of the flash in the header at 0 */
    ESP_ARDUINO_CRC_WRONG,
};

struct esp_arduino {
    enum esp_arduino_crc crc;
    uint32_t place;       /* of the two words */
    uint32_t length;      /* of the file, as it says; a dump of a flash goes on behind it */
    uint32_t stored, due; /* the CRC */
};

/* Of a file that has a whole application at ESP_ARDUINO_APPLICATION, which ends at `end`: the file was as long. */
void esp_arduino_read(struct esp_arduino *arduino, const uint8_t *bytes, uint32_t end);

/* What the two words change in the checksum of the application that they lie in: it was made while they were 0. */
uint8_t esp_arduino_correction(const struct esp_arduino *arduino, const uint8_t *bytes);

/* The same of an application in a file of its own, which ends at `end`. */
uint8_t esp_arduino_lone_correction(const uint8_t *bytes, uint32_t end);

/* Writes the CRC that the file has now, if it has one. */
void esp_arduino_renew(const struct esp_arduino *arduino, uint8_t *bytes);

#endif
