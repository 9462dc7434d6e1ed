/* SPDX-License-Identifier: MIT */
#include "proto/step/digest.h"

#include "proto/link/bytes.h"
#include "proto/link/duration.h"

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
