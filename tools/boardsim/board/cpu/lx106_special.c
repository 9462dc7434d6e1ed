/* SPDX-License-Identifier: MIT */
#include "tools/boardsim/board/cpu/lx106_special.h"

#include <string.h>

#include "tools/boardsim/board/cpu/lx106_decode.h"

/* core-isa.h: the configuration's identity. */
#define CONFIGID0_VALUE 0xc28cdafau
#define CONFIGID1_VALUE 0x1082b6f6u

/* Levels of BREAK and of the NMI. */
#define DEBUG_LEVEL 2u
#define NMI_LEVEL   3u

/* Bits of DEBUGCAUSE. */
#define BREAK   8u
#define BREAK_N 16u

#define LEVEL1   0x3fffu
#define SOFTWARE (1u << LX106_INTERRUPT_SOFTWARE)
#define TIMER    (1u << LX106_INTERRUPT_TIMER)
#define EDGES    0x3f00u
#define NMI      (1u << LX106_INTERRUPT_NMI)

void lx106_reset(struct lx106 *cpu)
{
    memset(cpu->a, 0, sizeof cpu->a);
    memset(cpu->sr, 0, sizeof cpu->sr);
    cpu->pc = LX106_ROM;
    cpu->sr[LX106_VECBASE] = LX106_ROM;
    cpu->sr[LX106_PS] = LX106_PS_UM;
    cpu->sr[LX106_CONFIGID0] = CONFIGID0_VALUE;
    cpu->sr[LX106_CONFIGID1] = CONFIGID1_VALUE;
    cpu->sr[LX106_CCOUNT] = 0 - (uint32_t)cpu->cycles;
    cpu->timer_at = cpu->cycles + (UINT64_C(1) << 32);
    cpu->waiting = cpu->store_fault = false;
    cpu->left = cpu->granted = 0;
    lx106_stir(cpu);
}

/* Exceptions and interrupts. */

void lx106_exception(struct lx106 *cpu, enum lx106_cause cause, uint32_t pc, uint32_t address)
{
    uint32_t vector = cpu->sr[LX106_PS] & LX106_PS_UM ? LX106_VECTOR_USER : LX106_VECTOR_KERNEL;

    if (cpu->sr[LX106_PS] & LX106_PS_EXCM) {
        cpu->sr[LX106_DEPC] = pc;
        vector = LX106_VECTOR_DOUBLE;
    } else {
        cpu->sr[LX106_EPC1] = pc;
    }
    cpu->sr[LX106_EXCCAUSE] = cause;
    if (cause == LX106_UNALIGNED || cause == LX106_LOAD_STORE_ERROR || cause >= LX106_FETCH_PROHIBITED)
        cpu->sr[LX106_EXCVADDR] = address;
    cpu->sr[LX106_PS] |= LX106_PS_EXCM;
    cpu->pc = cpu->sr[LX106_VECBASE] + vector;
    lx106_stir(cpu);
}

/* Enters a vector above level 1, which has its own EPC and EPS. */
static void enter_level(struct lx106 *cpu, unsigned level, uint32_t vector, uint32_t pc)
{
    uint32_t *ps = &cpu->sr[LX106_PS];

    cpu->sr[LX106_EPC1 + level - 1] = pc;
    cpu->sr[LX106_EPS2 + level - 2] = *ps;
    *ps = (*ps & ~LX106_PS_INTLEVEL) | LX106_PS_EXCM | level;
    cpu->pc = cpu->sr[LX106_VECBASE] + vector;
    lx106_stir(cpu);
}

bool lx106_interrupted(const struct lx106 *cpu)
{
    uint32_t pending = cpu->sr[LX106_INTSET];

    return (pending & NMI) || ((pending & cpu->sr[LX106_INTENABLE] & LEVEL1) &&
                               !(cpu->sr[LX106_PS] & (LX106_PS_INTLEVEL | LX106_PS_EXCM)));
}

