/* SPDX-License-Identifier: MIT */
#include "tests/peers/cpu_blocks.h"

#include <stdbool.h>
#include <string.h>

#include "tests/peers/cpu_ops.h"

#define LITERALS 24

/* Statements within statements: a loop in a branch in a call. */
#define DEPTH 3

/* What the longest statement can add; no new one begins behind that. */
#define ROOM 700

#define SR_SAR     3
#define SR_LITBASE 5
#define SR_EPC1    177
#define SR_EPC2    178
#define SR_DEPC    192
#define SR_EPS2    194
#define SR_INTSET  226
#define SR_ENABLE  228
#define SR_PS      230

#define PS_UM     0x20u
#define PS_LEVELS 0x0fu

struct maker {
    struct dice dice;
    struct cpu_block *block;
    uint32_t n;        /* bytes so far */
    uint32_t literals; /* of LITERALS, in use */
    uint32_t litbase;  /* where L32R counts from; 0: from itself */
    unsigned keep;     /* registers that nothing may write here */
    unsigned pointer;  /* the register that points into the middle of the words in DRAM */
    bool left;         /* this block shifts to the left by SAR, not to the right */
    unsigned depth;
};

static void statement(struct maker *m);

static uint32_t below(struct maker *m, uint32_t n)
{
    return dice_below(&m->dice, n);
}

static bool chance(struct maker *m, uint32_t percent)
{
    return below(m, 100) < percent;
}

/* A register's value: corners are more likely than chance has them. */
static uint32_t value(struct maker *m)
{
    static const uint32_t corners[] = {
        0,      1,      2,       31,         32,         33,         0xff,       0x80,       0x7f,       0xffff,
        0x8000, 0x7fff, 0x10000, 0xffff0000, 0xffff8000, 0xffffff80, 0x80000000, 0x7fffffff, 0x80000001, 0xffffffff,
    };

    switch (below(m, 6)) {
    case 0:
    case 1: return corners[below(m, sizeof corners / sizeof *corners)];
    case 2: return 1u << below(m, 32);
    case 3: return below(m, 40) - 8;
    case 4: return dice_roll(&m->dice) >> below(m, 32);
    default: return dice_roll(&m->dice);
    }
}

static unsigned any_writable(struct maker *m)
{
    unsigned reg;

    do
        reg = below(m, 16);
    while (m->keep >> reg & 1);
    return reg;
}

static uint32_t here(const struct maker *m)
{
    return m->block->at + m->n;
}

/* The bytes beyond CPU_CODE_BYTES are lost; cpu_block_make() leaves no room for that to happen. */
static void put(struct maker *m, uint32_t at, uint32_t bits, unsigned size)
{
    for (unsigned i = 0; i < size && at + i < CPU_CODE_BYTES; i++)
        m->block->code[at + i] = (uint8_t)(bits >> 8 * i);
}

static void put_op(struct maker *m, uint32_t at, const struct op *op, const struct op_values *values)
{
    put(m, at, op_encode(op, values, m->block->at + at), op->size);
}

static void append(struct maker *m, const struct op *op, const struct op_values *values)
{
    put_op(m, m->n, op, values);
    m->n += op->size;
}

/* With random operands but for a register or two. */
static struct op_values append_random(struct maker *m, const struct op *op)
{
    struct op_values values = op_roll(op, &m->dice, m->keep);

    append(m, op, &values);
    return values;
}

static uint32_t literal(struct maker *m, uint32_t bits)
{
    uint32_t at = m->literals++ * 4;

    put(m, at, bits, 4);
    return at;
}

static bool literals_left(const struct maker *m, uint32_t n)
{
    return m->literals + n <= LITERALS;
}

static void load_literal(struct maker *m, unsigned reg, uint32_t at)
{
    const struct op *l32r = op_named("l32r");
    uint32_t address = m->litbase ? m->litbase : here(m);
    struct op_values values = {.t = reg, .second = (int32_t)(m->block->at + at - address)};

    put(m, m->n, op_encode(l32r, &values, address), l32r->size);
    m->n += l32r->size;
}

