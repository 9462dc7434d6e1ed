/* SPDX-License-Identifier: MIT */
/* Step: upload a stub through the ROM loader, start it, and ask it for its name and capabilities. Source:
 * docs/esp8266.md section 2. */
#ifndef PROTO_STEP_STUB_UPLOAD_H
#define PROTO_STEP_STUB_UPLOAD_H

#include "proto/image/stub_image.h"
#include "proto/step/repeated_read.h"
#include "proto/step/step.h"

struct stub_upload_parameters {
    const struct stub_image *stub;
    bool hasty; /* fails after 1 s in which nothing has got through: the caller has a slower rate to fall back on */
};

/* From the stub's greeting on the session has a stray_limit: a stub sends only replies, and during a
 * stream its statuses. */
struct stub_upload {
    struct step base;
    struct stub_upload_parameters parameters;
    /* Results. */
    bool running;          /* it has sent its greeting */
    uint32_t capabilities; /* DONE: WIRE_CAN_RESEND, …; 0 for a stub without our extension */
    char name[64];         /* DONE: as the stub says, or else as the image is called */
    /* Inside. */
    enum {
        STUB_UPLOAD_BEGIN,    /* MEM_BEGIN is asked for */
        STUB_UPLOAD_BLOCK,    /* MEM_DATA is asked for */
        STUB_UPLOAD_FENCE,    /* a register is asked for: no answer to what was sent before can come after its own */
        STUB_UPLOAD_END,      /* MEM_END is asked for; the greeting is accepted in place of its answer */
        STUB_UPLOAD_GREETING, /* listening */
        STUB_UPLOAD_INFO,     /* STUB_INFO is asked for */
    } phase;
    size_t segment, block;
    uint32_t uploaded, block_size; /* bytes of this segment: there, and sent at a time */
    unsigned resends;              /* of this block */
    unsigned starts;               /* MEM_ENDs */
    struct repeated_read info;     /* of the answers to STUB_INFO */
    uint64_t greeting_deadline;    /* µs */
};

/* Fails with NO_ANSWER, REFUSED, STRAY or STUB_DAMAGED of UPLOAD_STUB, REFUSED of START_STUB, NO_ANSWER of
 * AWAIT_GREETING. */
MUST_CHECK enum step_status stub_upload_start(struct stub_upload *step, struct session *session,
                                              const struct stub_upload_parameters *parameters);
MUST_CHECK enum step_status stub_upload_step(struct stub_upload *step, const struct session_event *event);

#endif
