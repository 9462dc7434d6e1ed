/* SPDX-License-Identifier: MIT */
/* stub/spi.h on a flash part of an array that knows a part's rules, and takes the next command only when it has been
 * looked at often enough. */
#ifndef TESTS_UNIT_STUB_SPI_FAKE_H
#define TESTS_UNIT_STUB_SPI_FAKE_H

#include "stub/blank.h"
#include "stub/spi.h"

#include <assert.h>
#include <string.h>

#ifndef PART_SIZE
#    define PART_SIZE (256 * 1024)
#endif

static struct {
    uint8_t bytes[PART_SIZE];
    bool programmed[PART_SIZE]; /* since its erase */
    bool locked, stays_locked, dies;
    unsigned busy; /* looks until it is done */
    unsigned sectors, blocks, programs, chips, reads;
    uint32_t fails_at; /* erases here do */
    uint8_t staged[SPI_PROGRAM_MAX];
    size_t n_staged;
    uint32_t stuck; /* a byte that is 0 whatever is programmed; 0: none */
    uint32_t divider;
    bool dual;
} part;

bool spi_busy(void)
{
    if (part.dies)
        return true;
    return part.busy > 0 && part.busy-- > 0;
}

bool spi_running(void)
{
    return part.busy > 0;
}

bool spi_overdue(void)
{
    return part.dies;
}

bool spi_ends_soon(void)
{
    return false;
}

bool spi_await_end(void)
{
    return false;
}

void spi_pause(void)
{
}

enum wire_error spi_finish(void)
{
    part.busy = 0;
    return part.dies ? WIRE_ERR_SLOW : WIRE_OK;
}

enum wire_error spi_unlock(void)
{
    if (part.stays_locked)
        return WIRE_ERR_UNLOCK;
    part.locked = false;
    return spi_finish();
}

static enum wire_error erase(uint32_t address, uint32_t size)
{
    enum wire_error error = spi_finish();
    if (error != WIRE_OK)
        return error;
    if (part.fails_at >= address && part.fails_at < address + size)
        return WIRE_ERR_SPI;
    assert(!part.locked);
    assert(address % size == 0);
    assert(address + size <= PART_SIZE);
    memset(part.bytes + address, 0xff, size);
    memset(part.programmed + address, 0, size * sizeof(bool));
    part.busy = 3;
    return WIRE_OK;
}

enum wire_error spi_erase_sector(uint32_t address)
{
    part.sectors++;
    return erase(address, SPI_SECTOR);
}

enum wire_error spi_erase_block(uint32_t address)
{
    part.blocks++;
    return erase(address, SPI_BLOCK);
}

enum wire_error spi_erase_chip(void)
{
    part.chips++;
    return erase(0, PART_SIZE);
}

void spi_stage(const uint8_t *bytes, size_t n)
{
    assert(n > 0);
    assert(n <= SPI_PROGRAM_MAX);
    memcpy(part.staged, bytes, n);
    part.n_staged = n;
}

void spi_program(uint32_t address, size_t n)
{
    assert(part.busy == 0);
    assert(part.n_staged == n);
    assert(!part.locked);
    assert(address % SPI_PAGE + n <= SPI_PAGE);
    for (size_t i = 0; i < n; i++) {
        assert(!part.programmed[address + i]);
        part.programmed[address + i] = true;
        part.bytes[address + i] &= part.staged[i];
    }
    if (part.stuck != 0 && part.stuck >= address && part.stuck < address + n)
        part.bytes[part.stuck] = 0;
    part.n_staged = 0;
    part.programs++;
    part.busy = 1;
}

/* Goes through the memory of what is staged. */
enum wire_error spi_read(uint32_t address, uint32_t *words, size_t n)
{
    enum wire_error error = spi_finish();
    assert(address + n <= PART_SIZE);
    memcpy(words, part.bytes + address, n);
    part.n_staged = 0;
    part.reads++;
    return error;
}

static struct {
    uint32_t address;
    size_t n;
} reading;

void spi_read_begin(uint32_t address, size_t n)
{
    assert(part.busy == 0);
    assert(n > 0 && n <= SPI_READ_MAX);
    reading.address = address;
    reading.n = n;
    part.n_staged = 0;
}

void spi_read_end(uint32_t *words, size_t n)
{
    assert(n == reading.n);
    (void)spi_read(reading.address, words, n);
}

bool spi_read_end_blank(void)
{
    uint32_t words[SPI_READ_MAX / 4];
    spi_read_end(words, SPI_READ_MAX);
    if (blank((const uint8_t *)words, SPI_READ_MAX))
        return true;
    spi_stage((const uint8_t *)words, SPI_READ_MAX);
    return false;
}

void spi_read_faster(uint32_t flags)
{
    part.divider = (flags & WIRE_STREAM_DIVIDER) >> WIRE_STREAM_DIVIDER_SHIFT;
    part.dual = flags & WIRE_STREAM_DUAL;
}

void spi_read_slowly(void)
{
    part.divider = 0;
    part.dual = false;
}

#endif
