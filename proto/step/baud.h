/* SPDX-License-Identifier: MIT */
/* Step: change the baud rate of a running stub and of the adapter, and read a register often enough to trust it. */
#ifndef PROTO_STEP_BAUD_H
#define PROTO_STEP_BAUD_H

#include "proto/step/step.h"

struct baud_parameters {
    uint32_t baud, old_baud;
};

struct baud {
    struct step base;
    struct baud_parameters parameters;
    enum { BAUD_REQUEST, BAUD_SET, BAUD_SETTLE, BAUD_CHECK } phase;
    unsigned checks; /* registers read so far */
};

/* Fails with NO_ANSWER, REFUSED, STRAY, PORT_ERROR or WRONG_VALUE, all of CHANGE_BAUD. An adapter that cannot do the
 * rate fails with EINVAL, or with ERANGE where the rate was read back. */
MUST_CHECK enum step_status baud_start(struct baud *step, struct session *session,
                                       const struct baud_parameters *parameters);
MUST_CHECK enum step_status baud_step(struct baud *step, const struct session_event *event);

#endif
