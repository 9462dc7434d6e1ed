/* SPDX-License-Identifier: MIT */
/*
 * Step: read the chip's magic word and efuses. Replies carry no checksum, so all registers are read in passes until one
 * pass has read nothing else than the one before. On a line that flips one bit in each of 5,000 bytes, about two boards
 * in ten million would be identified wrongly: the same bit of the same register would have to flip in both passes. It
 * takes no parameters.
 */
#ifndef PROTO_STEP_CHIP_ID_H
#define PROTO_STEP_CHIP_ID_H

#include "proto/chip/identity.h"
#include "proto/step/step.h"

#define CHIP_ID_PASSES 6 /* at most */

struct chip_id {
    struct step base;
    /* Results. */
    struct chip_identity identity;        /* DONE */
    uint32_t words[1 + CHIP_EFUSE_WORDS]; /* DONE, WRONG_VALUE and UNKNOWN_OUI: magic word, efuses */
    /* Inside. */
    unsigned passes;      /* ended */
    size_t at;            /* register of this pass */
    unsigned differences; /* of this pass from the one before */
    size_t differing;     /* the register that differed last */
    uint32_t before;      /* and its value in the pass before */
};

/* Fails with NO_ANSWER, REFUSED, STRAY or DIFFERS of READ_REGISTER; WRONG_VALUE if the magic word is another chip's;
 * UNKNOWN_OUI. */
MUST_CHECK enum step_status chip_id_start(struct chip_id *step, struct session *session);
MUST_CHECK enum step_status chip_id_step(struct chip_id *step, const struct session_event *event);

#endif
