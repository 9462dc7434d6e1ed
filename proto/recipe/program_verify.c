/* SPDX-License-Identifier: MIT */
/*
 * What the flash holds, as the chip reads it: before anything is erased, and after all was written.
 *
 * Neither requests nor replies carry a checksum. A damaged MD5 is a wrong one, but the right MD5 may be that of another
 * range with the same content: a late answer, or one to a request whose address was damaged. A stub that tells the
 * address is believed at once. With any other a range is asked for again only if nothing is asked for behind it.
 */
#include "proto/recipe/program_internal.h"

#include <string.h>

/* 3.3 s of SPI and 1.2 s of CPU for 4 MB (esp8266.md section 6), doubled. */
#define BASE_TIMEOUT  (3 * S)
#define MD5_US_PER_KB 2200ULL

static bool tells_address(const struct flash *flash)
{
    return flash->stub_capabilities & WIRE_TELLS_ADDRESS;
}

void flash_request_md5(struct flash *flash, uint32_t offset, uint32_t size, bool last)
{
    const uint32_t words[] = {offset, size, 0, 0};
    flash_request_words(flash, WIRE_SPI_FLASH_MD5, words, 4, BASE_TIMEOUT + size / 1024 * MD5_US_PER_KB,
                        last || tells_address(flash) ? 2 : 1);
    if (tells_address(flash))
        session_expect(flash->session, offset);
}

static bool is_md5(const struct session_event *event, const uint8_t md5[16])
{
    return event->wire_error == WIRE_OK && event->len == 16 && memcmp(event->data, md5, 16) == 0;
}

/* A try after one that has begun to write writes again: it knows that the flash is not right. */
static bool wants_compare(const struct flash *flash)
{
    return flash->job->compare_first && !flash->written;
}

/* With no write behind it, this answer alone makes the verdict. Where nothing ties it to its range, all are asked for
 * once more: the same damage does not come twice. */
void flash_step_compare(struct flash *flash, const struct session_event *event)
{
    const struct golden *golden = flash->job->golden;
    if (event->kind == SESSION_STARTED) {
        if (!wants_compare(flash)) {
            flash_enter(flash, FLASH_WRITE);
            return;
        }
        flash->at.range = 0;
        flash->at.pass = 0;
    } else if (event->kind != SESSION_REPLY) {
        flash_good(flash, event, "comparing", CAUSE_LINK_LOST, CAUSE_LINK_LOST);
        return;
    } else if (!is_md5(event, golden->ranges[flash->at.range].md5)) {
        /* Nor is an error or a damaged answer a reason to stop: to write is always right. */
        flash_enter(flash, FLASH_WRITE);
        return;
    } else if (++flash->at.range == golden->n_ranges) {
        flash->at.range = 0;
        if (tells_address(flash) || ++flash->at.pass == 2) {
            flash_enter(flash, FLASH_SIZE);
            return;
        }
    }
    const struct golden_range *range = &golden->ranges[flash->at.range];
    flash_request_md5(flash, range->offset, range->size, false);
}

void flash_fail_mismatch(struct flash *flash)
{
    const struct golden_part *part = &flash->job->golden->parts[flash->at.part];
    flash_fail(flash, CAUSE_MD5_MISMATCH, "%s at 0x%x", part->name, part->offset);
}

static void request_part(struct flash *flash)
{
    const struct golden_part *part = &flash->job->golden->parts[flash->at.part];
    flash_request_md5(flash, part->offset, part->flash_size, false);
}

void flash_step_verify(struct flash *flash, const struct session_event *event)
{
    const struct golden *golden = flash->job->golden;
    if (event->kind == SESSION_STARTED) {
        flash->at.part = 0;
        request_part(flash);
        return;
    }
    if (!flash_good(flash, event, "verifying", CAUSE_WRITE_FAILED, CAUSE_LINK_LOST))
        return;
    const struct golden_part *part = &golden->parts[flash->at.part];
    if (event->len != sizeof(part->md5))
        flash_fail(flash, CAUSE_REPLY_MALFORMED, "MD5 of %zu bytes", event->len);
    else if (!is_md5(event, part->md5)) {
        flash->at.mismatch = true;
        flash_enter(flash, FLASH_SIZE);
    } else if (++flash->at.part < golden->n_parts)
        request_part(flash);
    else
        flash_enter(flash, FLASH_SIZE);
}
