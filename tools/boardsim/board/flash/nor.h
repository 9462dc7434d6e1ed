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

/* As data sheets give it, in milliseconds. */
struct nor_time {
    double typical, maximum;
};

/* Where the status registers have what; nor_status.h. */
enum nor_layout {
    NOR_REGIONS, /* SR1: SRP0 SEC TB BP2 BP1 BP0; SR2: CMP, QE, SRP1. They protect by region */
    NOR_WHOLE,   /* SR1: SRWD - BP3 BP2 BP1 BP0. Any of BP0 to BP3 protects the whole part: a simplification */
};

/* What the command 01h takes. */
enum nor_wrsr {
    NOR_WRSR_ONE,    /* one byte; with two it is no command */
    NOR_WRSR_CLEARS, /* one or two; one byte alone clears CMP, QE and SRP1 in SR2 */
    NOR_WRSR_KEEPS,  /* one or two; one byte alone leaves SR2 */
};

enum nor_quad { NOR_QUAD_NONE, NOR_QUAD_QE, NOR_QUAD_ALWAYS };

struct nor_part {
    const char *name;
    uint32_t id;   /* as RDID answers, first byte highest: manufacturer, type, capacity */
    uint32_t size; /* bytes, a power of two; 24 bits of address at most */
    enum nor_layout layout;
    unsigned registers; /* status registers: 1 to 3. Only with three there are 31h and 11h, and the volatile 50h */
    enum nor_wrsr wrsr;
    enum nor_quad quad;      /* when quad reads are answered */
    struct nor_time program; /* of a full page of 256 bytes */
    struct nor_time erase_4k, erase_32k, erase_64k, erase_chip;
    struct nor_time write_status;
};

/* Ends with a part whose name is NULL. The first one is what a board has if nothing else is said. */
extern const struct nor_part nor_parts[];

/* NULL if there is no part of that name (case matters). */
const struct nor_part *nor_find(const char *name);

#define NOR_SR1_WIP     0x01
#define NOR_SR1_WEL     0x02
#define NOR_SR1_PROTECT 0x1c /* BP0 to BP2 */

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
    uint32_t size;       /* if not 0: a counterfeit. The array has that size, a power of two, and wraps */
    uint32_t stuck_bits; /* that many bits, spread over the part by the seed, are 0 for ever */
    uint32_t status;     /* what SR1 (low byte), SR2 and SR3 are from the start, as if written to stay */
    bool wp_low;         /* the WP pin is tied low; otherwise nothing drives it and it is high */
};

struct nor_config {
    const struct nor_part *part; /* NULL: the first one */
    uint64_t seed;
    unsigned mhz; /* board clock: cycles per microsecond */
    struct nor_faults faults;
};

struct nor_stats {
    uint64_t programs, erases;
    uint64_t violations; /* programs that asked for a 1 where there is a 0 */
    uint64_t refused;    /* programs, erases and status writes that protection or a missing write enable stopped */
};

struct nor;

/* A blank part without power. NULL only when out of memory. */
struct nor *nor_new(const struct nor_config *config);
void nor_free(struct nor *nor);

/* Power lost in the middle of an erase or program leaves garbage in what was being worked on. */
void nor_power(struct nor *nor, uint64_t now, bool on);

/* One chip-select: n bytes out (command, address, dummies, data), then m bytes in. `now` is when chip-select rises. A
 * part that is busy hears only the status reads. What it does not answer reads as ones: nothing drives the lines. */
void nor_transfer(struct nor *nor, uint64_t now, const uint8_t *out, size_t n, uint8_t *in, size_t m);

/* Whether a quad read would be answered. */
bool nor_answers_quad(const struct nor *nor);

/* When the part has finished what it is doing; 0 or a time gone by if it is idle. */
uint64_t nor_ready(const struct nor *nor);

/* SR1 (low byte), SR2 and SR3 as a power cycle brings them back. */
uint32_t nor_lasting_status(const struct nor *nor);

/* The array as it is, not as it claims to be. */
uint8_t *nor_bytes(struct nor *nor);
uint32_t nor_size(const struct nor *nor);
const struct nor_stats *nor_stats(const struct nor *nor);

#endif
