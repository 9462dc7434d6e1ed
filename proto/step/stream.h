/* SPDX-License-Identifier: MIT */
/*
 * Step: write the image and read it back, as a stream (docs/stub-protocol.md): frames are sent as far as the stub
 * allows, and only those that are missing are sent again. The stub programs, erases and reads back meanwhile. Needs a
 * stub that has WIRE_CAN_STREAM.
 */
#ifndef PROTO_STEP_STREAM_H
#define PROTO_STEP_STREAM_H

#include "proto/image/golden.h"
#include "proto/image/update.h"
#include "proto/step/step.h"

struct stream_parameters {
    const struct golden *golden;
    const struct update *update; /* of it, where sectors are kept; NULL: all is written */
    uint32_t flags;              /* WIRE_STREAM_DUAL, … */
};

/* What is sent for a part of the image. */
const struct stream_data *stream_data_of(const struct stream_parameters *parameters, size_t part);

/* Whether the flash will wait for the line: then copies fill the time (WIRE_STREAM_COPIES_LATE). Otherwise the data
 * waits for the flash, and copies in the order of their addresses let the reading back keep up. */
bool stream_line_is_slower(const struct stream_parameters *parameters, uint32_t baud);

/* Frames under way at any time: more than a stub ever allows. A power of two. */
#define STREAM_WINDOW 64

struct stream {
    struct step base;
    struct stream_parameters parameters;
    size_t part;                          /* of the image, at work: all before it are written */
    const struct golden_part *mismatched; /* the first whose MD5 is not its own; NULL: none */
    unsigned begins;                      /* STREAM_BEGINs of this part */
    bool begun;                           /* one is answered */

    struct stream_data data; /* of the part, as it was when it began: golden_replace_stream() */
    uint32_t n_frames;
    uint32_t next;     /* all frames before it are acknowledged */
    uint32_t fresh;    /* the first that was never sent */
    uint32_t limit;    /* the first that may not be sent yet */
    uint64_t received; /* bit i: frame next + i is acknowledged too */
    /* Frames and polls are counted as they are sent. What was sent before something that has arrived, and is not
     * acknowledged, is lost. */
    uint32_t count, arrived, sent_as[STREAM_WINDOW], poll_sent_as;
    uint8_t poll; /* the latest */
    bool sending; /* the line does not have all of the latest frames yet */

    uint32_t erased, written, verified; /* addresses in flash, as the stub has told */
    uint64_t heard, progressed;         /* when a status came, and one with something new in it */
    unsigned resends;                   /* of the whole image: frames sent again */
};

/* Fails with NO_ANSWER, REFUSED or STRAY of BEGIN_WRITE or STREAM; MISMATCH of VERIFY: all is written, and the MD5 of a
 * part is not its own. */
MUST_CHECK enum step_status stream_start(struct stream *step, struct session *session,
                                         const struct stream_parameters *parameters);
MUST_CHECK enum step_status stream_step(struct stream *step, const struct session_event *event);

#endif
