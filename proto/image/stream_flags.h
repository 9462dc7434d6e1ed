/* SPDX-License-Identifier: MIT */
#ifndef PROTO_IMAGE_STREAM_FLAGS_H
#define PROTO_IMAGE_STREAM_FLAGS_H

#include "proto/image/golden.h"

#include <stdint.h>

/* The flags of STREAM_BEGIN (proto/link/wire.h) for this image, at this rate of the line. The flash is read back as the
 * boot ROM reads it at each start of the firmware: at the clock that the image's header asks for, and with two data
 * lines, which every part has. */
uint32_t stream_flags(const struct golden *golden, uint32_t baud);

#endif
