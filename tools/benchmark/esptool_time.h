/* SPDX-License-Identifier: MIT */
/* The time that esptool needs for the same unit, in the same virtual time, through one of its own stubs. */
#ifndef TOOLS_BENCHMARK_ESPTOOL_TIME_H
#define TOOLS_BENCHMARK_ESPTOOL_TIME_H

#include "proto/image/stub_image.h"

#include <stddef.h>
#include <stdint.h>

/* Seconds from the reset to the answered digest, which must be right, on a board whose flash begins with `before`, as
 * long as the image. Without the time that esptool itself needs to start, to deflate and to print. */
double esptool_seconds(const struct stub_image *stub, const uint8_t *before, const uint8_t *image, size_t size,
                       uint32_t rate);

#endif
