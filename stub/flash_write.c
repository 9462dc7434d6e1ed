/* SPDX-License-Identifier: MIT */
#include "stub/flash_write.h"

#include "stub/blank.h"
#include "stub/cold.h"
#include "stub/flash_digest.h"
#include "stub/flash_plan.h"
#include "stub/inflate.h"
#include "stub/spi.h"

static uint32_t part_size;

/* The data is in three places, in this order: programmed up to `at`; ready, either in the window of `inflate` or, if it
 * is plain, at the beginning of the input; and the rest of the input. */
static struct {
    bool open, deflated, planned, skip_blank, copies_late;
    bool stream_begun, stream_ended; /* of deflated data */
    bool no_more;                    /* the host has sent everything */
    enum wire_error error;
    uint32_t at, end;              /* where writing continues, the region's end */
    uint32_t erased_to, erase_end; /* sector boundaries */
    uint32_t copy_at;              /* where the copies continue */
    size_t staged;                 /* bytes for `at`, or for `copy_at`, that are in the SPI controller */
    bool staged_copy;
    uint32_t blank_to; /* the part reads as blank from erased_to to here */
    const uint8_t *in, *in_end;
    bool inflate_has_more; /* output, without further input */
    uint32_t taken;        /* bytes of the inflated data that are programmed, or in the plan */
    uint32_t plan_left;    /* bytes of the plan to come */
} job;

static struct inflate inflate;

void flash_set_size(uint32_t bytes)
{
    part_size = bytes;
}

COLD bool flash_has(uint32_t offset, uint32_t size)
{
    return offset <= part_size && size <= part_size - offset;
}

COLD enum wire_error flash_write_begin(uint32_t offset, uint32_t size, bool deflated)
{
    job.open = false;
    if (!flash_has(offset, size))
        return WIRE_ERR_INVALID;
    enum wire_error error = spi_unlock();
    if (error != WIRE_OK)
        return error;

    job = (typeof(job)){
        .open = true,
        .deflated = deflated,
        .at = offset,
        .end = offset + size,
        .copy_at = offset + size,
        .erased_to = offset & ~(SPI_SECTOR - 1),
    };
    job.erase_end = size == 0 ? job.erased_to : spi_sectors_end(job.end);
    inflate_start(&inflate);
    plan_begin(offset);
    digest_begin(offset, 0);
    return WIRE_OK;
}

COLD enum wire_error flash_write_begin_planned(uint32_t offset, uint32_t size, uint32_t flags)
{
    job.open = false;
    if (offset % SPI_SECTOR != 0 || size == 0)
        return WIRE_ERR_INVALID;
    enum wire_error error = flash_write_begin(offset, size, true);
    if (error != WIRE_OK)
        return error;
    job.planned = true;
    job.skip_blank = flags & WIRE_STREAM_SKIP_BLANK;
    job.copies_late = flags & WIRE_STREAM_COPIES_LATE;
    job.end = job.erase_end;
    job.plan_left = (job.end - offset) / SPI_SECTOR * sizeof(uint16_t);
    job.plan_left = (job.plan_left + WIRE_PLAN_ALIGN - 1) & ~(WIRE_PLAN_ALIGN - 1u);
    job.copy_at = offset;
    job.blank_to = job.erased_to;
    digest_begin(offset, size);
    spi_read_faster(flags);
    return WIRE_OK;
}

void flash_write_close(void)
{
    job.open = false;
    (void)spi_finish();
    spi_read_slowly();
}

enum wire_error flash_write_state(bool deflated)
{
    return job.open && job.deflated == deflated ? job.error : WIRE_ERR_NOT_FLASHING;
}

/* The inflated data, or the plain data, that is next. */
static const uint8_t *ready_bytes(void)
{
    return job.deflated ? inflate.window + job.taken % INFLATE_WINDOW : job.in;
}