static void special(struct maker *m, const char *op, unsigned reg, unsigned number)
{
    struct op_values values = {.t = reg, .immediate = (int32_t)number};

    append(m, op_named(op), &values);
}

static void move(struct maker *m, unsigned reg, int32_t immediate)
{
    struct op_values values = {.t = reg, .immediate = immediate};

    append(m, op_named("movi"), &values);
}

static void plain(struct maker *m)
{
    uint32_t choice = below(m, 10);

    if (choice < 7)
        append_random(m, op_random(&m->dice, OP_PLAIN));
    else if (m->left)
        append_random(m, op_random(&m->dice, OP_SET_LEFT));
    else
        append_random(m, op_random(&m->dice, choice < 8 ? OP_SET_RIGHT : OP_SHIFT_RIGHT));
}

static unsigned access_size(const struct op *op)
{
    switch (op->operands[2]) {
    case 'B': return 1;
    case 'H': return 2;
    default: return 4;
    }
}

/* A load or store. `off` is how far off its alignment. */
static void memory(struct maker *m, uint32_t off)
{
    const struct op *op = op_random(&m->dice, chance(m, 50) ? OP_LOAD : OP_STORE);
    struct op_values values = op_roll(op, &m->dice, m->keep);
    unsigned size = access_size(op);
    bool iram = size == 4 && chance(m, 25);
    uint32_t area = iram ? CPU_IRAM_AT : CPU_DRAM_AT, words = iram ? CPU_IRAM_WORDS : CPU_DRAM_WORDS;

    if (off % size != 0 || chance(m, 60)) {
        unsigned base = any_writable(m);

        if (!literals_left(m, 1))
            return;
        load_literal(m, base, literal(m, area + below(m, words * 4 / size) * size - (uint32_t)values.immediate + off));
        values.s = base;
    } else {
        values.s = m->pointer;
        values.immediate %= CPU_DRAM_WORDS * 2;
    }
    append(m, op, &values);
}

static void body(struct maker *m)
{
    m->depth++;
    for (uint32_t i = 1 + below(m, 3); i > 0; i--)
        statement(m);
    m->depth--;
}

/* Offsets of `op` reach from the byte `from` to the byte `to`. */
static bool in_reach(const struct op *op, uint32_t from, uint32_t to)
{
    int32_t offset = (int32_t)(to - from) - 4;
    const char *operands = op->operands;

    if (strchr(operands, 'x'))
        return offset >= 0 && offset < 64;
    return strchr(operands, 'O') ? offset >= -2048 && offset < 2048 : offset >= -128 && offset < 128;
}

static void branch(struct maker *m)
{
    const struct op *op = op_random(&m->dice, OP_BRANCH);
    struct op_values values = op_roll(op, &m->dice, m->keep);
    uint32_t at;

    if (strpbrk(op->operands, "bu") && chance(m, 50) && literals_left(m, 1)) { /* around the constant */
        values.s = any_writable(m);
        load_literal(m, values.s, literal(m, (uint32_t)values.immediate + below(m, 3) - 1));
    }
    at = m->n;
    m->n += op->size;
    body(m);
    if (op->size == 2 && m->n - at < 4)
        append_random(m, op_named("nop"));
    if (!in_reach(op, at, m->n)) {
        m->n = at;
        return;
    }
    values.second = (int32_t)(m->n - at);
    put_op(m, at, op, &values);
}

static void loop(struct maker *m)
{
    static const char *const closing[] = {"bnez", "bgei", "bnei", "blt"};
    unsigned counter = any_writable(m), keep = m->keep;
    const struct op *op = op_named(closing[below(m, 4)]), *down = op_named(chance(m, 50) ? "addi" : "addi.n");
    struct op_values step = {.r = counter, .s = counter, .t = counter, .immediate = -1};
    struct op_values values = {.s = counter, .t = counter, .immediate = 1};
    uint32_t start;

    move(m, counter, 2 + (int32_t)below(m, 5));
    m->keep |= 1u << counter;
    start = m->n;
    body(m);
    append(m, down, &step);
    if (!in_reach(op, m->n, start))
        op = op_named("bnez");
    if (strcmp(op->name, "blt") == 0) { /* always false: the loop is gone through once */
        append(m, op, &(struct op_values){.s = counter, .t = counter, .second = (int32_t)(start - m->n)});
    } else {
        values.second = (int32_t)(start - m->n);
        append(m, op, &values);
    }
    m->keep = keep;
}

