/* SPDX-License-Identifier: MIT */
/*
 * Step: find out whether the flash holds the image already, and if not, which sectors of it. With no write after it,
 * its answer alone makes the verdict. Where nothing ties an MD5 to its range, all are asked for once more: the same
 * damage does not come twice.
 *
 * A stub with WIRE_CAN_DIGEST_SECTORS tells sums of sectors with each MD5. They are hints: `right` says what need not
 * be written, and the MD5 after that write decides. A board of which no sector with content is right in the heads of
 * the parts has other firmware, and is not read further.
 */
#ifndef PROTO_STEP_COMPARE_H
#define PROTO_STEP_COMPARE_H

#include "proto/image/golden.h"
#include "proto/image/sector_set.h"
#include "proto/step/step.h"

struct compare_parameters {
    const struct golden *golden;
    uint32_t capabilities; /* of the stub */
    uint32_t read_flags;   /* WIRE_STREAM_DUAL and the divider: for sums of sectors */
};

struct compare {
    struct step base;
    struct compare_parameters parameters;
    bool equal; /* result, DONE. An error in a reply, or an odd one, counts as a difference: a write is always right */
    size_t range;
    unsigned pass;
    bool differs;  /* an MD5 was not the golden one */
    bool familiar; /* a sector that is not blank is right */
    struct sector_set
        right; /* result, if not `equal`: sectors that seem to be right. Empty if there is no use in them */
};

/* Fails with NO_ANSWER or STRAY of COMPARE. */
MUST_CHECK enum step_status compare_start(struct compare *step, struct session *session,
                                          const struct compare_parameters *parameters);
MUST_CHECK enum step_status compare_step(struct compare *step, const struct session_event *event);

#endif