static size_t n_ready(void)
{
    return job.deflated ? inflate.produced - job.taken : (size_t)(job.in_end - job.in);
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* The size of the next program, or 0 if too little is ready. It ends at a multiple of SPI_PROGRAM_MAX, so that no
 * program crosses a page or exceeds the controller's buffer. Only the last one, that of a block of plain data, or one
 * at the end of the window, ends elsewhere. */
static size_t next_program(void)
{
    size_t n = SPI_PROGRAM_MAX - job.at % SPI_PROGRAM_MAX, ready = n_ready();
    if (job.deflated)
        n = least(n, INFLATE_WINDOW - job.taken % INFLATE_WINDOW);
    if (n <= ready)
        return n;
    bool last = !job.deflated || job.no_more || job.at + ready == job.end;
    return last ? ready : 0;
}

static void advance(size_t n)
{
    job.at += n;
    if (job.deflated)
        job.taken += n;
    else
        job.in += n;
}

/* Erasing. */

static bool to_keep(uint32_t sector)
{
    return plan_kind(sector) == WIRE_PLAN_KEEP;
}

/* The size of what is erased at `from` with one command: a 64 KB block if a whole one is to be erased, else a sector.
 */
COLD static uint32_t erase_unit(uint32_t from, uint32_t to)
{
    if (from % SPI_BLOCK != 0 || to - from < SPI_BLOCK)
        return SPI_SECTOR;
    for (uint32_t sector = from; sector < from + SPI_BLOCK; sector += SPI_SECTOR)
        if (to_keep(sector))
            return SPI_SECTOR;
    return SPI_BLOCK;
}

COLD static enum wire_error erase_next(uint32_t *from, uint32_t to)
{
    uint32_t unit = erase_unit(*from, to);
    enum wire_error error = unit == SPI_BLOCK ? spi_erase_block(*from) : spi_erase_sector(*from);
    if (error == WIRE_OK)
        *from += unit;
    return error;
}

#define BLANK_PIECE 1024 /* 0.2 ms in which the CPU does nothing else */

/* Reads on in search of something that is not blank. Returns false if there is: it must be erased. */
static bool goes_on_blank(void)
{
    job.staged = 0;
    for (uint32_t end = job.blank_to + BLANK_PIECE; job.blank_to != end; job.blank_to += SPI_READ_MAX) {
        spi_read_begin(job.blank_to, SPI_READ_MAX);
        if (!spi_read_end_blank())
            return false;
    }
    if (job.blank_to == job.erased_to + erase_unit(job.erased_to, job.erase_end))
        job.erased_to = job.blank_to;
    return true;
}

/* Of a job with a plan, once it is complete; of any other at once. Returns false if everything is erased. */
static bool erase_ahead(void)
{
    while (job.erased_to != job.erase_end && to_keep(job.erased_to))
        job.erased_to += SPI_SECTOR;
    if (job.blank_to < job.erased_to)
        job.blank_to = job.erased_to;
    if (job.erased_to == job.erase_end)
        return false;
    if (job.skip_blank && goes_on_blank())
        return true;
    job.error = erase_next(&job.erased_to, job.erase_end);
    return true;
}

/* Programming. */

/* What is staged in the SPI controller is the next piece to program, of the data or of a copy, or nothing. */

/* Goes on to the next piece of data that is not blank and stages it, at most to the end of the page. Needs nothing of
 * the part. Returns false if there was nothing to do. */
static bool stage_data(void)
{
    size_t n = next_program();
    if (n == 0)
        return false;
    do {
        if (!blank(ready_bytes(), n)) {
            spi_stage(ready_bytes(), n);
            job.staged = n;
            job.staged_copy = false;
            return true;
        }
        advance(n);
        n = next_program();
    } while (n > 0 && job.at % SPI_PAGE != 0);
    return true;
}

/* Stages what is next at `job.at`, or goes past it if no data belongs there. Returns false if more data is needed. */
static bool stage_next(void)
{
    if (job.at == job.end || job.staged > 0)
        return false;
    unsigned kind = plan_kind(job.at);
    if (kind == WIRE_PLAN_DATA)
        return stage_data();
    if (kind == WIRE_PLAN_COPY && !job.copies_late && job.copy_at < job.at + SPI_SECTOR)
        return false;
    job.at += SPI_SECTOR;
    return true;
}

static void go_to_next_copy(void)
{
    while (job.copy_at != job.end && job.copy_at % SPI_SECTOR == 0 && plan_kind(job.copy_at) != WIRE_PLAN_COPY)
        job.copy_at += SPI_SECTOR;
}

/* A copy comes after its source; and in its place among the data, or while data is awaited. The part must not be busy.
 * Returns false if none can be made. */
static bool stage_copy(void)
{
    go_to_next_copy();
    uint32_t source = plan_source(job.copy_at);
    if (job.copy_at == job.end || job.copy_at >= job.erased_to || job.error != WIRE_OK)
        return false;
    if (source >= job.copy_at)
        job.error = WIRE_ERR_INVALID;
    if (source >= job.at || job.error != WIRE_OK)
        return false;
    spi_read_begin(source, SPI_READ_MAX);
    if (spi_read_end_blank()) {
        job.copy_at += SPI_PROGRAM_MAX;
    } else {
        job.staged = SPI_PROGRAM_MAX;
        job.staged_copy = true;
    }
    return true;
}

static bool program_staged(void)
{
    size_t n = job.staged;
    uint32_t to = job.staged_copy ? job.copy_at : job.at;
    if (n == 0 || job.erased_to < to + n)
        return false;
    spi_program(to, n);
    job.staged = 0;
    if (job.staged_copy)
        job.copy_at += n;
    else
        advance(n);
    return true;
}

/* Nothing is left to program, and to erase only what turns out not to be blank. */
static bool programmed(void)
{
    return job.at == job.end && job.copy_at == job.end && (job.skip_blank || job.erased_to == job.erase_end);
}

static uint32_t readable_to(void)
{
    return least(flash_write_written(), job.erased_to);
}

/* Reading uses the memory of what is staged. Once everything is programmed the part waits for the CPU, and is read
 * while that computes the MD5: flash_write_compute(). */
static bool read_back(void)
{
    bool read = !programmed() && digest_read(readable_to());
    if (read)
        job.staged = 0;
    return read;
}

/* Begins the next operation of the part, which is not busy. Returns false if there is none. */
static bool begin_operation(void)
{
    go_to_next_copy();
    bool worked = read_back();
    while (job.staged == 0 && (stage_next() || stage_copy()))
        worked = true;
    return program_staged() || worked || erase_ahead();
}

/* Inflating. */

COLD static void take_plan(void)
{
    size_t n = n_ready() < job.plan_left ? n_ready() : job.plan_left;
    plan_add(ready_bytes(), n);
    job.taken += n;
    job.plan_left -= n;
}

static void inflate_stretch(void)
{
    const uint8_t *out;
    size_t n_out;
    enum inflate_status status = inflate_run(&inflate, &job.in, job.in_end, &out, &n_out);
    job.inflate_has_more = status == INFLATE_HAS_OUTPUT;
    job.stream_ended = status == INFLATE_DONE;
    if (status == INFLATE_BROKEN)
        job.error = WIRE_ERR_INFLATE;
    else if (job.stream_ended && job.in != job.in_end)
        job.error = WIRE_ERR_TOO_MUCH;
    if (job.plan_left > 0)
        take_plan();
    if (n_ready() > job.end - job.at)
        job.error = WIRE_ERR_TOO_MUCH;
}

static bool may_inflate(void)
{
    return job.deflated && (job.in != job.in_end || job.inflate_has_more) &&
           n_ready() <= INFLATE_WINDOW - INFLATE_STRETCH;
}

/* All of it. */

bool flash_write_takes_data(void)
{
    return !job.open || job.error != WIRE_OK || (job.in == job.in_end && !job.inflate_has_more);
}

static bool everything_written(void)
{
    return job.erased_to == job.erase_end && job.copy_at == job.end &&
           (job.at == job.end || (!job.planned && next_program() == 0));
}

bool flash_write_finished(void)
{
    if (!job.open || job.error != WIRE_OK)
        return true;
    return flash_write_takes_data() && everything_written() && (!job.planned || digest_finished());
}

bool flash_write_verified(void)
{
    return job.open && job.error == WIRE_OK && job.planned && everything_written() && job.stream_ended &&
           digest_finished();
}

bool flash_write_operate(void)
{
    if (flash_write_finished() || job.plan_left > 0)
        return false;
    if (spi_busy()) {
        if (spi_overdue())
            job.error = WIRE_ERR_SLOW;
        if (stage_next())
            return true;
        if (!spi_await_end())
            return false;
    }
    return begin_operation();
}

bool flash_write_compute(void)
{
    if (flash_write_finished())
        return false;
    if (may_inflate()) {
        inflate_stretch();
        return true;
    }
    if (job.planned && programmed() && !spi_running())
        return digest_read_and_add(readable_to());
    return job.planned && digest_add();
}

void flash_write_data(const uint8_t *bytes, size_t n)
{
    if (!job.open || job.error != WIRE_OK || n == 0)
        return;
    job.in = bytes;
    job.in_end = bytes + n;
    if (job.deflated) {
        if (job.stream_ended)
            job.error = WIRE_ERR_TOO_MUCH;
        job.stream_begun = true;
        return;
    }
    size_t left = job.end - job.at;
    if (n > left && !blank(bytes + left, n - left))
        job.error = WIRE_ERR_TOO_MUCH;
    else if (n > left)
        job.in_end = bytes + left;
}

COLD enum wire_error flash_write_end(void)
{
    if (!job.open || job.planned)
        return WIRE_ERR_NOT_FLASHING;
    job.no_more = true;
    while (!flash_write_finished())
        if (!flash_write_operate() && !flash_write_compute())
            spi_pause();
    if (job.error == WIRE_OK && (job.at != job.end || (job.stream_begun && !job.stream_ended)))
        job.error = WIRE_ERR_TOO_LITTLE;
    if (job.error == WIRE_OK)
        job.error = spi_finish();
    return job.error;
}

uint32_t flash_write_erased(void)
{
    return job.erased_to;
}

uint32_t flash_write_written(void)
{
    return least(job.at, job.copy_at);
}

COLD enum wire_error flash_erase(uint32_t offset, uint32_t size)
{
    job.open = false;
    if (offset % SPI_SECTOR != 0 || size % SPI_SECTOR != 0 || !flash_has(offset, size))
        return WIRE_ERR_INVALID;
    plan_begin(offset);
    enum wire_error error = spi_unlock();
    for (uint32_t end = offset + size; offset != end && error == WIRE_OK;)
        error = erase_next(&offset, end);
    return error == WIRE_OK ? spi_finish() : error;
}

COLD enum wire_error flash_erase_all(void)
{
    job.open = false;
    enum wire_error error = spi_unlock();
    if (error == WIRE_OK)
        error = spi_erase_chip();
    return error == WIRE_OK ? spi_finish() : error;
}
