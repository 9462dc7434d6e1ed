/* SPDX-License-Identifier: MIT */
/* Step: change the baud rate of a running stub and of the adapter, and read a register often enough to trust it. */
#ifndef PROTO_STEP_BAUD_H
#define PROTO_STEP_BAUD_H

#include "proto/step/step.h"

struct baud_parameters {
    uint32_t baud, old_baud;
};

enum baud_phase {
    BAUD_REQUEST, /* CHANGE_BAUDRATE is asked for */
    BAUD_SET,     /* the adapter gets the new rate */
    BAUD_SETTLE,  /* until the stub has it too */
    BAUD_CHECK,   /* a register is being read */
    BAUD_RETURN,  /* the adapter gets the old rate: the request has got lost */
};

struct baud {
    struct step base;
    struct baud_parameters parameters;
    enum baud_phase phase;
    unsigned requests;             /* of the change, so far */
    bool answered;                 /* the latest of them, well */
    unsigned checks, wrong_checks; /* readings of the register that were right, and that were not */
};

/* Fails with NO_ANSWER, REFUSED, STRAY, PORT_ERROR or WRONG_VALUE, all of CHANGE_BAUD. An adapter that cannot do the
 * rate fails with EINVAL, or with ERANGE where the rate was read back. */
MUST_CHECK enum step_status baud_start(struct baud *step, struct session *session,
                                       const struct baud_parameters *parameters);
MUST_CHECK enum step_status baud_step(struct baud *step, const struct session_event *event);

#endif
