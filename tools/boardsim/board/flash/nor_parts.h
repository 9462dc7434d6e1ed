/* SPDX-License-Identifier: MIT */
/* The flash parts that a board can have, by their data sheets. */
#ifndef BOARDSIM_NOR_PARTS_H
#define BOARDSIM_NOR_PARTS_H

#include <stdbool.h>
#include <stdint.h>

/* As data sheets give it, in milliseconds. */
struct nor_time {
    double typical, maximum;
};

/* Where the status registers have what; nor_status.h. */
enum nor_layout {
    NOR_REGIONS, /* SR1: SRP0 SEC TB BP2 BP1 BP0; SR2: CMP, QE, SRP1. They protect by region */
    NOR_WHOLE,   /* SR1: SRWD - BP3 BP2 BP1 BP0. Any of BP0 to BP3 protects the whole part: a simplification */
    NOR_LOCKS,   /* no bits that protect: each block has a lock, set at power-up; 98h opens them all */
};

/* What the command 01h takes. */
enum nor_wrsr {
    NOR_WRSR_ONE,    /* one byte; with two it is no command */
    NOR_WRSR_CLEARS, /* one or two; one byte alone clears CMP, QE and SRP1 in SR2 */
    NOR_WRSR_KEEPS,  /* one or two; one byte alone leaves SR2 */
};

enum nor_quad { NOR_QUAD_NONE, NOR_QUAD_QE, NOR_QUAD_ALWAYS };

/* How a part differs from most; bits. */
enum nor_trait {
    NOR_TRAIT_BYTES = 1,     /* 02h programs one byte, whatever follows */
    NOR_TRAIT_DOUT_ONLY = 2, /* reads by 03h, 0Bh and 3Bh alone */
    NOR_TRAIT_35H_QUAD = 4,  /* 35h: from then on it takes commands by four lines only, so nothing that a chip sends */
};

struct nor_part {
    const char *name;
    uint32_t id;   /* as RDID answers, first byte highest: three bytes, or four if the first one is 7fh */
    uint32_t size; /* bytes, a power of two; 24 bits of address at most */
    enum nor_layout layout;
    unsigned registers; /* status registers: 1 to 3. Only with three there are 31h and 11h, and the volatile 50h */
    enum nor_wrsr wrsr;
    enum nor_quad quad;      /* when quad reads are answered */
    unsigned traits;         /* of enum nor_trait */
    unsigned unique;         /* bytes of the unique id that 4Bh answers; 0: it has none */
    bool sfdp;               /* answers 5Ah */
    bool resets;             /* by 66h and 99h */
    struct nor_time program; /* of a full page of 256 bytes */
    struct nor_time erase_4k, erase_32k, erase_64k, erase_chip;
    struct nor_time write_status;
};

/* Ends with a part whose name is NULL. The first one is what a board has if nothing else is said. */
extern const struct nor_part nor_parts[];

/* NULL if there is no part of that name (case matters). */
const struct nor_part *nor_find(const char *name);

/* Bits of SR1 that all parts have in these places. */
#define NOR_SR1_WIP     0x01
#define NOR_SR1_WEL     0x02
#define NOR_SR1_PROTECT 0x1c /* BP0 to BP2 */

#endif
