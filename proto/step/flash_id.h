/* SPDX-License-Identifier: MIT */
/*
 * Step: read the flash part's JEDEC id through a running stub, check its size, and set the stub's flash parameters.
 * Replies carry no checksum, so the id, and each register that is to be
 * restored, is read until it comes twice in a row. Source: docs/esp8266.md section 4.
 */
#ifndef PROTO_STEP_FLASH_ID_H
#define PROTO_STEP_FLASH_ID_H

#include "proto/chip/nor.h"
#include "proto/step/repeated_read.h"
#include "proto/step/step.h"

struct flash_id_parameters {
    uint32_t needed_size; /* bytes the part must have at least */
};

#define FLASH_ID_SAVED 3 /* registers of the SPI controller that the stub's own routines need as they were */

struct flash_id {
    struct step base;
    struct flash_id_parameters parameters;
    /* Results. */
    bool id_known;          /* twice the same: the next two are set, even if the step fails because of what they say */
    uint32_t id;            /* as read */
    struct flash_part part; /* of `id` */
    /* Inside. */
    enum {
        FLASH_ID_SAVE,    /* reading the registers to be restored */
        FLASH_ID_COMMAND, /* a command is being given to the part */
        FLASH_ID_POLL,    /* until the SPI controller has done it */
        FLASH_ID_FETCH,   /* what the part has answered */
        FLASH_ID_RESTORE, /* writing the registers back */
        FLASH_ID_SET_PARAMETERS,
    } phase;
    /* A busy part does not tell its id: then its status is read until it is idle, and the id once more. */
    enum { FLASH_ID_READ, FLASH_ID_AWAIT_IDLE, FLASH_ID_READ_AGAIN } purpose;
    struct repeated_read read; /* of the register or the id at work */
    unsigned polls;            /* of this command */
    size_t n_saved;
    uint32_t saved[FLASH_ID_SAVED];
    uint64_t started; /* µs */
};

/* Fails with NO_ANSWER, REFUSED, STRAY or DIFFERS of READ_REGISTER; DIFFERS, SPI_UNFINISHED, FLASH_BUSY, FLASH_ABSENT,
 * FLASH_SIZE_UNKNOWN or FLASH_TOO_SMALL of READ_FLASH_ID. */
MUST_CHECK enum step_status flash_id_start(struct flash_id *step, struct session *session,
                                           const struct flash_id_parameters *parameters);
MUST_CHECK enum step_status flash_id_step(struct flash_id *step, const struct session_event *event);

#endif