/* A target that is not yet known: a literal is set, or an instruction put, when it is. */
static void jump_over(struct maker *m)
{
    unsigned reg = any_writable(m);
    uint32_t at = m->n, target;

    if (chance(m, 40) || !literals_left(m, 2)) {
        m->n += 3;
        body(m);
        put_op(m, at, op_named("j"), &(struct op_values){.second = (int32_t)(m->n - at)});
        return;
    }
    target = literal(m, 0);
    load_literal(m, reg, target);
    switch (below(m, 4)) {
    case 0: append(m, op_named("jx"), &(struct op_values){.s = reg}); break;
    case 1:
        special(m, "wsr", reg, SR_EPC1);
        append(m, op_named("rfe"), &(struct op_values){0});
        break;
    case 2:
        special(m, "wsr", reg, SR_DEPC);
        append(m, op_named("rfde"), &(struct op_values){0});
        break;
    default: {
        unsigned level = below(m, 2);

        special(m, "wsr", reg, SR_EPC2 + level);
        move(m, reg, (int32_t)below(m, 64));
        special(m, "wsr", reg, SR_EPS2 + level);
        append(m, op_named(level ? "rfi 3" : "rfi 2"), &(struct op_values){0});
    }
    }
    body(m);
    put(m, target, here(m), 4);
}

static void call(struct maker *m)
{
    unsigned reg = any_writable(m), keep = m->keep;
    bool by_register = chance(m, 50) && literals_left(m, 1);
    uint32_t at, over, target = 0;

    if (keep & 1)
        return;
    if (by_register) {
        target = literal(m, 0);
        load_literal(m, reg, target);
    }
    at = m->n;
    over = at + 3;
    m->n = at + 6;
    if (!by_register)
        while (m->n % 4)
            m->n++;
    if (by_register) {
        put_op(m, at, op_named("callx0"), &(struct op_values){.s = reg});
        put(m, target, here(m), 4);
    } else {
        put_op(m, at, op_named("call0"), &(struct op_values){.second = (int32_t)(m->n - at)});
    }
    m->keep |= 1;
    body(m);
    m->keep = keep;
    switch (below(m, 3)) {
    case 0: append(m, op_named("ret"), &(struct op_values){0}); break;
    case 1: append(m, op_named("ret.n"), &(struct op_values){0}); break;
    default: append(m, op_named("jx"), &(struct op_values){.s = 0}); break;
    }
    put_op(m, over, op_named("j"), &(struct op_values){.second = (int32_t)(m->n - over)});
}

static void special_register(struct maker *m)
{
    /* Those that keep all the bits that are written. */
    static const unsigned storage[] = {SR_EPC1, 178, 179, SR_DEPC, 209, 210, 211, 238};
    static const unsigned readable[] = {SR_SAR, SR_LITBASE, SR_EPC1, 178,   179, SR_DEPC, SR_EPS2,   195,
                                        209,    210,        211,     SR_PS, 231, 232,     SR_ENABLE, 238};
    unsigned reg = any_writable(m);

    switch (below(m, 4)) {
    case 0: special(m, "rsr", reg, readable[below(m, sizeof readable / sizeof *readable)]); break;
    case 1: special(m, chance(m, 50) ? "wsr" : "xsr", reg, storage[below(m, sizeof storage / sizeof *storage)]); break;
    case 2:
        move(m, reg, (int32_t)below(m, 33));
        special(m, chance(m, 50) ? "wsr" : "xsr", reg, SR_SAR);
        break;
    default:
        move(m, reg, (int32_t)below(m, 64));
        special(m, chance(m, 50) ? "wsr" : "xsr", reg, SR_PS);
        break;
    }
}

