/* SPDX-License-Identifier: MIT */
/*
 * The write job: a region of flash that is erased and written from its beginning to its end, with plain or deflated
 * data. Success of flash_write_end() means that all of the region was erased, all data was received and inflated to the
 * right size with the right checksum, and each erase and program ended within its time limit. Only reading back shows
 * what the flash then contains.
 *
 * - Whole sectors are erased, also those that the region covers only in part: their other content is lost.
 * - The part works while the stub inflates or receives, and erases run ahead of the data: flash_write_operate().
 * - Bytes of 0xFF are not programmed: their sector was erased in this job, or has been read as blank.
 * - The first error ends the job's work; it is reported until the next job begins. */
#ifndef STUB_FLASH_WRITE_H
#define STUB_FLASH_WRITE_H

#include "proto/link/wire.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The part's size in bytes, SPI_SIZE_MAX at most; 0 at first. Regions that reach beyond it are refused. */
void flash_set_size(uint32_t bytes);

/* Whether [offset, offset + size) is inside the part. */
bool flash_has(uint32_t offset, uint32_t size);

/* Discards any open job and opens a new one. The region may be empty. After an error no job is open: WIRE_ERR_INVALID
 * (outside the part), WIRE_ERR_UNLOCK, WIRE_ERR_SPI, WIRE_ERR_SLOW. */
enum wire_error flash_write_begin(uint32_t offset, uint32_t size, bool deflated);

/* Discards any open job and opens one whose data is that of a stream, a plan and the content of its DATA sectors;
 * wire.h has the flags. The sectors of the region are also read back and their MD5 is made, in the order of their
 * addresses. Errors as above. */
enum wire_error flash_write_begin_planned(uint32_t offset, uint32_t size, uint32_t flags);

/* All of a planned job's sectors are written, and read back into the MD5: flash_digest.h. */
bool flash_write_verified(void);

/* Everything below is erased, or is kept; and is written. */
uint32_t flash_write_erased(void);
uint32_t flash_write_written(void);

/* Discards any open job. */
void flash_write_close(void);

/* The error of the open job so far (WIRE_OK if none), or WIRE_ERR_NOT_FLASHING if no job of this kind is open. */
enum wire_error flash_write_state(bool deflated);

/* Takes over the next bytes of the data, of any number. Plain data may be longer than the region by padding of 0xFF.
 * Only while flash_write_takes_data(); `bytes` must stay valid until it is true again. */
void flash_write_data(const uint8_t *bytes, size_t n);
bool flash_write_takes_data(void);

/* Begins the part's next operation if the part has finished the previous one, and prepares the one after it meanwhile.
 * The part is hardly ever idle if this is called often. Returns false if there was nothing to do. */
bool flash_write_operate(void);

/* Does 30 us of computing at most: inflates, or adds to the MD5. Returns false if there was nothing to do. */
bool flash_write_compute(void);

/* Nothing is left to do without more data. */
bool flash_write_finished(void);

/* Waits until all data is in flash and returns the result of a plain or deflated job. WIRE_ERR_TOO_LITTLE if data is
 * missing. Later calls return the same result until the next job begins. */
enum wire_error flash_write_end(void);

/* Erases whole sectors and waits for completion. Discards any open job. WIRE_ERR_INVALID: not whole sectors, or outside
 * the part. */
enum wire_error flash_erase(uint32_t offset, uint32_t size);
enum wire_error flash_erase_all(void);

#endif
