/* SPDX-License-Identifier: MIT */
#include "stub/flash_write.h"

#include "stub/inflate.h"
#include "stub/spi.h"

static uint32_t part_size = SPI_SIZE_MAX;

static struct {
    bool open, deflated;
    bool stream_begun, stream_ended; /* of deflated data */
    enum wire_error error;
    uint32_t at, end;              /* where writing continues; the region's end */
    uint32_t erased_to, erase_end; /* sector boundaries */
} job;

static struct inflate inflate;

void flash_set_size(uint32_t bytes)
{
    part_size = bytes;
}

bool flash_has(uint32_t offset, uint32_t size)
{
    return offset <= part_size && size <= part_size - offset;
}

/* Begins the erase of the next piece of [*from, to): a 64 KB block if a whole one is inside, else a sector. Both limits
 * are sector boundaries. */
static enum wire_error erase_next(uint32_t *from, uint32_t to)
{
    bool block = *from % SPI_BLOCK == 0 && to - *from >= SPI_BLOCK;
    enum wire_error error = block ? spi_erase_block(*from) : spi_erase_sector(*from);
    if (error == WIRE_OK)
        *from += block ? SPI_BLOCK : SPI_SECTOR;
    return error;
}

enum wire_error flash_write_begin(uint32_t offset, uint32_t size, bool deflated)
{
    job.open = false;
    if (!flash_has(offset, size))
        return WIRE_ERR_INVALID;
    enum wire_error error = spi_unlock();
    if (error != WIRE_OK)
        return error;

    job.open = true;
    job.deflated = deflated;
    job.stream_begun = job.stream_ended = false;
    job.error = WIRE_OK;
    job.at = offset;
    job.end = offset + size;
    job.erased_to = offset & ~(SPI_SECTOR - 1);
    job.erase_end = size == 0 ? job.erased_to : (job.end + SPI_SECTOR - 1) & ~(SPI_SECTOR - 1);
    inflate_start(&inflate);
    return WIRE_OK;
}

enum wire_error flash_write_state(bool deflated)
{
    return job.open && job.deflated == deflated ? job.error : WIRE_ERR_NOT_FLASHING;
}

static bool blank(const uint8_t *bytes, size_t n)
{
    for (; n > 0; n--)
        if (*bytes++ != 0xff)
            return false;
    return true;
}

/* Ends at a multiple of SPI_PROGRAM_MAX, so that no program crosses a page or exceeds the controller's buffer. */
static size_t next_program(uint32_t address, size_t n)
{
    size_t room = SPI_PROGRAM_MAX - address % SPI_PROGRAM_MAX;
    return n < room ? n : room;
}

static enum wire_error write(const uint8_t *bytes, size_t n)
{
    enum wire_error error = WIRE_OK;
    while (n > 0 && error == WIRE_OK) {
        size_t part = next_program(job.at, n);
        while (job.erased_to < job.at + part && error == WIRE_OK)
            error = erase_next(&job.erased_to, job.erase_end);
        if (error == WIRE_OK && !blank(bytes, part))
            error = spi_program(job.at, bytes, part);
        job.at += part;
        bytes += part;
        n -= part;
    }
    return error;
}

static enum wire_error write_plain(const uint8_t *bytes, size_t n)
{
    size_t left = job.end - job.at;
    if (n > left && !blank(bytes + left, n - left))
        return WIRE_ERR_TOO_MUCH;
    return write(bytes, n < left ? n : left);
}

static enum wire_error write_deflated(const uint8_t *bytes, size_t n)
{
    const uint8_t *end = bytes + n;
    enum wire_error error = WIRE_OK;
    enum inflate_status status = INFLATE_HAS_OUTPUT;
    if (job.stream_ended)
        return WIRE_ERR_TOO_MUCH;
    job.stream_begun = true;
    while (status == INFLATE_HAS_OUTPUT && error == WIRE_OK) {
        const uint8_t *out;
        size_t n_out;
        status = inflate_run(&inflate, &bytes, end, &out, &n_out);
        if (status == INFLATE_BROKEN)
            return WIRE_ERR_INFLATE;
        if (n_out > job.end - job.at)
            return WIRE_ERR_TOO_MUCH;
        error = write(out, n_out);
    }
    job.stream_ended = status == INFLATE_DONE;
    if (error == WIRE_OK && job.stream_ended && bytes != end)
        error = WIRE_ERR_TOO_MUCH;
    return error;
}

void flash_write_data(const uint8_t *bytes, size_t n)
{
    if (job.open && job.error == WIRE_OK && n > 0)
        job.error = job.deflated ? write_deflated(bytes, n) : write_plain(bytes, n);
}

enum wire_error flash_write_end(void)
{
    if (!job.open)
        return WIRE_ERR_NOT_FLASHING;
    if (job.error == WIRE_OK && (job.at != job.end || (job.stream_begun && !job.stream_ended)))
        job.error = WIRE_ERR_TOO_LITTLE;
    if (job.error == WIRE_OK)
        job.error = spi_finish();
    return job.error;
}

bool flash_write_ahead(void)
{
    if (!job.open || job.error != WIRE_OK || job.erased_to == job.erase_end)
        return false;
    if (!spi_busy())
        job.error = erase_next(&job.erased_to, job.erase_end);
    return true;
}

enum wire_error flash_erase(uint32_t offset, uint32_t size)
{
    job.open = false;
    if (offset % SPI_SECTOR != 0 || size % SPI_SECTOR != 0 || !flash_has(offset, size))
        return WIRE_ERR_INVALID;
    enum wire_error error = spi_unlock();
    for (uint32_t end = offset + size; offset != end && error == WIRE_OK;)
        error = erase_next(&offset, end);
    return error == WIRE_OK ? spi_finish() : error;
}

enum wire_error flash_erase_all(void)
{
    job.open = false;
    enum wire_error error = spi_unlock();
    if (error == WIRE_OK)
        error = spi_erase_chip();
    return error == WIRE_OK ? spi_finish() : error;
}