/* The software interrupt, number 7, which may or may not be held back. */
static void interrupt(struct maker *m)
{
    unsigned reg = any_writable(m);

    move(m, reg, 0x80);
    special(m, "wsr", reg, SR_ENABLE);
    special(m, "wsr", reg, SR_INTSET);
    append(m, op_named("rsync"), &(struct op_values){0});
    append(m, op_named("rsil"), &(struct op_values){.t = reg, .immediate = (int32_t)below(m, 3)});
}

/* Instructions of other Xtensa processors, all of three bytes if bit 3 is clear. */
static const uint32_t illegal[] = {
    0x000000, 0x00f06d, 0x000090, 0x0000d0, 0x00f01d, 0x001120, 0x001000, 0x408000, 0x4080f0, /* ILL to ROTW */
    0x000136, 0x000015, 0x000025, 0x000035,                     /* ENTRY, CALL4 to CALL12 */
    0x028076, 0x029076, 0x02a076, 0x020076, 0x021076,           /* LOOP, LOOPNEZ, …, BF */
    0x430000, 0x534560, 0x634560, 0x734560,                     /* MIN, MAX, MINU, MAXU */
    0x234570, 0x334570,                                         /* SEXT, CLAMPS */
    0xa23450, 0xb23450, 0xc23450, 0xd23450, 0xe23450, 0xf23450, /* MULUH to REMS */
    0x00e232, 0x00b232, 0x00f232,                               /* S32C1I, L32AI, S32RI */
    0x090230, 0x490230,                                         /* L32E, S32E */
    0x020000, 0x120000, 0x420000, 0xc30230, 0xd30230,           /* booleans */
    0x000003, 0x004003, 0x080000, 0x0a0000, 0x1b0000,           /* floating point */
    0x740004, 0x340004, 0x780004, 0x300004,                     /* MAC16 */
    0xe30e70, 0xf3e700, 0xf3e800,                               /* RUR, WUR */
};

static void trap(struct maker *m)
{
    uint32_t bits;

    switch (below(m, 5)) {
    case 0: append(m, op_named("syscall"), &(struct op_values){0}); break;
    case 4: append_random(m, op_named(chance(m, 50) ? "break" : "break.n")); break;
    case 1: memory(m, 1 + below(m, 3)); break;
    default:
        bits = illegal[below(m, sizeof illegal / sizeof *illegal)];
        put(m, m->n, bits, 3);
        m->n += bits & 8 ? 2 : 3;
        break;
    }
}

static void statement(struct maker *m)
{
    uint32_t choice = below(m, 200);

    if (m->n > ROOM)
        return;
    if (choice < 122 || (choice >= 172 && m->depth == DEPTH))
        plain(m);
    else if (choice < 152)
        memory(m, 0);
    else if (choice < 160 && literals_left(m, 1))
        load_literal(m, any_writable(m), literal(m, value(m)));
    else if (choice < 170)
        special_register(m);
    else if (choice < 171)
        trap(m);
    else if (choice < 172)
        interrupt(m);
    else if (choice < 186)
        branch(m);
    else if (choice < 190)
        loop(m);
    else if (choice < 196)
        jump_over(m);
    else
        call(m);
}

/* Those that objdump knows for this CPU. What they hold is another matter: the others must trap. */
static bool special_exists(uint32_t number)
{
    static const uint8_t numbers[] = {3,   5,   89,  96,  104, 128, 144, 160, 176, 177, 178, 179, 192, 194, 195, 208,
                                      209, 210, 211, 226, 227, 228, 230, 231, 232, 233, 234, 235, 236, 237, 238, 240};

    return memchr(numbers, (int)number, sizeof numbers) != NULL;
}

