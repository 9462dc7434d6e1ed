/* SPDX-License-Identifier: MIT */
/* Step: send SYNC until it is answered. Each chip that speaks the protocol answers it, at whatever rate it listens. The
 * first SYNC after a reset goes into finding out the rate, and is not answered. Source: docs/esp8266.md section 2. */
#ifndef PROTO_STEP_CONNECT_H
#define PROTO_STEP_CONNECT_H

#include "proto/step/step.h"

#include <limits.h>

#define LOADER_BAUD 115200 /* the ROM adapts itself to the first SYNC; every adapter and line can do this rate */

#define CONNECT_FOREVER UINT_MAX

struct connect_parameters {
    uint32_t baud;    /* to be set first; 0: the rate stays */
    uint64_t timeout; /* µs, of each SYNC */
    /* Requests before the step fails, if the session has heard a byte, and if it has not. A request ends by a reply
     * that is not accepted, or after its tries. At least 1. */
    unsigned requests, requests_silent;
    unsigned first_tries, later_tries; /* SYNCs sent in the first request, and in each later one */
    bool rom_only;                     /* only the ROM loader's answer is accepted, not that of a running stub */
};

struct connect {
    struct step base;
    struct connect_parameters parameters;
    /* Results. */
    unsigned asked;      /* requests begun: 1 if the first was answered */
    bool rom;            /* DONE: the ROM loader answered. A stub that runs was not reset */
    uint32_t value;      /* DONE: of the answer */
    uint64_t unexpected; /* FAILED: bytes that came in place of answers after the first request; before its end a
                            banner may come late */
    /* Inside. */
    uint64_t heard_first; /* bytes the session had heard at the end of the first request */
};

/* Fails with NO_ANSWER to SYNC, or with PORT_ERROR of SET_BAUD. */
MUST_CHECK enum step_status connect_start(struct connect *step, struct session *session,
                                          const struct connect_parameters *parameters);
MUST_CHECK enum step_status connect_step(struct connect *step, const struct session_event *event);

#endif
