/* SPDX-License-Identifier: MIT */
#ifndef PROTO_IMAGE_STREAM_FLAGS_H
#define PROTO_IMAGE_STREAM_FLAGS_H

#include "proto/image/golden.h"

#include <stdint.h>

/* Flags of STREAM_BEGIN and DIGEST_SECTORS (proto/link/wire.h): DUAL and DIVIDER for this image. The flash is read as
 * the boot ROM reads it at each start of the firmware, at the clock that the image's header asks for, and with two data
 * lines, which every part has. 0: as the loader reads it. */
uint32_t stream_read_flags(const struct golden *golden);

#endif
