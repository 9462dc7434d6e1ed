/* SPDX-License-Identifier: MIT */
/*
 * The instructions of LX106 by their encodings (Xtensa ISA reference manual, little-endian), each with its assembler
 * text. The table is the encoder's own: it shares nothing with the decoder that it is to test, and the GNU assembler
 * confirms it.
 */
#ifndef TESTS_CPU_OPS_H
#define TESTS_CPU_OPS_H

#include <stddef.h>
#include <stdint.h>

/* xorshift64*: the same numbers everywhere. */
struct dice {
    uint64_t state;
};

uint32_t dice_roll(struct dice *dice);

/* 0 to n - 1. */
static inline uint32_t dice_below(struct dice *dice, uint32_t n)
{
    return (uint32_t)((uint64_t)dice_roll(dice) * n >> 32);
}

enum op_group {
    OP_PLAIN,
    OP_SET_RIGHT,   /* sets SAR for a shift to the right, */
    OP_SHIFT_RIGHT, /* and a shift that uses it so */
    OP_SET_LEFT,    /* sets SAR for a shift to the left */
    OP_LOAD,
    OP_STORE,
    OP_BRANCH,
    OP_SPECIAL_READ,
    OP_SPECIAL_WRITE, /* and exchange */
    OP_OTHER,         /* only asked for by name */
    OP_GROUPS,
};

/* `operands` are in the assembler's order, a letter each:
 *   r s t      a register to be read, in that field        R S T   one to be written
 *   l          SLLI's amount, 1 to 31                      a h c   that of SRAI, SRLI, SSAI
 *   e          EXTUI's shift and width                     8 m v   ADDI, ADDMI, MOVI
 *   n w        ADDI.N, MOVI.N                              b u     constant of BEQI…, of BLTUI, BGEUI
 *   i          bit number of BBCI, BBSI                    q       RSIL's level
 *   g p        the numbers of a BREAK
 *   B H W N    offset of a byte, halfword, word access; of the narrow word access
 *   o O x      branch target: 8, 12 bits; 6 bits forward   j f     target of J, CALL0
 *   y          target of L32R, behind                      k       special register */
struct op {
    const char *name;
    uint32_t bits;
    unsigned size;
    const char *operands;
    enum op_group group;
};

/* What goes into the operands. Immediates are as the assembler takes them; targets are relative to the instruction. */
struct op_values {
    unsigned r, s, t;
    int32_t immediate, second;
};

const struct op *op_named(const char *name);
const struct op *op_random(struct dice *dice, enum op_group group);

/* All that have a table entry, by index; NULL behind the last. */
const struct op *op_at(size_t index);

/* Registers and immediates at random, corners favoured. Registers in the mask `keep` are not written. */
struct op_values op_roll(const struct op *op, struct dice *dice, unsigned keep);

/* The instruction's bytes, lowest first. `address` matters to L32R and CALL0 alone. */
uint32_t op_encode(const struct op *op, const struct op_values *values, uint32_t address);

/* In the assembler's words. */
void op_text(const struct op *op, const struct op_values *values, char *text, size_t size);

#endif
