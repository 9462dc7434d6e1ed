/* SPDX-License-Identifier: MIT */
/* Sends the content of the flash, or its digest, to the host. */
#include "stub/command.h"
#include "stub/flash_write.h"
#include "stub/region_digest.h"
#include "stub/rom.h"
#include "stub/spi.h"
#include "stub/uart.h"

static uint32_t piece[SPI_READ_MAX / 4];

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

enum wire_error command_flash_md5(const struct request *request, struct reply *reply)
{
    uint32_t at = request_word(request, 0), size = request_word(request, 1);
    reply->value = at;
    reply->size = 16;
    if (!flash_has(at, size))
        return WIRE_ERR_INVALID;
    return region_digest(at, size, reply->data, NULL);
}

/* The sums lie behind the request in the frame's memory: no frame is received meanwhile. */
enum wire_error command_digest_sectors(const struct request *request, struct reply *reply)
{
    uint32_t at = request_word(request, 0), size = request_word(request, 1), flags = request_word(request, 2);
    uint32_t n = (size + SPI_SECTOR - 1) / SPI_SECTOR;
    reply->value = at;
    reply->size = 16;
    reply->more = frame_spare();
    reply->n_more = n * sizeof(uint32_t);
    if (at % SPI_SECTOR != 0 || size == 0 || size > WIRE_DIGEST_SECTORS_MAX * SPI_SECTOR || !flash_has(at, size) ||
        flags & ~(WIRE_STREAM_DUAL | WIRE_STREAM_DIVIDER))
        return WIRE_ERR_INVALID;
    spi_read_faster(flags);
    enum wire_error error = region_digest(at, size, reply->data, (uint32_t *)frame_spare());
    spi_read_slowly();
    return error;
}

static bool send_block(uint32_t at, uint32_t size, struct rom_md5 *md5)
{
    frame_begin();
    for (uint32_t end = at + size; at != end;) {
        /* In small pieces, so that the UART's FIFO does not become empty during a read. */
        size_t n = least(SPI_READ_MAX, end - at);
        if (spi_read(at, piece, n) != WIRE_OK)
            return false;
        frame_add(piece, n);
        MD5Update(md5, (const uint8_t *)piece, n);
        at += n;
    }
    frame_end();
    return true;
}

/* The host acknowledges with a bare frame that contains the number of bytes received so far. Any other frame is a
 * request: the host has given up or starts again. */
static bool take_ack(uint32_t sent, uint32_t *acknowledged)
{
    const struct frame *frame = frame_receive();
    if (!frame) {
        uart_wait();
        return true;
    }
    if (frame->size != 4) {
        frame_give_back();
        return false;
    }
    const struct request ack = {.data = frame->bytes};
    uint32_t so_far = request_word(&ack, 0);
    if (so_far > *acknowledged && so_far <= sent)
        *acknowledged = so_far;
    return true;
}

/* A tty of Linux holds about as much for a host that is slow to read, and the rest may be lost. esptool, which reads
 * slowly, asks for 64 blocks of 4 KB in flight. */
#define UNREAD_MAX 4096

static void stream(const struct request *request)
{
    uint32_t at = request_word(request, 0), size = request_word(request, 1);
    uint32_t block = request_word(request, 2), in_flight = request_word(request, 3);
    uint32_t unread_max = least(in_flight, UNREAD_MAX / block) * block;
    uint32_t sent = 0, acknowledged = 0;
    struct rom_md5 md5;
    MD5Init(&md5);
    while (acknowledged < size) {
        if (sent == acknowledged || (sent < size && sent + block <= acknowledged + unread_max)) {
            uint32_t n = least(block, size - sent);
            if (!send_block(at + sent, n, &md5))
                return;
            sent += n;
        } else if (!take_ack(sent, &acknowledged)) {
            return;
        }
    }
    uint8_t digest[16];
    MD5Final(digest, &md5);
    frame_send(digest, sizeof(digest));
}

enum wire_error command_read_flash(const struct request *request, struct reply *reply)
{
    if (!flash_has(request_word(request, 0), request_word(request, 1)))
        return WIRE_ERR_INVALID;
    if (request_word(request, 2) == 0 || request_word(request, 3) == 0)
        return WIRE_ERR_BLOCK_SIZE;
    reply->then = stream;
    return WIRE_OK;
}
