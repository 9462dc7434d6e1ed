/* SPDX-License-Identifier: MIT */
#include "stub/flash_digest.h"

#include "stub/blank.h"
#include "stub/rom.h"
#include "stub/spi.h"

#define PIECE 1024 /* read at once: 0.3 ms in which the part does nothing else */
#define SLICE 64   /* added to the MD5 at once: 20 us; divides PIECE */
_Static_assert(SLICE <= SPI_READ_MAX, "a slice is read at once");

#define SLICES 16 /* at once where neither the part nor the CPU is wanted for anything else: 0.35 ms */

/* What was read and is not yet in the MD5: so many blank bytes, which need no memory, and then those in the ring
 * `piece` from `used` to `n`, both modulo PIECE. So a blank block is read at once, and added while the part erases the
 * next one. */
static uint32_t n_blank, n, used;
static uint32_t piece[PIECE / 4];
static uint32_t read_to, end;
static bool finished;
static struct rom_md5 md5;
static uint8_t result[16];

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

void digest_begin(uint32_t offset, uint32_t size)
{
    read_to = offset;
    end = offset + size;
    n_blank = n = used = 0;
    finished = false;
    MD5Init(&md5);
}

bool digest_read(uint32_t limit)
{
    uint32_t wanted = least(PIECE, end - read_to);
    if (used != n || wanted == 0 || limit < read_to + wanted)
        return false;
    /* The part is not busy: nothing to wait for, and no error. */
    (void)spi_read(read_to, piece, wanted);
    read_to += wanted;
    n = used = 0;
    if (blank((const uint8_t *)piece, wanted))
        n_blank += wanted;
    else
        n = wanted;
    return true;
}

static void add_blank(void)
{
    static const uint32_t ones[SLICE / 4] = {[0 ... SLICE / 4 - 1] = UINT32_MAX};
    uint32_t slice = least(SLICE, n_blank);
    MD5Update(&md5, (const uint8_t *)ones, slice);
    n_blank -= slice;
}

static void add_piece(void)
{
    uint32_t slice = least(SLICE, n - used);
    MD5Update(&md5, (const uint8_t *)piece + used % PIECE, slice);
    used += slice;
}

bool digest_add(void)
{
    if (n_blank > 0) {
        add_blank();
    } else if (used != n) {
        add_piece();
    } else if (read_to == end && !finished) {
        MD5Final(result, &md5);
        finished = true;
    } else {
        return false;
    }
    return true;
}

/* Returns false if there was nothing to do. */
static bool read_and_add_slice(uint32_t limit)
{
    uint32_t wanted = least(SLICE, end - read_to);
    if (wanted == 0 || read_to + wanted > limit || n - used > PIECE - SLICE)
        return digest_add();
    spi_read_begin(read_to, wanted);
    (void)digest_add();
    spi_read_end(piece + n % PIECE / 4, wanted);
    read_to += wanted;
    n += wanted;
    return true;
}

bool digest_read_and_add(uint32_t limit)
{
    bool worked = false;
    for (unsigned i = 0; i < SLICES; i++)
        worked |= read_and_add_slice(limit);
    return worked;
}

uint32_t digest_at(void)
{
    return read_to - n_blank - (n - used);
}

bool digest_finished(void)
{
    return finished;
}

const uint8_t *digest_result(void)
{
    return result;
}
