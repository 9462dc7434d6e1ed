/* SPDX-License-Identifier: MIT */
/*
 * What an instruction is: from its bytes to an operation and its operands. The bytes alone decide, not where they
 * are nor what the CPU is doing. For lx106.c, which executes; everyone else takes lx106.h.
 *
 * One operation stands for all instructions that do the same: ADD.N is an ADD of two bytes, RET a JX to a0. What LX106
 * does not have, and encodings that the manual reserves, are ILL.
 */
#ifndef BOARDSIM_LX106_DECODE_H
#define BOARDSIM_LX106_DECODE_H

#include "tools/boardsim/board/cpu/lx106_state.h"

/* X(NAME), named as in the manual. Operands that are not the registers in fields r, s and t:
 *
 * UNKNOWN        not decoded; lx106_decode() makes none
 * NOP            also what waits for, or does, what is nothing here: ISYNC, MEMW, the caches, WER, WITLB
 * MOVI           imm; also RER: nothing is out there
 * ADDI           imm; also ADDMI
 * MOV            at = as; also RITLB and PITLB: the TLB maps every address to itself, whatever is written
 * SLLI, SRAI, …  imm: how far; 1 to 32 in SLLI
 * EXTUI          s: how far; imm: the mask
 * L8UI … S32I    imm: bytes from as; of L32R from LITBASE, or from pc rounded up
 * J, branches    imm: from pc; of CALL0 from pc rounded down
 * BEQI … BGEUI   r: which constant
 * BBCI, BBSI     t: which bit
 * RSR, WSR, XSR  imm: which register; LX106 need not have it
 * RFI            s: the level, 2 or 3 */
#define LX106_OPS(X)                                                                                                   \
    X(UNKNOWN)                                                                                                         \
    X(ILL)                                                                                                             \
    X(NOP)                                                                                                             \
    X(ADD)                                                                                                             \
    X(ADDX2)                                                                                                           \
    X(ADDX4)                                                                                                           \
    X(ADDX8)                                                                                                           \
    X(SUB)                                                                                                             \
    X(SUBX2)                                                                                                           \
    X(SUBX4)                                                                                                           \
    X(SUBX8)                                                                                                           \
    X(AND)                                                                                                             \
    X(OR)                                                                                                              \
    X(XOR)                                                                                                             \
    X(NEG)                                                                                                             \
    X(ABS)                                                                                                             \
    X(NSA)                                                                                                             \
    X(NSAU)                                                                                                            \
    X(MULL)                                                                                                            \
    X(MUL16U)                                                                                                          \
    X(MUL16S)                                                                                                          \
    X(MOVI)                                                                                                            \
    X(ADDI)                                                                                                            \
    X(MOV)                                                                                                             \
    X(MOVEQZ)                                                                                                          \
    X(MOVNEZ)                                                                                                          \
    X(MOVLTZ)                                                                                                          \
    X(MOVGEZ)                                                                                                          \
    X(SLLI)                                                                                                            \
    X(SRAI)                                                                                                            \
    X(SRLI)                                                                                                            \
    X(EXTUI)                                                                                                           \
    X(SRC)                                                                                                             \
    X(SRL)                                                                                                             \
    X(SLL)                                                                                                             \
    X(SRA)                                                                                                             \
    X(SSR)                                                                                                             \
    X(SSL)                                                                                                             \
    X(SSA8L)                                                                                                           \
    X(SSA8B)                                                                                                           \
    X(SSAI)                                                                                                            \
    X(L8UI)                                                                                                            \
    X(L16UI)                                                                                                           \
    X(L16SI)                                                                                                           \
    X(L32I)                                                                                                            \
    X(L32R)                                                                                                            \
    X(S8I)                                                                                                             \
    X(S16I)                                                                                                            \
    X(S32I)                                                                                                            \
    X(J)                                                                                                               \
    X(JX)                                                                                                              \
    X(CALL0)                                                                                                           \
    X(CALLX0)                                                                                                          \
    X(BEQZ)                                                                                                            \
    X(BNEZ)                                                                                                            \
    X(BLTZ)                                                                                                            \
    X(BGEZ)                                                                                                            \
    X(BEQI)                                                                                                            \
    X(BNEI)                                                                                                            \
    X(BLTI)                                                                                                            \
    X(BGEI)                                                                                                            \
    X(BLTUI)                                                                                                           \
    X(BGEUI)                                                                                                           \
    X(BEQ)                                                                                                             \
    X(BNE)                                                                                                             \
    X(BLT)                                                                                                             \
    X(BGE)                                                                                                             \
    X(BLTU)                                                                                                            \
    X(BGEU)                                                                                                            \
    X(BNONE)                                                                                                           \
    X(BANY)                                                                                                            \
    X(BALL)                                                                                                            \
    X(BNALL)                                                                                                           \
    X(BBC)                                                                                                             \
    X(BBS)                                                                                                             \
    X(BBCI)                                                                                                            \
    X(BBSI)                                                                                                            \
    X(RSR)                                                                                                             \
    X(WSR)                                                                                                             \
    X(XSR)                                                                                                             \
    X(RSIL)                                                                                                            \
    X(WAITI)                                                                                                           \
    X(BREAK)                                                                                                           \
    X(BREAK_N)                                                                                                         \
    X(SYSCALL)                                                                                                         \
    X(RFE)                                                                                                             \
    X(RFDE)                                                                                                            \
    X(RFI)

enum lx106_op {
#define X(op) OP_##op,
    LX106_OPS(X)
#undef X
};

/* Bytes of an instruction; the lowest four bits of the first say it. */
static inline uint32_t lx106_size(uint32_t first_byte)
{
    return 3 - ((first_byte & 15) >= 8);
}

/* `bytes` are four, the first one lowest; those behind the instruction do not matter. */
struct lx106_instruction lx106_decode(uint32_t bytes);

#endif
