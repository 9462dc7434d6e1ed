/* SPDX-License-Identifier: MIT */
/* The demo firmware, which travels inside this program as the linker made it, in the forms that flash holds. */
#ifndef DEMO_BOOT_IMAGE_H
#define DEMO_BOOT_IMAGE_H

#include <stddef.h>
#include <stdint.h>

/* Writes what the chip's ROM loads: a header, the segments for RAM, a checksum. `flash_size` goes into the header.
 * Returns its size, or 0 if it would take more than `room` bytes. */
size_t boot_image_write(uint8_t *to, size_t room, uint32_t flash_size);

/* Writes what runs from flash, for boards with such a crystal. The same. */
size_t boot_image_write_app(uint8_t *to, size_t room, unsigned crystal_mhz);

#endif