void lx106_interrupt(struct lx106 *cpu)
{
    cpu->waiting = false;
    if (cpu->sr[LX106_INTSET] & NMI) {
        cpu->sr[LX106_INTSET] &= ~NMI;
        enter_level(cpu, NMI_LEVEL, LX106_VECTOR_NMI, cpu->pc);
    } else {
        lx106_exception(cpu, LX106_INTERRUPT, cpu->pc, 0);
    }
}

/* BREAK is a NOP where its level is held back. */
static void breakpoint(struct lx106 *cpu, uint32_t pc, uint32_t cause)
{
    if ((cpu->sr[LX106_PS] & LX106_PS_INTLEVEL) >= DEBUG_LEVEL)
        return;
    cpu->sr[LX106_DEBUGCAUSE] = cause;
    enter_level(cpu, DEBUG_LEVEL, LX106_VECTOR_DEBUG, pc);
}

bool lx106_in_break(const struct lx106 *cpu)
{
    const uint32_t mask = LX106_PS_INTLEVEL | LX106_PS_EXCM;

    return cpu->sr[LX106_DEBUGCAUSE] && (cpu->sr[LX106_PS] & mask) == (DEBUG_LEVEL | LX106_PS_EXCM);
}

/* The timer. */

static uint64_t now(const struct lx106 *cpu, int64_t left)
{
    return cpu->cycles + (uint64_t)(cpu->granted - left);
}

static void set_timer(struct lx106 *cpu, int64_t left)
{
    uint32_t ahead = cpu->sr[LX106_CCOMPARE0] - cpu->sr[LX106_CCOUNT] - (uint32_t)now(cpu, left);

    cpu->timer_at = now(cpu, left) + (ahead ? ahead : UINT64_C(1) << 32);
}

int64_t lx106_timer(struct lx106 *cpu, int64_t left)
{
    uint64_t time = now(cpu, left);

    while (time >= cpu->timer_at) {
        cpu->sr[LX106_INTSET] |= TIMER;
        cpu->timer_at += UINT64_C(1) << 32;
    }
    return left > 0 && cpu->timer_at - time < (uint64_t)left ? left - (int64_t)(cpu->timer_at - time) : 0;
}

void lx106_pass(struct lx106 *cpu, uint64_t cycles)
{
    cpu->cycles += cycles;
    cpu->granted = 0;
    lx106_timer(cpu, 0);
}

/* Special registers. */

enum access {
    READ = 1,
    WRITE = 2,
    EXCHANGE = 4,
    ALL = READ | WRITE | EXCHANGE,
};

/* Those that LX106 has; a name where lx106.h gives none. */
static const uint8_t accesses[256] = {
    [LX106_SAR] = ALL,
    [LX106_LITBASE] = ALL,
    [89] = WRITE, /* MMID */
    [96] = ALL,   /* IBREAKENABLE */
    [104] = ALL,  /* DDR */
    [128] = ALL,  /* IBREAKA0 */
    [144] = ALL,  /* DBREAKA0 */
    [160] = ALL,  /* DBREAKC0 */
    [LX106_CONFIGID0] = READ | WRITE,
    [LX106_EPC1] = ALL,
    [LX106_EPC1 + 1] = ALL,
    [LX106_EPC1 + 2] = ALL,
    [LX106_DEPC] = ALL,
    [LX106_EPS2] = ALL,
    [LX106_EPS2 + 1] = ALL,
    [LX106_CONFIGID1] = READ,
    [LX106_EXCSAVE1] = ALL,
    [LX106_EXCSAVE1 + 1] = ALL,
    [LX106_EXCSAVE1 + 2] = ALL,
    [LX106_INTSET] = READ | WRITE,
    [LX106_INTCLEAR] = WRITE,
    [LX106_INTENABLE] = ALL,
    [LX106_PS] = ALL,
    [LX106_VECBASE] = ALL,
    [LX106_EXCCAUSE] = ALL,
    [LX106_DEBUGCAUSE] = ALL,
    [LX106_CCOUNT] = ALL,
    [LX106_PRID] = READ,
    [236] = ALL, /* ICOUNT */
    [237] = ALL, /* ICOUNTLEVEL */
    [LX106_EXCVADDR] = ALL,
    [LX106_CCOMPARE0] = ALL,
};

