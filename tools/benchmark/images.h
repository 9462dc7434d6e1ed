/* SPDX-License-Identifier: MIT */
/* Images that resemble other products than the demo image does, made of its content. */
#ifndef TOOLS_BENCHMARK_IMAGES_H
#define TOOLS_BENCHMARK_IMAGES_H

#include <stddef.h>
#include <stdint.h>

/* Of the demo image's `size` bytes, a multiple of 256 KB. Both return malloc()ed images of the same size. */

/* Two equal OTA slots, and nothing else but the boot part: 78 % is blank, as in Espressif's AT images. */
uint8_t *image_two_slots(const uint8_t *demo, size_t size);

/* The product's next version: a fifth of its sectors differ, one behind the other, because a relink has moved what is
 * in them by a few bytes. */
uint8_t *image_next_version(const uint8_t *demo, size_t size);

#endif
