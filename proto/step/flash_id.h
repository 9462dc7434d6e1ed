/* SPDX-License-Identifier: MIT */
/*
 * Step: find out through a running stub which flash part the board has and how large it is, refuse a part that the
 * product cannot have, and set the stub's flash parameters. Nothing is erased or written before that, no status
 * register either. Replies carry no checksum, so what is read is read until it comes twice in a row.
 *
 * - The id, by RDID. If it is all ones or zeros, the part may be busy with what a try before has begun: its status is
 *   read until it is idle. If it still does not answer it is woken, by ABh and FFh, then by 66h and 99h.
 * - The size: by the table of parts (chip/nor_parts.h); of a part that is not there by SFDP; else as the product
 * states.
 * - The unique id of a part that has one.
 *
 * A size by SFDP or by the product is a claim, as the id's is: the step `capacity` checks it before a board passes.
 */
#ifndef PROTO_STEP_FLASH_ID_H
#define PROTO_STEP_FLASH_ID_H

#include "proto/chip/nor.h"
#include "proto/step/repeated_read.h"
#include "proto/step/spi_command.h"
#include "proto/step/step.h"

struct flash_id_parameters {
    uint32_t needed_size; /* bytes the part must have at least */
    /* Bytes of a part whose size neither the table nor SFDP knows; 0: such a part is refused. */
    uint32_t stated_size;
    const uint32_t *accepted; /* ids of the parts that may be used, as nor_id_from_text() gives them; */
    size_t n_accepted;        /* 0: all */
};

struct flash_id {
    struct step base;
    struct flash_id_parameters parameters;
    struct flash_part part; /* its id is not 0 once it was twice the same, also if the step then fails */
    /* Inside. */
    enum {
        FLASH_ID_SAVE,    /* reading the registers to be restored */
        FLASH_ID_COMMAND, /* a command is being given to the part */
        FLASH_ID_RESTORE, /* writing the registers back */
        FLASH_ID_SET_PARAMETERS,
    } phase;
    unsigned purpose; /* of the command: an index into flash_id.c's table */
    unsigned reads;   /* that have ended, of this command */
    size_t n_saved;
    uint32_t saved[SPI_REGISTERS];
    struct repeated_read read;         /* of the register to be restored */
    uint32_t before[SPI_ANSWER_WORDS]; /* answer of the read before */
    uint32_t density_address;          /* in SFDP */
    bool answers;
    uint64_t started; /* µs */
    struct spi_command command;
};

/* Fails with NO_ANSWER, REFUSED, STRAY or DIFFERS of READ_REGISTER; with DIFFERS, SPI_UNFINISHED, FLASH_BUSY,
 * FLASH_ABSENT, FLASH_NOT_ACCEPTED, FLASH_WORD_PROGRAM, FLASH_SIZE_UNKNOWN or FLASH_TOO_SMALL of READ_FLASH_ID; with
 * DIFFERS or SPI_UNFINISHED of READ_SFDP. A unique id that differs is taken for none. */
MUST_CHECK enum step_status flash_id_start(struct flash_id *step, struct session *session,
                                           const struct flash_id_parameters *parameters);
MUST_CHECK enum step_status flash_id_step(struct flash_id *step, const struct session_event *event);

#endif
