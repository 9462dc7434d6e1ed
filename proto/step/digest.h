/* SPDX-License-Identifier: MIT */
/*
 * The MD5 of a range of flash, as the chip reads it: what the steps compare, verify and capacity ask for.
 *
 * Neither requests nor replies carry a checksum. A damaged MD5 is a wrong one, but the right MD5 may be that of another
 * range with the same content: a late answer, or one to a request whose address was damaged. A stub that tells the
 * address (WIRE_TELLS_ADDRESS) is believed at once. With any other a range is asked for again only if nothing is asked
 * for after it.
 */
#ifndef PROTO_STEP_DIGEST_H
#define PROTO_STEP_DIGEST_H

#include "proto/image/golden.h"
#include "proto/step/step.h"

/* Requests the MD5 of `size` bytes at `offset`. `capabilities`: of the stub. `last`: nothing is asked for after it, so
 * a second answer does no harm. */
void digest_request(struct session *session, uint32_t offset, uint32_t size, uint32_t capabilities, bool last);

/* Requests the same with the sums of the sectors: of a stub that has WIRE_CAN_DIGEST_SECTORS, which tells the address.
 * `size`: at most 4 MB. `flags`: WIRE_STREAM_DUAL and the divider. Its reply has digest_sectors_size() bytes of data,
 * first the MD5. */
void digest_request_sectors(struct session *session, uint32_t offset, uint32_t size, uint32_t flags);
size_t digest_sectors_size(uint32_t size);

/* The reply is a good one, and its MD5 is this. */
MUST_CHECK bool digest_is(const struct session_event *event, const uint8_t md5[GOLDEN_MD5_SIZE]);

/* Checks the event as step_check() does, and that a reply has the length of an MD5: MALFORMED. */
MUST_CHECK bool digest_check(struct step *step, const struct session_event *event);

#endif
