/* SPDX-License-Identifier: MIT */
/* Step: read the chip's magic word and efuses. Replies carry no checksum, so all registers are read twice and must
 * agree. It takes no parameters. */
#ifndef PROTO_STEP_CHIP_ID_H
#define PROTO_STEP_CHIP_ID_H

#include "proto/chip/identity.h"
#include "proto/step/step.h"

struct chip_id {
    struct step base;
    /* Results. */
    struct chip_identity identity;        /* DONE */
    uint32_t words[1 + CHIP_EFUSE_WORDS]; /* DONE, WRONG_VALUE and UNKNOWN_OUI: magic word, efuses */
    /* Inside. */
    unsigned pass; /* 0, 1 */
    size_t at;     /* register of this pass */
};

/* Fails with NO_ANSWER, REFUSED, STRAY or DIFFERS of READ_REGISTER; WRONG_VALUE if the magic word is another chip's;
 * UNKNOWN_OUI. */
MUST_CHECK enum step_status chip_id_start(struct chip_id *step, struct session *session);
MUST_CHECK enum step_status chip_id_step(struct chip_id *step, const struct session_event *event);

#endif
