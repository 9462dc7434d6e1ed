/* SPDX-License-Identifier: MIT */
/*
 * The recipe of the line: from an unknown board to a verdict. Tries from a fresh reset until one passes, a cause says
 * that another would not help, or the tries are used up. After a try that failed at speed, by a cause that the rate may
 * have, the next one has the next lower baud rate, and the last one the lowest of all.
 *
 * Passed means: the chip read its whole flash image back and its MD5 is the golden one's, in a flash that is not
 * smaller than its id says. Nothing else is a pass. With `compare_first` the MD5 is asked for before anything is erased
 * too: a board that is right already passes unwritten, and of any other only what differs is written.
 *
 * Each state is one step of proto/step. program_enter() alone changes state; a table in program.c names for each state
 * its step and the state that follows. A failed step's evidence becomes a cause in proto/diagnosis.
 */
#ifndef PROTO_RECIPE_PROGRAM_H
#define PROTO_RECIPE_PROGRAM_H

#include "proto/chip/identity.h"
#include "proto/chip/nor.h"
#include "proto/diagnosis/cause.h"
#include "proto/image/golden.h"
#include "proto/image/stub_image.h"
#include "proto/link/session.h"
#include "proto/recipe/phase.h"
#include "proto/recipe/try_result.h"
#include "proto/step/baud.h"
#include "proto/step/boot_log.h"
#include "proto/step/capacity.h"
#include "proto/step/chip_id.h"
#include "proto/step/compare.h"
#include "proto/step/connect.h"
#include "proto/step/flash_id.h"
#include "proto/step/plan.h"
#include "proto/step/reset_sequence.h"
#include "proto/step/stream.h"
#include "proto/step/stub_upload.h"
#include "proto/step/verify.h"
#include "proto/step/write.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROGRAM_BAUDS_MAX       8
#define PROGRAM_FLASH_PARTS_MAX 32

/* X(name, step, phase, sentence). The step is for the engineer: the file of proto/step that does it, in short. The
 * phase is the name in the API and the book's column of seconds. A state has no time limit of its own: each request in
 * it is bounded, and so is their number; only WAIT waits for a person. */
#define PROGRAM_STATES(X)                                                                                              \
    X(RESET, "reset", reset, "Resetting the board into download mode")                                                 \
    X(SYNC, "sync", sync, "Looking for the board")                                                                     \
    X(WAIT, "wait", sync, "Waiting for download mode")                                                                 \
    X(DIAGNOSE, "boot log", sync, "Finding out why the board does not answer")                                         \
    X(IDENTIFY, "chip id", identify, "Reading MAC and chip id")                                                        \
    X(STUB, "stub upload", stub, "Starting the flasher")                                                               \
    X(FLASH_ID, "flash id", identify, "Looking at the flash chip")                                                     \
    X(BAUD, "baud", baud, "Raising the speed")                                                                         \
    X(COMPARE, "compare", compare, "Looking whether the image is there already")                                       \
    X(PLAN, "plan", compare, "Planning what to write")                                                                 \
    X(WRITE, "write", write, "Writing the image")                                                                      \
    X(STREAM, "stream", write, "Writing and verifying the image")                                                      \
    X(VERIFY, "verify", verify, "Verifying the image")                                                                 \
    X(CAPACITY, "capacity", verify, "Checking the flash chip's size")                                                  \
    X(RUN, "run", run, "Starting the firmware")                                                                        \
    X(PASSED, "", run, "Passed")                                                                                       \
    X(FAILED, "", run, "Failed")

enum program_state {
#define X(name, step, phase, sentence) PROGRAM_##name,
    PROGRAM_STATES(X)
#undef X
};

/* A step that has ended: for a log of the conversation. */
struct program_step {
    enum program_state state;
    const char *name;   /* "sync", "flash id", …: static */
    unsigned try;       /* from 1 */
    uint32_t baud;      /* of the link when the step ended */
    uint64_t us;        /* that it took */
    enum cause cause;   /* CAUSE_NONE: it was done */
    const char *detail; /* of a failure: the observation; valid during the call */
};