static uint32_t read_special(struct lx106 *cpu, unsigned sr, int64_t left)
{
    if (sr == LX106_CCOUNT || sr == LX106_INTSET)
        cpu->active = true; /* who looks at the timer does not wait for something from outside */
    if (sr != LX106_CCOUNT)
        return cpu->sr[sr];
    return cpu->sr[LX106_CCOUNT] + (uint32_t)now(cpu, left);
}

static void write_special(struct lx106 *cpu, unsigned sr, uint32_t value, int64_t left)
{
    cpu->active = true;
    switch (sr) {
    case LX106_CONFIGID0: break;
    case LX106_INTSET: cpu->sr[LX106_INTSET] |= value & SOFTWARE; break;
    case LX106_INTCLEAR: cpu->sr[LX106_INTSET] &= ~(value & (SOFTWARE | EDGES)); break;
    case LX106_VECBASE: cpu->sr[LX106_VECBASE] = value & ~0xffu; break;
    case LX106_CCOUNT:
        cpu->sr[LX106_CCOUNT] = value - (uint32_t)now(cpu, left);
        set_timer(cpu, left);
        break;
    case LX106_CCOMPARE0: /* and with it the interrupt is over */
        cpu->sr[LX106_CCOMPARE0] = value;
        cpu->sr[LX106_INTSET] &= ~TIMER;
        set_timer(cpu, left);
        break;
    default: cpu->sr[sr] = value; break;
    }
}

/* RSR, WSR, XSR. */
static int special(struct lx106 *cpu, const struct lx106_instruction *i, enum access access, int64_t left)
{
    uint32_t *t = &cpu->a[i->t], value = *t;

    if (!(accesses[i->imm] & access))
        return LX106_ILLEGAL;
    if (access != WRITE)
        *t = read_special(cpu, i->imm, left);
    if (access != READ)
        write_special(cpu, i->imm, value, left);
    return -1;
}

/* Instructions. */

static void set_level(struct lx106 *cpu, uint32_t level)
{
    cpu->sr[LX106_PS] = (cpu->sr[LX106_PS] & ~LX106_PS_INTLEVEL) | level;
}

int lx106_system(struct lx106 *cpu, const struct lx106_instruction *i, uint32_t pc, int64_t left)
{
    switch ((enum lx106_op)i->op) {
    case OP_RSR: return special(cpu, i, READ, left);
    case OP_WSR: return special(cpu, i, WRITE, left);
    case OP_XSR: return special(cpu, i, EXCHANGE, left);
    case OP_SYSCALL: return LX106_SYSCALL;
    case OP_BREAK: breakpoint(cpu, pc, BREAK); break;
    case OP_BREAK_N: breakpoint(cpu, pc, BREAK_N); break;
    case OP_RSIL:
        cpu->a[i->t] = cpu->sr[LX106_PS];
        set_level(cpu, i->s);
        break;
    case OP_WAITI:
        set_level(cpu, i->s);
        cpu->waiting = true;
        cpu->active = true;
        break;
    case OP_RFE:
        cpu->sr[LX106_PS] &= ~LX106_PS_EXCM;
        cpu->pc = cpu->sr[LX106_EPC1];
        cpu->active = true;
        break;
    case OP_RFDE:
        cpu->pc = cpu->sr[LX106_DEPC];
        cpu->active = true;
        break;
    case OP_RFI: /* of level s */
        cpu->sr[LX106_PS] = cpu->sr[LX106_EPS2 + i->s - 2];
        cpu->pc = cpu->sr[LX106_EPC1 + i->s - 1];
        cpu->active = true;
        break;
    default: return LX106_ILLEGAL;
    }
    return -1;
}
