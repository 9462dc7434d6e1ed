/* SPDX-License-Identifier: MIT */
/* Step: write the image, compressed, through a running stub. */
#ifndef PROTO_STEP_WRITE_H
#define PROTO_STEP_WRITE_H

#include "proto/image/golden.h"
#include "proto/step/step.h"

struct write_parameters {
    const struct golden *golden;
    uint32_t capabilities; /* of the stub */
};

struct write {
    struct step base;
    struct write_parameters parameters;
    size_t part, block; /* of the image, at work: all before them are acknowledged */
    enum { WRITE_BEGIN, WRITE_BLOCK, WRITE_END } phase;
    unsigned resends; /* of this block, after it came damaged */
};

/* Fails with NO_ANSWER, REFUSED or STRAY of BEGIN_WRITE, WRITE_BLOCK or END_WRITE. */
MUST_CHECK enum step_status write_start(struct write *step, struct session *session,
                                        const struct write_parameters *parameters);
MUST_CHECK enum step_status write_step(struct write *step, const struct session_event *event);

#endif