/* Any bits that go on to the next instruction or trap, whatever they are: no jumps, no memory, nothing that sleeps. */
static bool harmless(const struct maker *m, uint32_t w)
{
    uint32_t r = w >> 12 & 15, t = w >> 4 & 15, op1 = w >> 16 & 15, op2 = w >> 20 & 15;

    switch (w & 15) {
    case 0: break;
    case 2: return r == 3 || r == 8 || r == 10 || r == 12 || r == 13; /* the others access memory */
    case 3:
    case 4:
    case 10:
    case 11: return true;
    case 12: return t < 8;
    case 13: return r != 15 || t > 2;
    default: return false;
    }
    switch (op1) {
    case 0:
        if (op2 == 0)
            return !(r == 0 && t >= 8) && r != 3 && r != 4 && r != 5 && r != 7;
        if (op2 == 4)
            return r != 6 && r != 7 && !(r == 1 || r == 3);
        return op2 != 5;
    case 1:
        if (op2 == 0 && t == 0)
            return false;
        if (op2 == 6)
            return !special_exists(w >> 8 & 255);
        return !(m->left && (op2 == 9 || op2 == 11));
    case 3: return op2 > 1 || !special_exists(w >> 8 & 255);
    default: return true;
    }
}

/* RSR, WSR, XSR of a register that does not exist. */
static uint32_t no_special(struct maker *m)
{
    static const uint32_t ops[] = {0x030000, 0x130000, 0x610000};
    uint32_t number;

    do
        number = below(m, 256);
    while (special_exists(number));
    return ops[below(m, 3)] | number << 8 | below(m, 16) << 4;
}

/* An instruction that may not exist: random bits, or one with a bit that is wrong. */
static void any_word(struct maker *m)
{
    uint32_t bits;

    do {
        const struct op *op = op_random(&m->dice, OP_PLAIN);
        struct op_values values = op_roll(op, &m->dice, 0);

        switch (below(m, 5)) {
        case 0: bits = no_special(m); break;
        case 1:
        case 2: bits = dice_roll(&m->dice) & 0xffffff; break;
        default: bits = op_encode(op, &values, 0) ^ 1u << below(m, op->size * 8); break;
        }
    } while (!harmless(m, bits));
    put(m, m->n, bits, 3);
    m->n += (bits & 15) >= 8 ? 2 : 3;
}

static void inputs(struct maker *m)
{
    uint32_t *input = m->block->input;

    input[CPU_IN_ENTRY] = here(m);
    input[CPU_IN_PS] = (chance(m, 80) ? PS_UM : 0) | (chance(m, 20) ? below(m, 32) : 0);
    for (unsigned i = 0; i < 16; i++)
        input[CPU_IN_A + i] = value(m);
    input[CPU_IN_A + m->pointer] = CPU_DRAM_AT + CPU_DRAM_WORDS * 2;
    for (unsigned i = 0; i < CPU_N_IN; i++)
        input[CPU_IN_SPECIAL + i] = value(m);
    input[CPU_IN_SPECIAL] = below(m, 33);
    input[CPU_IN_SPECIAL + 1] = m->litbase | (m->litbase != 0);
    for (unsigned i = 0; i < CPU_DRAM_WORDS + CPU_IRAM_WORDS; i++)
        input[CPU_IN_MEMORY + i] = value(m);
}

void cpu_block_make(struct cpu_block *block, uint64_t seed, uint32_t number, uint32_t at)
{
    struct maker m = {.dice = {(seed + 1) * 0x9e3779b97f4a7c15u ^ (number + 1) * 0xbf58476d1ce4e5b9u}, .block = block};

    if (m.dice.state == 0)
        m.dice.state = 1;
    for (unsigned i = 0; i < 8; i++)
        dice_roll(&m.dice);
    memset(block, 0, sizeof *block);
    block->at = at;
    m.pointer = below(&m, 16);
    m.keep = 1u << m.pointer;
    m.left = chance(&m, 50);
    if (chance(&m, 15))
        m.litbase = (at + CPU_CODE_BYTES + (1 + below(&m, 8)) * 4096) & ~4095u;
    m.n = LITERALS * 4 + below(&m, 4);
    inputs(&m);

    for (uint32_t i = 4 + below(&m, 16); i > 0; i--)
        statement(&m);
    if (chance(&m, 30))
        any_word(&m);
    append(&m, op_named("syscall"), &(struct op_values){0});
    block->n = (m.n + 3) & ~3u;
}
