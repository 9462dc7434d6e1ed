/* SPDX-License-Identifier: MIT */
/*
 * The write job: a region of flash that is erased and written from its beginning to its end, with data as it is or
 * deflated. Success of flash_write_end() means that all of the region was erased, all of the data came, inflated to the
 * right size with the right checksum, and each erase and program was done in its time. What the flash then holds is
 * told by reading it back.
 *
 * - Whole sectors are erased, those that the region only touches too: what else was in them is gone.
 * - Erases run ahead of the data while the stub has nothing else to do: flash_write_ahead().
 * - Bytes of 0xFF are not programmed: their sector was erased in this job.
 * - The first error ends the job's work; it is reported until the next job begins.
 */
#ifndef STUB_FLASH_WRITE_H
#define STUB_FLASH_WRITE_H

#include "proto/link/wire.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The part's size in bytes, SPI_SIZE_MAX at most: nothing beyond it is touched. */
void flash_set_size(uint32_t bytes);

/* Whether [offset, offset + size) is inside the part. */
bool flash_has(uint32_t offset, uint32_t size);

/* Ends any job, without a word. The region may be empty. WIRE_ERR_INVALID: outside the part; WIRE_ERR_UNLOCK;
 * WIRE_ERR_SPI. There is no job then. */
enum wire_error flash_write_begin(uint32_t offset, uint32_t size, bool deflated);

/* What has gone wrong in the job so far, or WIRE_ERR_NOT_FLASHING if none of this kind is open. */
enum wire_error flash_write_state(bool deflated);

/* The next bytes of the data, of any number. Plain data may be longer than the region by padding of 0xFF. */
void flash_write_data(const uint8_t *bytes, size_t n);

/* The result of the job, of either kind, when all of it is in flash. WIRE_ERR_TOO_LITTLE if data is missing. May be
 * asked again: the answer stays the same until the next job begins. */
enum wire_error flash_write_end(void);

/* Goes on with the erases. Returns false when there is nothing left to do before data comes. */
bool flash_write_ahead(void);

/* Erases whole sectors, and waits until that is done. Ends any job. WIRE_ERR_INVALID: not whole sectors, or outside the
 * part. */
enum wire_error flash_erase(uint32_t offset, uint32_t size);
enum wire_error flash_erase_all(void);

#endif
