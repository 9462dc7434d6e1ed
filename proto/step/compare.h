/* SPDX-License-Identifier: MIT */
/*
 * Step: find out whether the flash holds the image already. With no write after it, its answer alone makes the verdict.
 * Where nothing ties an MD5 to its range, all are asked for once more: the same damage does not come twice.
 */
#ifndef PROTO_STEP_COMPARE_H
#define PROTO_STEP_COMPARE_H

#include "proto/image/golden.h"
#include "proto/step/step.h"

struct compare_parameters {
    const struct golden *golden;
    uint32_t capabilities; /* of the stub */
};

struct compare {
    struct step base;
    struct compare_parameters parameters;
    bool equal; /* result, DONE. An error in a reply, or an odd one, counts as a difference: a write is always right */
    size_t range;
    unsigned pass;
};

/* Fails with NO_ANSWER or STRAY of COMPARE. */
MUST_CHECK enum step_status compare_start(struct compare *step, struct session *session,
                                          const struct compare_parameters *parameters);
MUST_CHECK enum step_status compare_step(struct compare *step, const struct session_event *event);

#endif
