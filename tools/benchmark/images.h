/* SPDX-License-Identifier: MIT */
/* The images of the benchmarks: the demo image, what resembles other products, made of its content, and what a used
 * chip holds. All are malloc()ed. A function that cannot do its work writes why and ends the program with 2. */
#ifndef TOOLS_BENCHMARK_IMAGES_H
#define TOOLS_BENCHMARK_IMAGES_H

#include "proto/image/golden.h"

#include <stddef.h>
#include <stdint.h>

/* All bytes of a file. */
uint8_t *image_read(const char *path, size_t *size);

/* Firmware of another make: nowhere blank, and nowhere like the demo's. */
uint8_t *image_other(size_t size);

/* The golden image of `size` bytes at address 0. */
struct golden *image_golden(const uint8_t *bytes, size_t size);

/* The next two are made of the demo image's `size` bytes, a multiple of 256 KB, and have the same size. */

/* Two equal OTA slots, and nothing else but the boot part: 78 % is blank, as in Espressif's AT images. */
uint8_t *image_two_slots(const uint8_t *demo, size_t size);

/* The product's next version: a fifth of its sectors differ, one behind the other, because a relink has moved what is
 * in them by a few bytes. */
uint8_t *image_next_version(const uint8_t *demo, size_t size);

#endif
