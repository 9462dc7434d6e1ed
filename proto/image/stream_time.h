/* SPDX-License-Identifier: MIT */
/*
 * How long a stream takes: the model by which the order of its work is chosen, and by which its progress is told. The
 * line and the flash part work at once; the slower of them counts. Times are µs; those of the flash are typical
 * (docs/esp8266.md section 6), and no promise.
 */
#ifndef PROTO_IMAGE_STREAM_TIME_H
#define PROTO_IMAGE_STREAM_TIME_H

#include "proto/image/stream_plan.h"

#include <stdbool.h>
#include <stdint.h>

uint64_t stream_line_us(const struct stream_data *data, uint32_t baud);

/* `erases`: false where all that would be erased is expected to be blank, and left as it is. */
uint64_t stream_flash_us(const struct stream_data *data, bool erases);

/* The longer of the two, and not 0. */
uint64_t stream_us(const struct stream_data *data, uint32_t baud, bool erases);

#endif
