/* SPDX-License-Identifier: MIT */
#include "proto/step/digest.h"

#include "proto/link/bytes.h"
#include "proto/link/duration.h"
#include "proto/link/slip.h"

#include <string.h>

/* 3.3 s of SPI and 1.2 s of CPU for 4 MB (docs/esp8266.md section 6), doubled. */
#define BASE_TIMEOUT  (3 * S)
#define MD5_US_PER_KB 2200ULL

void digest_request(struct session *session, uint32_t offset, uint32_t size, uint32_t capabilities, bool last)
{
    bool tells_address = capabilities & WIRE_TELLS_ADDRESS;
    uint8_t data[16] = {0};
    put_le32(data, offset);
    put_le32(data + 4, size);
    session_request(session, WIRE_SPI_FLASH_MD5, data, sizeof(data), BASE_TIMEOUT + size / 1024 * MD5_US_PER_KB,
                    last || tells_address ? 2 : 1);
    if (tells_address)
        session_expect(session, offset);
}

/* 2.9 s for 4 MB at the loader's clock, and half as much again; and the line's time for the reply. */
#define SECTORS_TIMEOUT   (500 * MS)
#define SECTORS_US_PER_KB 1100ULL

size_t digest_sectors_size(uint32_t size)
{
    return GOLDEN_MD5_SIZE + (size + GOLDEN_SECTOR - 1) / GOLDEN_SECTOR * sizeof(uint32_t);
}

void digest_request_sectors(struct session *session, uint32_t offset, uint32_t size, uint32_t flags)
{
    uint8_t data[12];
    uint64_t reply = SLIP_ENCODED_MAX(digest_sectors_size(size)) * 10 * S / session->baud;
    put_le32(data, offset);
    put_le32(data + 4, size);
    put_le32(data + 8, flags);
    session_request(session, WIRE_DIGEST_SECTORS, data, sizeof(data),
                    SECTORS_TIMEOUT + size / 1024 * SECTORS_US_PER_KB + reply, 3);
    session_expect(session, offset);
}

bool digest_is(const struct session_event *event, const uint8_t md5[GOLDEN_MD5_SIZE])
{
    return event->kind == SESSION_REPLY && event->wire_error == WIRE_OK && event->len == GOLDEN_MD5_SIZE &&
           memcmp(event->data, md5, GOLDEN_MD5_SIZE) == 0;
}

bool digest_check(struct step *step, const struct session_event *event)
{
    if (!step_check(step, event))
        return false;
    if (event->len == GOLDEN_MD5_SIZE)
        return true;
    step->evidence.kind = EVIDENCE_MALFORMED;
    step->evidence.count = event->len;
    return false;
}
