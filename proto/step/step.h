/* SPDX-License-Identifier: MIT */
/*
 * What every step of a recipe has in common. A step is one piece of work on a chip, such as "reset into the loader" or
 * "read the flash id". It knows its session, and neither a recipe nor a cause. All steps have one form:
 *
 *     enum step_status X_start(struct X *step, struct session *session, const struct X_parameters *parameters);
 *     enum step_status X_step(struct X *step, const struct session_event *event);
 *
 * X_start() forgets what `step` held before and copies `parameters`; what these point to must outlive the step. Each of
 * the two returns
 *   STEP_RUNNING  the session was asked for exactly one thing, and the next event of the session goes to X_step();
 *   STEP_DONE     the results are in the struct; the session was asked for nothing;
 *   STEP_FAILED   base.evidence tells what was seen; the session was asked for nothing.
 * After DONE or FAILED only X_start() may be called. `struct X` begins with `struct step base`, its results may be read
 * at any time and are written by these two functions alone. Steps allocate nothing. Times are microseconds.
 */
#ifndef PROTO_STEP_STEP_H
#define PROTO_STEP_STEP_H

#include "proto/link/check.h"
#include "proto/link/session.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum step_status { STEP_RUNNING, STEP_DONE, STEP_FAILED };

/* X(name): what a step was doing. In brackets the members of struct evidence that tell more about it. */
#define OPERATIONS(X)                                                                                                  \
    X(NONE)                                                                                                            \
    X(SET_BAUD) /* of the adapter [values: baud] */                                                                    \
    X(MODEM_LINES)                                                                                                     \
    X(SYNC)                                                                                                            \
    X(READ_REGISTER) /* and the writes to registers that belong to it [address] */                                     \
    X(UPLOAD_STUB)                                                                                                     \
    X(START_STUB)                                                                                                      \
    X(AWAIT_GREETING)                                                                                                  \
    X(CHANGE_BAUD) /* of stub and adapter, and whether they understand each other [values: baud] */                    \
    X(READ_FLASH_ID)                                                                                                   \
    X(READ_SFDP)                                                                                                       \
    X(READ_UNIQUE_ID)                                                                                                  \
    X(COMPARE)                                                                                                         \
    X(BEGIN_WRITE) /* of a part of the image [address] */                                                              \
    X(WRITE_BLOCK) /* [address: of the part; values: number of the block from 1, blocks of the part] */                \
    X(END_WRITE)   /* of a part [address] */                                                                           \
    X(STREAM)      /* of a part [address] */                                                                           \
    X(VERIFY)                                                                                                          \
    X(FIND_CAPACITY)

enum operation {
#define X(name) OPERATION_##name,
    OPERATIONS(X)
#undef X
        OPERATION_COUNT
};

/* X(name): what was seen when a step failed. In brackets the members of struct evidence that tell more. */
#define EVIDENCE_KINDS(X)                                                                                              \
    X(NONE) /* the step has not failed */                                                                              \
    /* A request or an operation on the port failed. */                                                                \
    X(NO_ANSWER)  /* to a request, after all its tries; or no greeting of the stub [name] */                           \
    X(REFUSED)    /* the reply carries an error [wire_error] */                                                        \
    X(STRAY)      /* bytes came that are no reply [count] */                                                           \
    X(PORT_ERROR) /* the adapter failed [port_error] */                                                                \
    X(MALFORMED)  /* an MD5 is not 16 bytes long [count: bytes] */                                                     \
    /* The board does not answer SYNC. */                                                                              \
    X(SILENT)    /* not a byte came [count: resets] */                                                                 \
    X(NOISE)     /* bytes came, and no boot banner [count: bytes] */                                                   \
    X(BOOT_MODE) /* a boot banner [values: M of its boot mode; count: bytes in place of answers to SYNC] */            \
    /* What it answers is not acceptable. */                                                                           \
    X(STUB_DAMAGED)   /* it is not what was uploaded [values: its CRC-32, the right one] */                            \
    X(DIFFERS)        /* read twice, it is not the same [address; values: first, second; of the id: as ids] */         \
    X(WRONG_VALUE)    /* a register does not hold the chip's magic word [READ_REGISTER: values: as read] */            \
    X(UNKNOWN_OUI)    /* [values: the four efuses] */                                                                  \
    X(OTHER_BOARD)    /* than the one that an earlier try has written [values: the six bytes of its MAC, by three] */  \
    X(SPI_UNFINISHED) /* the SPI controller does not end a command */                                                  \
    X(FLASH_BUSY)     /* the flash part does not end what was begun before */                                          \
    X(FLASH_ABSENT)   /* the id is all ones or all zeros [values: the id] */                                           \
    X(FLASH_NOT_ACCEPTED) /* by the product [values: the id] */                                                        \
    X(FLASH_WORD_PROGRAM) /* the part takes no page to program [values: the id] */                                     \
    X(FLASH_SIZE_UNKNOWN) /* neither table nor SFDP names one, nor the product [values: the id] */                     \
    X(FLASH_TOO_SMALL)    /* [values: bytes it has, bytes needed] */                                                   \
    X(FLASH_ALIASED)      /* a sector shows at a second address [address; values: the second address] */               \
    X(MISMATCH)           /* the MD5 of a part of the image [address, name] */                                         \
    X(READ_UNSTABLE)      /* the same, and read at the loader's clock it is right [address, name] */

enum evidence_kind {
#define X(name) EVIDENCE_##name,
    EVIDENCE_KINDS(X)
#undef X
        EVIDENCE_KIND_COUNT
};

/* What a failed step has seen: facts only. diagnosis/diagnosis.h makes a cause and a text of them. */
struct evidence {
    enum evidence_kind kind;
    enum operation operation;
    uint8_t wire_error; /* enum wire_error */
    int port_error;     /* negative errno */
    uint32_t address;   /* of a register, or in flash */
    uint32_t values[4];
    uint64_t count;
    const char *name; /* of a part of the image or of a stub: a member of what the parameters point to */
};

struct step {
    struct session *session;
    struct evidence evidence; /* `kind` is NONE before the step has failed; the rest describes the operation at work */
};

/* For the steps alone. */

void step_init(struct step *step, struct session *session);

/* Names the operation that is about to be asked for, and clears what was noted of the one before. */
void step_begin_operation(struct step *step, enum operation operation, uint32_t address);

/* Note what was seen: the operation is known already. Both return STEP_FAILED. */
MUST_CHECK enum step_status step_fail(struct step *step, enum evidence_kind kind);
MUST_CHECK enum step_status step_fail_values(struct step *step, enum evidence_kind kind, uint32_t first,
                                             uint32_t second);

/* False if the event is a failure: no answer, an error in the reply, stray bytes, or an error of the port. Then the
 * evidence (NO_ANSWER, REFUSED, STRAY or PORT_ERROR) is noted, and the step must return STEP_FAILED. */
MUST_CHECK bool step_check(struct step *step, const struct session_event *event);

/* A request whose data is `n` little-endian words, 32 at most. */
void step_request_words(struct step *step, enum wire_op op, const uint32_t *words, size_t n, uint64_t timeout,
                        unsigned tries);

/* A register that has not answered within this time is asked for again, so many times. */
#define STEP_REGISTER_TIMEOUT 200000 /* µs: an answer takes some ms, and on a busy PC rarely 0.1 s */
#define STEP_REGISTER_TRIES   5

void step_read_register(struct step *step, uint32_t address);

#endif
