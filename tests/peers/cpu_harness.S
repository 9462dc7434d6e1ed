/* SPDX-License-Identifier: MIT */
/*
 * Runs inside QEMU: sets the registers and memory of each block, enters it, and writes what it left to the serial port.
 * A block ends with an exception: any exception.
 */
#include "tests/peers/cpu_layout.h"

#define SIMCALL_EXIT  1
#define SIMCALL_WRITE 4

#define STATE 4 /* offset of the harness's own variables */

        .section .vectors, "ax"
        .org    0x10
        j       debug
        .org    0x20
        j       nmi
        .org    0x30
        j       kernel
        .org    0x50
        j       user
        .org    0x70
        j       double

        .align  4
        .literal_position
        /* Into the result go a0 and a1; then a0 is the result, a1 the vector. No literals: LITBASE is the block's. */
        .macro  vector name, offset
\name:  wsr     a0, excsave1
        movi    a0, CPU_HARNESS >> 20
        slli    a0, a0, 20
        l32i    a0, a0, STATE
        s32i    a1, a0, (CPU_OUT_A + 1) * 4
        movi    a1, \offset
        j       save
        .endm
        vector  debug, 0x10
        vector  nmi, 0x20
        vector  kernel, 0x30
        vector  user, 0x50
        vector  double, 0x70

save:   s32i    a1, a0, CPU_OUT_VECTOR * 4
        rsr     a1, excsave1
        s32i    a1, a0, CPU_OUT_A * 4
        .irp    n, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
        s32i    a\n, a0, (CPU_OUT_A + \n) * 4
        .endr
        addi    a2, a0, CPU_OUT_SPECIAL * 4
        .irp    special, CPU_SPECIALS_OUT
        rsr     a1, \special
        s32i    a1, a2, 0
        addi    a2, a2, 4
        .endr
        movi    a1, 0
        wsr     a1, litbase
        movi    a1, 0x2f
        wsr     a1, ps
        rsync
        movi    a1, saved
        jx      a1

        .section .reset, "ax"
        j       start
        .align  4
        .set    result, CPU_HARNESS + STATE
        .word   0, 0, 0 /* the result's address; that of the next input; blocks left */
        .literal_position
start:  movi    a2, result
        movi    a3, CPU_RESULTS
        s32i    a3, a2, 0
        movi    a3, CPU_INPUTS
        l32i    a4, a3, 0
        addi    a3, a3, 64
        s32i    a3, a2, 4 /* input */
        s32i    a4, a2, 8 /* blocks left */

next:   movi    a2, result
        l32i    a4, a2, 8
        beqz    a4, finish
        addi    a4, a4, -1
        s32i    a4, a2, 8
        l32i    a0, a2, 4
        movi    a3, CPU_IN_WORDS * 4
        add     a3, a3, a0
        s32i    a3, a2, 4

        movi    a3, CPU_IN_MEMORY * 4
        add     a3, a3, a0
        movi    a4, CPU_DRAM_AT
        movi    a5, CPU_DRAM_WORDS
        movi    a6, copied_dram
        j       copy
copied_dram:
        movi    a4, CPU_IRAM_AT
        movi    a5, CPU_IRAM_WORDS
        movi    a6, copied_iram
        j       copy
copied_iram:
        /* No interrupt of the last block's, and none of the timer's for a long time. */
        movi    a2, 0
        wsr     a2, intenable
        movi    a2, -1
        wsr     a2, intclear
        rsr     a2, ccount
        addi    a2, a2, -1
        wsr     a2, ccompare0

        l32i    a2, a0, CPU_IN_ENTRY * 4
        wsr     a2, epc2
        l32i    a2, a0, CPU_IN_PS * 4
        wsr     a2, eps2
        addi    a3, a0, CPU_IN_SPECIAL * 4
        .irp    special, CPU_SPECIALS_IN
        l32i    a2, a3, 0
        addi    a3, a3, 4
        wsr     a2, \special
        .endr
        .irp    n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0
        l32i    a\n, a0, (CPU_IN_A + \n) * 4
        .endr
        rfi     2

saved:  movi    a4, CPU_OUT_MEMORY * 4
        add     a4, a4, a0
        movi    a3, CPU_DRAM_AT
        movi    a5, CPU_DRAM_WORDS
        movi    a6, kept_dram
        j       copy
kept_dram:
        movi    a3, CPU_IRAM_AT
        movi    a5, CPU_IRAM_WORDS
        movi    a6, kept_iram
        j       copy
kept_iram:
        movi    a2, result
        s32i    a4, a2, 0
        movi    a3, CPU_RESULTS + CPU_BATCH * CPU_OUT_WORDS * 4
        bltu    a4, a3, next
        movi    a7, next
        j       flush

finish: movi    a7, quit
flush:  movi    a9, result
        l32i    a8, a9, 0
        movi    a4, CPU_RESULTS
        s32i    a4, a9, 0
more:   sub     a5, a8, a4
        beqz    a5, flushed
        movi    a2, SIMCALL_WRITE
        movi    a3, 1
        simcall
        bltz    a2, quit
        add     a4, a4, a2
        j       more
flushed:
        jx      a7

quit:   movi    a2, SIMCALL_EXIT
        movi    a3, 0
        simcall

        /* From a3 to a4, a5 words, then to a6. */
copy:   l32i    a2, a3, 0
        s32i    a2, a4, 0
        addi    a3, a3, 4
        addi    a4, a4, 4
        addi    a5, a5, -1
        bnez    a5, copy
        jx      a6
