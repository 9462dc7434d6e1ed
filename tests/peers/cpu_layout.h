/* SPDX-License-Identifier: MIT */
/*
 * What the harness inside QEMU and the program outside agree on. Macros only: the assembler reads it too. All records
 * are 32-bit words.
 */
#ifndef TESTS_CPU_LAYOUT_H
#define TESTS_CPU_LAYOUT_H

/* Where things are in QEMU's machine "sim" with an lx106: 128 MB of RAM from 0x60000000, 64 MB from 0x50000000, and 1
 * MB each at the chip's own addresses of ROM and IRAM. The first blocks are in IRAM, the others where there is room. */
#define CPU_INPUTS     0x60000000 /* a word: their count; 15 unused; the records */
#define CPU_CODE       0x62000000
#define CPU_IRAM_CODE  0x40100000
#define CPU_IRAM_END   0x4010f000
#define CPU_HARNESS    0x50000000
#define CPU_RESULTS    0x50100000
#define CPU_BATCH      64 /* results in one write */
#define CPU_BLOCKS_MAX 50000

/* Memory for a block to play with: words of DRAM for every access, words of IRAM for whole words. */
#define CPU_DRAM_AT    0x3fffa000
#define CPU_DRAM_WORDS 32
#define CPU_IRAM_AT    0x4010ff00
#define CPU_IRAM_WORDS 16

/* Special registers, in the order they have in a record. A block is entered by RFI 2, so EPC2 and EPS2 are its entry
 * and PS; the harness needs EXCSAVE1 for itself at the end. */
#define CPU_SPECIALS_IN  sar, litbase, epc1, epc3, depc, eps3, excsave1, excsave2, excsave3, exccause, excvaddr
#define CPU_SPECIALS_OUT sar, litbase, epc1, epc2, epc3, depc, eps2, eps3, excsave2, excsave3, exccause, excvaddr, ps
#define CPU_N_IN         11
#define CPU_N_OUT        13

/* Offsets in words. */
#define CPU_IN_ENTRY   0
#define CPU_IN_PS      1
#define CPU_IN_A       2
#define CPU_IN_SPECIAL 18
#define CPU_IN_MEMORY  (CPU_IN_SPECIAL + CPU_N_IN)
#define CPU_IN_WORDS   (CPU_IN_MEMORY + CPU_DRAM_WORDS + CPU_IRAM_WORDS)

#define CPU_OUT_VECTOR  0 /* offset from VECBASE of the vector that ended the block */
#define CPU_OUT_A       1
#define CPU_OUT_SPECIAL 17
#define CPU_OUT_MEMORY  (CPU_OUT_SPECIAL + CPU_N_OUT)
#define CPU_OUT_WORDS   (CPU_OUT_MEMORY + CPU_DRAM_WORDS + CPU_IRAM_WORDS)

#endif
