/* SPDX-License-Identifier: MIT */
#include "proto/image/stream_time.h"

#include "proto/link/duration.h"

#define BITS_PER_BYTE 10
#define ERASE_BLOCK   (150 * MS)
#define ERASE_SECTOR  (45 * MS)
#define PROGRAM_PAGE  850  /* in four pieces, with their transfers */
#define READ_SECTOR   1000 /* into the MD5: more than the flash takes */

uint64_t stream_line_us(const struct stream_data *data, uint32_t baud)
{
    return data->size * BITS_PER_BYTE * S / baud;
}

uint64_t stream_flash_us(const struct stream_data *data, bool erases)
{
    uint64_t us = (uint64_t)data->pages * PROGRAM_PAGE + (uint64_t)data->sectors * READ_SECTOR;
    if (erases)
        us += data->erased_blocks * ERASE_BLOCK + data->erased_sectors * ERASE_SECTOR;
    return us;
}

uint64_t stream_us(const struct stream_data *data, uint32_t baud, bool erases)
{
    uint64_t line = stream_line_us(data, baud), flash = stream_flash_us(data, erases);
    return 1 + (line > flash ? line : flash);
}
