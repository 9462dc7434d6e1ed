/* SPDX-License-Identifier: MIT */
/* Step: have the chip read back each part of the image after it was written, and compare the MD5s. */
#ifndef PROTO_STEP_VERIFY_H
#define PROTO_STEP_VERIFY_H

#include "proto/image/golden.h"
#include "proto/step/step.h"

struct verify_parameters {
    const struct golden *golden;
    uint32_t capabilities; /* of the stub */
};

struct verify {
    struct step base;
    struct verify_parameters parameters;
    size_t part; /* all before it are right */
};

/* Fails with NO_ANSWER, REFUSED, STRAY, MALFORMED or MISMATCH of VERIFY. */
MUST_CHECK enum step_status verify_start(struct verify *step, struct session *session,
                                         const struct verify_parameters *parameters);
MUST_CHECK enum step_status verify_step(struct verify *step, const struct session_event *event);

#endif