/* What to do. Read-only; must outlive the recipe. */
struct program_job {
    const struct golden *golden;
    const struct stub_image *stub;
    uint32_t min_flash_size;    /* bytes that the flash must have at least; 0: as the image needs */
    uint32_t stated_flash_size; /* bytes of a flash part that does not tell its size; 0: it is refused */
    uint32_t flash_parts[PROGRAM_FLASH_PARTS_MAX]; /* ids of those that may be on a board, as of nor_id_from_text() */
    size_t n_flash_parts;                          /* 0: all */
    uint32_t bauds[PROGRAM_BAUDS_MAX];             /* falling */
    size_t n_bauds;
    size_t first_baud; /* index to begin with: what worked in this slot before */
    unsigned tries;    /* 1 to TRIES_MAX */
    /* Both are done where program_trust_flash() has said so, and only before the first write of an attempt or in it: a
     * later one follows erases that may have been cut off. */
    bool compare_first;    /* a board that holds the image already passes without being written; see find_update */
    bool skip_blank_erase; /* a sector that reads as blank is not erased */
    bool loader_clock;     /* a stream reads at the loader's SPI clock with one data line, not as the firmware does */
    bool manual_reset;     /* DTR and RTS are not connected: wait until a person has put the board into download mode */
    bool run;              /* reset into the firmware at the end (not possible with manual_reset) */
    /* Gives the data for a board that was compared and holds a part of the image (proto/step/plan.h). NULL: such a
     * board is written as a whole. */
    plan_find find_update;
    void *update_data;
    /* Called out of program_abort() and of the session's calls when a step has ended, with its results still in the
     * program. It may only look. NULL: nobody asks. */
    void (*step_ended)(void *data, const struct program_step *step);
    void *step_data;
};

/* All of it may be read at any time; only the functions below write it. */
struct program {
    struct recipe recipe; /* first */
    struct session *session;
    const struct program_job *job;

    enum program_state state;
    enum cause cause; /* of the latest try that failed; CAUSE_NONE once passed */
    char detail[192];
    unsigned tries;                            /* begun so far */
    struct try_result failed_tries[TRIES_MAX]; /* the tries before this one: `tries` - 1 of them */
    size_t baud_index;                         /* of this try */
    uint32_t loader_baud;                      /* at which the loader is spoken to */

    /* As last read: a try that gets less far leaves what the one before found. */
    bool identified; /* `chip` is right */
    struct chip_identity chip;
    struct flash_part flash_part; /* its id is 0: not yet */
    bool stub_running;
    uint32_t stub_capabilities;
    char stub_name[64];
    bool written;       /* erasing was asked for, in any try: the flash is no longer what it was */
    bool flash_trusted; /* see program_trust_flash(): of the board in `chip` */

    uint64_t try_began;                     /* µs */
    uint64_t entered;                       /* when `state` was entered, µs */
    uint64_t phase_us[PROGRAM_PHASE_COUNT]; /* summed over all tries, without the state at work */

    /* Of this try; all zero when it begins. */
    struct {
        unsigned rounds;             /* of reset and SYNC, unanswered or given up */
        unsigned restarts;           /* from a reset, after work with the loader or the stub has failed */
        uint64_t heard;              /* bytes before the latest reset */
        const struct update *update; /* what STREAM writes; NULL: all */
        bool streamed;               /* STREAM has run, and no VERIFY has found the image right */
        uint64_t unexpected;         /* bytes that came in place of answers to SYNC */
        struct evidence
            mismatch; /* of STREAM or VERIFY, while CAPACITY looks for its reason; kind NONE: all is right */
    } in_try;

    union {
        struct step base;               /* of any of them */
        struct reset_sequence reset;    /* RESET, RUN */
        struct connect connect;         /* SYNC, WAIT */
        struct boot_log boot_log;       /* DIAGNOSE */
        struct chip_id chip_id;         /* IDENTIFY */
        struct stub_upload stub_upload; /* STUB */
        struct flash_id flash_id;       /* FLASH_ID */
        struct baud baud;               /* BAUD */
        struct compare compare;         /* COMPARE */
        struct plan plan;               /* PLAN */
        struct write write;             /* WRITE */
        struct stream stream;           /* STREAM */
        struct verify verify;           /* VERIFY */
        struct capacity capacity;       /* CAPACITY */
    } step;                             /* of `state` */
};

/* Binds the recipe to a session and starts it at LOADER_BAUD. */
void program_start(struct program *program, struct session *session, const struct program_job *job, uint64_t now);

/* Ends the recipe from outside: unplugged, stopped, the adapter failed. No further call of the session may follow. */
void program_abort(struct program *program, enum cause cause, const char *detail, uint64_t now);

/* The recipe has FAILED, and its owner knows the cause better. */
void program_blame(struct program *program, enum cause cause, const char *detail);

/* As far as the owner knows, no erase of this board's flash was ever cut off: what reads as blank is blank. For the
 * board that is identified now; what is said of one is forgotten when another is identified. May be called at any time,
 * and counts for a write that begins later. */
void program_trust_flash(struct program *program);

bool program_ended(const struct program *program); /* PASSED or FAILED */

/* How the latest try ended. The recipe has ended. */
void program_last_try(const struct program *program, struct try_result *result);

/* For the tile; how far it is: program_progress.h. Sentences and names are static strings. */
const char *program_sentence(const struct program *program);
const char *program_phase_name(const struct program *program);
bool program_waits_for_person(const struct program *program);
uint32_t program_baud(const struct program *program); /* of this try */

/* "reset", "sync", …: static. For tests and benchmarks. */
const char *program_phase_label(enum program_phase phase);

#endif
