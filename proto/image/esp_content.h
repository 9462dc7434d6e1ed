/* SPDX-License-Identifier: MIT */
/*
 * What a file is, by its content: the kinds of file that are met beside an ESP8266, and those that are told apart by
 * their first bytes alone.
 */
#ifndef PROTO_IMAGE_ESP_CONTENT_H
#define PROTO_IMAGE_ESP_CONTENT_H

#include <stddef.h>
#include <stdint.h>

/* Where it belongs. AT_ZERO: the boot ROM starts it. ELSEWHERE: it is for flash, but not for offset 0. NOWHERE: as it
 * is it is of no use in the flash of an ESP8266. X(NAME, code, place, words, remedy where it lies at a wrong place) */
#define ESP_KINDS(X)                                                                                                   \
    X(ROM_IMAGE, "rom-image", AT_ZERO, "an image that the boot ROM loads", NULL)                                       \
    X(MICROPYTHON, "micropython", AT_ZERO, "MicroPython, or firmware that is laid out like it", NULL)                  \
    X(ARDUINO, "arduino", AT_ZERO, "Arduino: its boot loader and an application", NULL)                                \
    X(NONOS, "nonos", AT_ZERO, "NONOS SDK: a boot loader and its application", NULL)                                   \
    X(RBOOT, "rboot", AT_ZERO, "rBoot and its application", NULL)                                                      \
    X(RTOS, "rtos", AT_ZERO, "RTOS SDK v3: boot loader, partition table and application", NULL)                        \
    X(SECOND_STAGE, "second-stage", ELSEWHERE, "an application of the NONOS SDK, without its boot loader",             \
      "put a boot loader there, and this at 0x1000")                                                                   \
    X(APPLICATION, "application", ELSEWHERE, "an application, without its boot loader",                                \
      "put the boot loader there, and this at the application's offset")                                               \
    X(PARTITION_TABLE, "partition-table", ELSEWHERE, "a partition table of RTOS SDK v3",                               \
      "put the boot loader there, and this at 0x8000")                                                                 \
    X(SPIFFS, "spiffs", ELSEWHERE, "a SPIFFS file system", "give it the offset of the file system")                    \
    X(LITTLEFS, "littlefs", ELSEWHERE, "a LittleFS file system", "give it the offset of the file system")              \
    X(DATA, "data", ELSEWHERE, "data that is no image", "give the firmware's image, or its own offset to this file")   \
    X(BLANK, "blank", ELSEWHERE, "blank flash: nothing but FF", "give the firmware's image")                           \
    X(EMPTY, "empty", NOWHERE, "an empty file", "give the firmware's image")                                           \
    X(ESP32, "esp32", NOWHERE, "an image for an ESP32 or one of its relatives", "give the image for ESP8266")          \
    X(GZIP, "gzip", NOWHERE, "gzip data, which only an update over the air unpacks", "unpack it with gunzip first")    \
    X(ELF, "elf", NOWHERE, "an ELF file", "make an image of it with \"esptool elf2image\" first")                      \
    X(INTEL_HEX, "intel-hex", NOWHERE, "an Intel HEX file", "convert it to a binary image first")                      \
    X(UF2, "uf2", NOWHERE, "a UF2 file", "convert it to a binary image first")                                         \
    X(TEXT, "text", NOWHERE, "text", "give the firmware's image")

enum esp_kind {
#define X(name, code, place, words, remedy) ESP_KIND_##name,
    ESP_KINDS(X)
#undef X
};

enum esp_place { ESP_AT_ZERO, ESP_ELSEWHERE, ESP_NOWHERE };

/* "rom-image"; "an image that the boot ROM loads"; what to do with one at a wrong place (NULL: of AT_ZERO). */
const char *esp_kind_code(enum esp_kind kind);
const char *esp_kind_words(enum esp_kind kind);
const char *esp_kind_remedy(enum esp_kind kind);
enum esp_place esp_kind_place(enum esp_kind kind);

/* The kind of a file that begins with no executable for an ESP8266: ESP_KIND_PARTITION_TABLE or one behind it. */
enum esp_kind esp_content_kind(const uint8_t *bytes, size_t n);

#endif
