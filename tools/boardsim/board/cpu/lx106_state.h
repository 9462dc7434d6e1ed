/* SPDX-License-Identifier: MIT */
/* What a CPU consists of: its registers, its memory map and bus, and what it remembers of code. lx106.h tells the rest.
 */
#ifndef BOARDSIM_LX106_STATE_H
#define BOARDSIM_LX106_STATE_H

#include <stdbool.h>
#include <stdint.h>

#define LX106_ROM       0x40000000u
#define LX106_ROM_SIZE  0x00010000u
#define LX106_IRAM      0x40100000u
#define LX106_IRAM_SIZE 0x00010000u
#define LX106_DRAM      0x3ffe8000u
#define LX106_DRAM_SIZE 0x00018000u

/* Offsets of the vectors from VECBASE. */
#define LX106_VECTOR_DEBUG  0x10u
#define LX106_VECTOR_NMI    0x20u
#define LX106_VECTOR_KERNEL 0x30u
#define LX106_VECTOR_USER   0x50u
#define LX106_VECTOR_DOUBLE 0x70u

#define LX106_PS_INTLEVEL 0x0fu
#define LX106_PS_EXCM     0x10u
#define LX106_PS_UM       0x20u

/* Interrupts: 0 to 5 are levels, 8 to 13 edges from outside, all of priority 1. */
#define LX106_INTERRUPT_TIMER    6
#define LX106_INTERRUPT_SOFTWARE 7
#define LX106_INTERRUPT_NMI      14

enum lx106_cause {
    LX106_ILLEGAL = 0,
    LX106_SYSCALL = 1,
    LX106_LOAD_STORE_ERROR = 3, /* a byte or halfword access where only words go */
    LX106_INTERRUPT = 4,
    LX106_UNALIGNED = 9,
    LX106_FETCH_PROHIBITED = 20,
    LX106_LOAD_PROHIBITED = 28,
    LX106_STORE_PROHIBITED = 29,
};

/* Numbers of the special registers with a meaning here. */
enum lx106_sr {
    LX106_SAR = 3,
    LX106_LITBASE = 5,
    LX106_CONFIGID0 = 176,
    LX106_EPC1 = 177, /* and EPC2 for BREAK, EPC3 for the NMI */
    LX106_DEPC = 192,
    LX106_EPS2 = 194, /* and EPS3 */
    LX106_CONFIGID1 = 208,
    LX106_EXCSAVE1 = 209, /* to EXCSAVE3 */
    LX106_INTSET = 226,   /* read: INTERRUPT */
    LX106_INTCLEAR = 227,
    LX106_INTENABLE = 228,
    LX106_PS = 230,
    LX106_VECBASE = 231,
    LX106_EXCCAUSE = 232,
    LX106_DEBUGCAUSE = 233,
    LX106_CCOUNT = 234, /* in sr[]: what to add to `cycles` */
    LX106_PRID = 235,
    LX106_EXCVADDR = 238,
    LX106_CCOMPARE0 = 240,
};

/* A taken branch, jump, call or return refills the pipeline. With it ordinary code comes to 1.2 to 1.4 cycles an
 * instruction, which is what MD5 of 4 MB measures (docs/esp8266.md section 6: 11.2 instructions a byte, 1.2 s at 52
 * MHz). */
#define LX106_TAKEN_CYCLES 2

/* Bytes of code that one fetch from the bus brings. */
#define LX106_LINE 32u

/* What is neither DRAM nor IRAM, and IRAM accesses that are no aligned words. Each returns 0 or an enum lx106_cause,
 * which becomes the exception. A bus that made time pass lowers cpu->left; one that ends the run here sets it
 * to 0 and lowers cpu->granted as much; one whose access changed anything sets cpu->active.
 *
 * load, store: `size` is 1, 2 or 4, the address a multiple of it.
 *
 * fetch: the code bytes at `address`, a multiple of LX106_LINE outside of IRAM and ROM, copied to `line`. Asked again
 * whenever pc comes into another line than the one at hand, and in every lx106_run(): so this is where a cache charges
 * its misses, and what a store to a peripheral changes about it holds from the next instruction on. NULL if there is no
 * such memory; fetches are prohibited then. */
struct lx106_bus {
    int (*load)(void *context, uint32_t address, unsigned size, uint32_t *value);
    int (*store)(void *context, uint32_t address, unsigned size, uint32_t value);
    int (*fetch)(void *context, uint32_t address, uint8_t line[LX106_LINE]);
    void *context;
};

/* An instruction, decoded: lx106_decode.h tells what the fields hold. Zeros: not decoded. */
struct lx106_instruction {
    uint32_t imm;
    uint8_t op, size, r, s, t;
};

struct lx106 {
    uint32_t a[16];
    uint32_t pc;
    uint32_t sr[256];
    bool waiting;
    bool store_fault;  /* of the last exception: it was a store */
    bool active;       /* something changed or was consumed since the spin watch was set */
    int64_t left;      /* cycles still to run in this lx106_run(); may end slightly below 0 */
    int64_t granted;   /* cycles given to this lx106_run() */
    uint64_t cycles;   /* since power was first on, up to the beginning of this lx106_run() */
    uint64_t timer_at; /* the value of `cycles` at which CCOUNT meets CCOMPARE0 next; always ahead */
    uint64_t instructions;
    uint8_t *dram, *iram; /* LX106_DRAM_SIZE; LX106_IRAM_SIZE + 4 (fetches are four bytes wide) */
    struct lx106_bus bus;

    /* What was decoded, for each address where an instruction may begin: of IRAM, until it is written; and of the code
     * at hand from the bus, a line, or two where an instruction spans them. */
    struct lx106_instruction iram_code[LX106_IRAM_SIZE], line_code[2 * LX106_LINE];
    uint8_t lines[2 * LX106_LINE + 4];

    /* The spin watch: the registers at a backward branch, to see if the next turn finds them the same. */
    unsigned turns;
    uint32_t watch_pc;
    uint32_t watch_a[16], watch_sar;
};

/* To be called when anything outside changed: what looked like idle spinning is looked at again. */
static inline void lx106_stir(struct lx106 *cpu)
{
    cpu->turns = 0;
    cpu->watch_pc = 0;
}

#endif
