/* SPDX-License-Identifier: MIT */
#ifndef PROTO_IMAGE_STREAM_FLAGS_H
#define PROTO_IMAGE_STREAM_FLAGS_H

#include "proto/image/golden.h"

#include <stdint.h>

/* Flags of STREAM_BEGIN (proto/link/wire.h) for this image. */

/* DUAL and DIVIDER: the flash is read as the boot ROM reads it at each start of the firmware, at the clock that the
 * image's header asks for, and with two data lines, which every part has. 0: as the loader reads it. */
uint32_t stream_read_flags(const struct golden *golden);

/* COPIES_LATE, or 0: which order of work is the quicker one at this rate of the line. */
uint32_t stream_order_flags(const struct golden *golden, uint32_t baud);

#endif
