/* SPDX-License-Identifier: MIT */
/* Converts the demo firmware, which this program contains as an ELF file, to the forms in which it is stored in
 * flash. */
#ifndef DEMO_BOOT_IMAGE_H
#define DEMO_BOOT_IMAGE_H

#include <stddef.h>
#include <stdint.h>

/* Writes the image that the chip's ROM loads: a header with `flash_size`, the segments for RAM, a checksum. Returns its
 * size, or 0 if it needs more than `room` bytes. */
size_t boot_image_write(uint8_t *to, size_t room, uint32_t flash_size);

/* Writes the application, which runs from flash, for boards with this crystal (26 or 40). Returns as above. */
size_t boot_image_write_app(uint8_t *to, size_t room, unsigned crystal_mhz);

#endif
