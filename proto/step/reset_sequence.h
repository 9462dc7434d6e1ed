/* SPDX-License-Identifier: MIT */
/* Step: a sequence of changes of the modem lines, at a baud rate. Source: docs/esp8266.md section 2. */
#ifndef PROTO_STEP_RESET_SEQUENCE_H
#define PROTO_STEP_RESET_SEQUENCE_H

#include "proto/step/step.h"

/* After each of them both lines are released. */
enum line_sequence {
    RESET_CLASSIC, /* into download mode */
    RESET_TIGHT,   /* the same for circuits with a large capacitor at EN, and for adapters that change the two lines one
                      after the other */
    RESET_RUN,     /* into the firmware */
    RELEASE_LINES, /* no reset */
};

struct reset_sequence_parameters {
    uint32_t baud; /* to be set first; 0: the rate stays */
    enum line_sequence lines;
    bool long_gpio0; /* GPIO0 is low for 500 ms more, for boards whose reset rises slowly */
};

/* The session forgets what it heard when the board comes out of a reset into download mode, and at no other time. */
struct reset_sequence {
    struct step base;
    struct reset_sequence_parameters parameters;
    uint64_t heard; /* result: bytes that the session has forgotten */
    size_t at;      /* in the sequence */
};

/* Fails with PORT_ERROR alone, of SET_BAUD or MODEM_LINES. */
MUST_CHECK enum step_status reset_sequence_start(struct reset_sequence *step, struct session *session,
                                                 const struct reset_sequence_parameters *parameters);
MUST_CHECK enum step_status reset_sequence_step(struct reset_sequence *step, const struct session_event *event);

#endif
