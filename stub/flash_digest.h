/* SPDX-License-Identifier: MIT */
/* The MD5 of a region as the part returns it, computed behind the write front while the part and the line are at
 * work. */
#ifndef STUB_FLASH_DIGEST_H
#define STUB_FLASH_DIGEST_H

#include "proto/link/wire.h"

#include <stdbool.h>
#include <stdint.h>

/* Begins anew: nothing of [offset, offset + size) has been read. */
void digest_begin(uint32_t offset, uint32_t size);

/* Reads the next piece if the one before is in the MD5 and a whole piece is below `limit`; the part must not be busy.
 * Returns false if nothing was read. */
bool digest_read(uint32_t limit);

/* Adds some of what was read to the MD5. Returns false if there is nothing to add. */
bool digest_add(void);

/* Does both at once, for 0.35 ms at most: reads below `limit` and adds what was read before. The part must not be busy.
 * Returns false if there was nothing to do. */
bool digest_read_and_add(uint32_t limit);

/* Everything below is in the MD5. */
uint32_t digest_at(void);

bool digest_finished(void);

/* The MD5, once finished: 16 bytes. */
const uint8_t *digest_result(void);

#endif
