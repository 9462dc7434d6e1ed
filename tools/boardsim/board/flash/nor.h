/* SPDX-License-Identifier: MIT */
/*
 * A serial NOR flash part: its commands, its status registers, its time, and its one law: programming clears bits, only
 * erasing sets them. All times are clock cycles of the board; the part learns their length when it is made.
 */
#ifndef BOARDSIM_NOR_H
#define BOARDSIM_NOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/boardsim/board/flash/nor_parts.h"

enum nor_pace {
    NOR_TYPICAL, /* typical times, give or take 5 % */
    NOR_MAXIMUM,
    NOR_RANDOM, /* each operation anywhere between typical and maximum */
};

/* How this part differs from a good and fast one; all zero: not at all. */
struct nor_faults {
    enum nor_pace pace;
    double slow;   /* if not 0: factor on all of its times */
    bool wrong_id; /* RDID answers `id` */
    uint32_t id;
    uint32_t size;        /* if not 0: a counterfeit. The array has that size, a power of two, and wraps */
    uint32_t stuck_bits;  /* that many bits, spread over the part by the seed, are 0 for ever */
    uint32_t status;      /* what SR1 (low byte), SR2 and SR3 are from the start, as if written to stay */
    bool half_erases;     /* what an erase that lost power leaves reads as blank, and no longer when power goes again */
    bool fast_reads_fail; /* the array cannot be read at a higher clock than the loader's: bits come changed */
    uint32_t sleeps;      /* it answers nothing until it has had ABh so many times since power-on */
    bool hung;   /* it answers nothing until it is reset by 66h and 99h; a power cycle brings it back to that */
    bool wp_low; /* the WP pin is tied low; otherwise nothing drives it and it is high */
};

struct nor_config {
    const struct nor_part *part; /* NULL: the first one */
    uint64_t seed;
    unsigned mhz; /* board clock: cycles per microsecond */
    struct nor_faults faults;
};

struct nor_stats {
    uint64_t programs, erases;
    uint64_t violations;    /* programs that asked for a 1 where there is a 0 */
    uint64_t status_writes; /* by 01h, 31h or 11h, that were carried out, */
    uint64_t needless;      /* and those of them that changed nothing */
    uint64_t refused;       /* programs, erases and status writes that protection or a missing write enable stopped */
};

struct nor;

/* A blank part without power. NULL only when out of memory. */
__attribute__((warn_unused_result)) struct nor *nor_new(const struct nor_config *config);
void nor_free(struct nor *nor);

/* Power lost in the middle of an erase or program leaves garbage in what was being worked on; but see half_erases. */
void nor_power(struct nor *nor, uint64_t now, bool on);

/* One chip-select: n bytes out (command, address, dummies, data), then m bytes in. `now` is when chip-select rises. A
 * part that is busy answers only status reads. What it does not answer reads as ones: nothing drives the lines. */
void nor_transfer(struct nor *nor, uint64_t now, const uint8_t *out, size_t n, uint8_t *in, size_t m);

/* Whether a quad read would be answered. */
bool nor_answers_quad(const struct nor *nor);

/* Whether reads of the array at a higher clock than the loader's fail. */
bool nor_fails_fast_reads(const struct nor *nor);

/* When the part has finished what it is doing; 0 or a time gone by if it is idle. */
uint64_t nor_ready(const struct nor *nor);

/* SR1 (low byte), SR2 and SR3 as a power cycle brings them back. */
uint32_t nor_lasting_status(const struct nor *nor);

/* The array as it is, not as it claims to be. */
uint8_t *nor_bytes(struct nor *nor);
uint32_t nor_size(const struct nor *nor);
const struct nor_stats *nor_stats(const struct nor *nor);

#endif
