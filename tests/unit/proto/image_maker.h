/* SPDX-License-Identifier: MIT */
/*
 * Images for the chip, made byte by byte: written from docs/images.md, without the code that reads them.
 */
#ifndef TESTS_UNIT_PROTO_IMAGE_MAKER_H
#define TESTS_UNIT_PROTO_IMAGE_MAKER_H

#include <stddef.h>
#include <stdint.h>

#define IMAGE_MAKER_ROOM (1u << 20)

struct image_maker {
    uint8_t bytes[IMAGE_MAKER_ROOM]; /* FF where nothing is */
    size_t n;                        /* of the file */
};

struct maker_segment {
    uint32_t address, size;
};

void maker_start(struct image_maker *maker);

/* Blank up to `at`, where the next thing begins. */
void maker_at(struct image_maker *maker, size_t at);
void maker_put(struct image_maker *maker, const void *bytes, size_t size);
void maker_word(struct image_maker *maker, uint32_t word);

/* A header with mode, size and clock as bytes 2 and 3, then `n` segments of bytes that differ, then their sum. */
void maker_image(struct image_maker *maker, uint8_t mode, uint8_t size_clock, uint32_t entry,
                 const struct maker_segment *segments, size_t n);

/* The simplest that the boot ROM starts: code at 0x40100000, where it begins, and data at 0x3FFE8000. */
void maker_rom_image(struct image_maker *maker);

/* The rest of a whole file from a ROM image on. */
void maker_micropython(struct image_maker *maker);
void maker_arduino(struct image_maker *maker, uint32_t crc_place); /* 0: without CRC */
void maker_second_stage(struct image_maker *maker, uint8_t user);  /* with its CRC */
void maker_partitions(struct image_maker *maker, uint32_t application);
void maker_application(struct image_maker *maker, uint32_t irom); /* without its digest */
void maker_digest(struct image_maker *maker, size_t from);        /* SHA-256 of all since then */

/* Of the Arduino core's CRC, over `n` bytes. */
uint32_t maker_arduino_crc(const uint8_t *bytes, size_t n);

#endif
