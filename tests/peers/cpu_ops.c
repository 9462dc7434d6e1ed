/* SPDX-License-Identifier: MIT */
#include "tests/peers/cpu_ops.h"

#include <stdio.h>
#include <string.h>

static const struct op ops[] = {
    {"add", 0x800000, 3, "Rst", OP_PLAIN},
    {"addx2", 0x900000, 3, "Rst", OP_PLAIN},
    {"addx4", 0xa00000, 3, "Rst", OP_PLAIN},
    {"addx8", 0xb00000, 3, "Rst", OP_PLAIN},
    {"sub", 0xc00000, 3, "Rst", OP_PLAIN},
    {"subx2", 0xd00000, 3, "Rst", OP_PLAIN},
    {"subx4", 0xe00000, 3, "Rst", OP_PLAIN},
    {"subx8", 0xf00000, 3, "Rst", OP_PLAIN},
    {"and", 0x100000, 3, "Rst", OP_PLAIN},
    {"or", 0x200000, 3, "Rst", OP_PLAIN},
    {"xor", 0x300000, 3, "Rst", OP_PLAIN},
    {"neg", 0x600000, 3, "Rt", OP_PLAIN},
    {"abs", 0x600100, 3, "Rt", OP_PLAIN},
    {"nsa", 0x40e000, 3, "Ts", OP_PLAIN},
    {"nsau", 0x40f000, 3, "Ts", OP_PLAIN},
    {"slli", 0x010000, 3, "Rsl", OP_PLAIN},
    {"srai", 0x210000, 3, "Rta", OP_PLAIN},
    {"srli", 0x410000, 3, "Rth", OP_PLAIN},
    {"extui", 0x040000, 3, "Rte", OP_PLAIN},
    {"src", 0x810000, 3, "Rst", OP_PLAIN},
    {"sll", 0xa10000, 3, "Rs", OP_PLAIN},
    {"mul16u", 0xc10000, 3, "Rst", OP_PLAIN},
    {"mul16s", 0xd10000, 3, "Rst", OP_PLAIN},
    {"mull", 0x820000, 3, "Rst", OP_PLAIN},
    {"moveqz", 0x830000, 3, "Rst", OP_PLAIN},
    {"movnez", 0x930000, 3, "Rst", OP_PLAIN},
    {"movltz", 0xa30000, 3, "Rst", OP_PLAIN},
    {"movgez", 0xb30000, 3, "Rst", OP_PLAIN},
    {"addi", 0x00c002, 3, "Ts8", OP_PLAIN},
    {"addmi", 0x00d002, 3, "Tsm", OP_PLAIN},
    {"movi", 0x00a002, 3, "Tv", OP_PLAIN},
    {"add.n", 0x000a, 2, "Rst", OP_PLAIN},
    {"addi.n", 0x000b, 2, "Rsn", OP_PLAIN},
    {"movi.n", 0x000c, 2, "Sw", OP_PLAIN},
    {"mov.n", 0x000d, 2, "Ts", OP_PLAIN},
    {"nop.n", 0xf03d, 2, "", OP_PLAIN},
    {"nop", 0x0020f0, 3, "", OP_PLAIN},
    {"memw", 0x0020c0, 3, "", OP_PLAIN},
    {"extw", 0x0020d0, 3, "", OP_PLAIN},
    {"isync", 0x002000, 3, "", OP_PLAIN},
    {"rsync", 0x002010, 3, "", OP_PLAIN},
    {"esync", 0x002020, 3, "", OP_PLAIN},
    {"dsync", 0x002030, 3, "", OP_PLAIN},
    {"rsil", 0x006000, 3, "Tq", OP_PLAIN},

    {"ssai", 0x404000, 3, "c", OP_SET_RIGHT},
    {"ssr", 0x400000, 3, "s", OP_SET_RIGHT},
    {"ssa8l", 0x402000, 3, "s", OP_SET_RIGHT},
    {"srl", 0x910000, 3, "Rt", OP_SHIFT_RIGHT},
    {"sra", 0xb10000, 3, "Rt", OP_SHIFT_RIGHT},
    {"ssl", 0x401000, 3, "s", OP_SET_LEFT},
    {"ssa8b", 0x403000, 3, "s", OP_SET_LEFT},

    {"l8ui", 0x000002, 3, "TsB", OP_LOAD},
    {"l16ui", 0x001002, 3, "TsH", OP_LOAD},
    {"l16si", 0x009002, 3, "TsH", OP_LOAD},
    {"l32i", 0x002002, 3, "TsW", OP_LOAD},
    {"l32i.n", 0x0008, 2, "TsN", OP_LOAD},
    {"s8i", 0x004002, 3, "tsB", OP_STORE},
    {"s16i", 0x005002, 3, "tsH", OP_STORE},
    {"s32i", 0x006002, 3, "tsW", OP_STORE},
    {"s32i.n", 0x0009, 2, "tsN", OP_STORE},

    {"beq", 0x001007, 3, "sto", OP_BRANCH},
    {"bne", 0x009007, 3, "sto", OP_BRANCH},
    {"blt", 0x002007, 3, "sto", OP_BRANCH},
    {"bge", 0x00a007, 3, "sto", OP_BRANCH},
    {"bltu", 0x003007, 3, "sto", OP_BRANCH},
    {"bgeu", 0x00b007, 3, "sto", OP_BRANCH},
    {"bnone", 0x000007, 3, "sto", OP_BRANCH},
    {"bany", 0x008007, 3, "sto", OP_BRANCH},
    {"ball", 0x004007, 3, "sto", OP_BRANCH},
    {"bnall", 0x00c007, 3, "sto", OP_BRANCH},
    {"bbc", 0x005007, 3, "sto", OP_BRANCH},
    {"bbs", 0x00d007, 3, "sto", OP_BRANCH},
    {"bbci", 0x006007, 3, "sio", OP_BRANCH},
    {"bbsi", 0x00e007, 3, "sio", OP_BRANCH},
    {"beqi", 0x000026, 3, "sbo", OP_BRANCH},
    {"bnei", 0x000066, 3, "sbo", OP_BRANCH},
    {"blti", 0x0000a6, 3, "sbo", OP_BRANCH},
    {"bgei", 0x0000e6, 3, "sbo", OP_BRANCH},
    {"bltui", 0x0000b6, 3, "suo", OP_BRANCH},
    {"bgeui", 0x0000f6, 3, "suo", OP_BRANCH},
    {"beqz", 0x000016, 3, "sO", OP_BRANCH},
    {"bnez", 0x000056, 3, "sO", OP_BRANCH},
    {"bltz", 0x000096, 3, "sO", OP_BRANCH},
    {"bgez", 0x0000d6, 3, "sO", OP_BRANCH},
    {"beqz.n", 0x008c, 2, "sx", OP_BRANCH},
    {"bnez.n", 0x00cc, 2, "sx", OP_BRANCH},

    {"rsr", 0x030000, 3, "Tk", OP_SPECIAL_READ},
    {"wsr", 0x130000, 3, "tk", OP_SPECIAL_WRITE},
    {"xsr", 0x610000, 3, "Tk", OP_SPECIAL_WRITE},

    {"j", 0x000006, 3, "j", OP_OTHER},
    {"jx", 0x0000a0, 3, "s", OP_OTHER},
    {"call0", 0x000005, 3, "f", OP_OTHER},
    {"callx0", 0x0000c0, 3, "s", OP_OTHER},
    {"ret", 0x000080, 3, "", OP_OTHER},
    {"ret.n", 0xf00d, 2, "", OP_OTHER},
    {"l32r", 0x000001, 3, "Ty", OP_OTHER},
    {"syscall", 0x005000, 3, "", OP_OTHER},
    {"rfe", 0x003000, 3, "", OP_OTHER},
    {"rfde", 0x003200, 3, "", OP_OTHER},
    {"break", 0x004000, 3, "gp", OP_OTHER},
    {"break.n", 0xf02d, 2, "g", OP_OTHER},
    {"rfi 2", 0x003210, 3, "", OP_OTHER},
    {"rfi 3", 0x003310, 3, "", OP_OTHER},
};

#define COUNT (sizeof ops / sizeof *ops)

/* B4CONST and B4CONSTU of the manual. */
static const int32_t compared[16] = {-1, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 32, 64, 128, 256};
static const int32_t compared_unsigned[16] = {32768, 65536, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 32, 64, 128, 256};

uint32_t dice_roll(struct dice *dice)
{
    dice->state ^= dice->state >> 12;
    dice->state ^= dice->state << 25;
    dice->state ^= dice->state >> 27;
    return (uint32_t)(dice->state * 0x2545f4914f6cdd1du >> 32);
}

const struct op *op_at(size_t index)
{
    return index < COUNT ? &ops[index] : NULL;
}

const struct op *op_named(const char *name)
{
    for (size_t i = 0; i < COUNT; i++)
        if (strcmp(ops[i].name, name) == 0)
            return &ops[i];
    return NULL;
}

const struct op *op_random(struct dice *dice, enum op_group group)
{
    static size_t first[OP_GROUPS], count[OP_GROUPS];

    if (count[group] == 0)
        for (size_t i = 0; i < COUNT; i++)
            if (ops[i].group == group && count[group]++ == 0)
                first[group] = i;
    return &ops[first[group] + dice_below(dice, (uint32_t)count[group])];
}

/* Now and then one of the ends. */
static int32_t between(struct dice *dice, int32_t lowest, int32_t highest)
{
    uint32_t choice = dice_below(dice, 8);

    if (choice < 2)
        return choice ? lowest : highest;
    return lowest + (int32_t)dice_below(dice, (uint32_t)(highest - lowest) + 1);
}

static unsigned writable(struct dice *dice, unsigned keep)
{
    unsigned reg;

    do
        reg = dice_below(dice, 16);
    while (keep >> reg & 1);
    return reg;
}

struct op_values op_roll(const struct op *op, struct dice *dice, unsigned keep)
{
    struct op_values v = {.r = dice_below(dice, 16), .s = dice_below(dice, 16), .t = dice_below(dice, 16)};

    for (const char *c = op->operands; *c; c++)
        switch (*c) {
        case 'R': v.r = writable(dice, keep); break;
        case 'S': v.s = writable(dice, keep); break;
        case 'T': v.t = writable(dice, keep); break;
        case 'l': v.immediate = between(dice, 1, 31); break;
        case 'a':
        case 'c':
        case 'i': v.immediate = between(dice, 0, 31); break;
        case 'h':
        case 'g':
        case 'q': v.immediate = between(dice, 0, 15); break;
        case 'p': v.second = between(dice, 0, 15); break;
        case 'e':
            v.immediate = between(dice, 0, 31);
            v.second = between(dice, 1, v.immediate > 16 ? 32 - v.immediate : 16);
            break;
        case '8': v.immediate = between(dice, -128, 127); break;
        case 'm': v.immediate = between(dice, -128, 127) * 256; break;
        case 'v': v.immediate = between(dice, -2048, 2047); break;
        case 'n':
            v.immediate = between(dice, 0, 15);
            v.immediate = v.immediate ? v.immediate : -1;
            break;
        case 'w': v.immediate = between(dice, -32, 95); break;
        case 'b': v.immediate = compared[dice_below(dice, 16)]; break;
        case 'u': v.immediate = compared_unsigned[dice_below(dice, 16)]; break;
        case 'B': v.immediate = between(dice, 0, 255); break;
        case 'H': v.immediate = between(dice, 0, 255) * 2; break;
        case 'W': v.immediate = between(dice, 0, 255) * 4; break;
        case 'N': v.immediate = between(dice, 0, 15) * 4; break;
        default: break; /* a source register, or what the caller knows */
        }
    return v;
}

static uint32_t constant_index(const int32_t *constants, int32_t value)
{
    uint32_t i = 0;

    while (i < 15 && constants[i] != value)
        i++;
    return i;
}

/* A target goes to `second` where there is an immediate beside it. */
uint32_t op_encode(const struct op *op, const struct op_values *v, uint32_t address)
{
    uint32_t bits = op->bits, value = (uint32_t)v->immediate, second = (uint32_t)v->second;

    for (const char *c = op->operands; *c; c++)
        switch (*c) {
        case 'r':
        case 'R': bits |= v->r << 12; break;
        case 's':
        case 'S': bits |= v->s << 8; break;
        case 't':
        case 'T': bits |= v->t << 4; break;
        case 'l': bits |= ((32 - value) & 15) << 4 | (32 - value) >> 4 << 20; break;
        case 'a': bits |= (value & 15) << 8 | value >> 4 << 20; break;
        case 'h':
        case 'g':
        case 'q': bits |= value << 8; break;
        case 'p': bits |= second << 4; break;
        case 'c': bits |= (value & 15) << 8 | value >> 4 << 4; break;
        case 'e': bits |= (value & 15) << 8 | value >> 4 << 16 | (second - 1) << 20; break;
        case '8':
        case 'B': bits |= (value & 255) << 16; break;
        case 'm': bits |= (value >> 8 & 255) << 16; break;
        case 'v': bits |= (value & 255) << 16 | (value >> 8 & 15) << 8; break;
        case 'n': bits |= (v->immediate == -1 ? 0 : value) << 4; break;
        case 'w': bits |= (value & 15) << 12 | (value >> 4 & 7) << 4; break;
        case 'b': bits |= constant_index(compared, v->immediate) << 12; break;
        case 'u': bits |= constant_index(compared_unsigned, v->immediate) << 12; break;
        case 'i': bits |= (value & 15) << 4 | value >> 4 << 12; break;
        case 'H': bits |= (value >> 1 & 255) << 16; break;
        case 'W': bits |= (value >> 2 & 255) << 16; break;
        case 'N': bits |= (value >> 2) << 12; break;
        case 'o': bits |= ((second - 4) & 255) << 16; break;
        case 'O': bits |= ((second - 4) & 0xfff) << 12; break;
        case 'x': bits |= ((second - 4) & 15) << 12 | ((second - 4) >> 4 & 3) << 4; break;
        case 'j': bits |= ((second - 4) & 0x3ffff) << 6; break;
        case 'f': bits |= (((address + second) - (address & ~3u) - 4) >> 2 & 0x3ffff) << 6; break;
        case 'y': bits |= (((address + second) - ((address + 3) & ~3u)) >> 2 & 0xffff) << 8; break;
        case 'k': bits |= value << 8; break;
        default: break;
        }
    return bits;
}

static const char *special_name(unsigned number)
{
    static const struct {
        unsigned number;
        const char *name;
    } names[] = {
        {3, "sar"},        {5, "litbase"},    {177, "epc1"},     {178, "epc2"},      {179, "epc3"},
        {192, "depc"},     {194, "eps2"},     {195, "eps3"},     {209, "excsave1"},  {210, "excsave2"},
        {211, "excsave3"}, {226, "intset"},   {227, "intclear"}, {228, "intenable"}, {230, "ps"},
        {231, "vecbase"},  {232, "exccause"}, {238, "excvaddr"},
    };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].number == number)
            return names[i].name;
    return "?";
}

void op_text(const struct op *op, const struct op_values *v, char *text, size_t size)
{
    const char *separator = " ";
    size_t n = (size_t)snprintf(text, size, "%s", op->name);

    for (const char *c = op->operands; *c && n < size; c++) {
        n += (size_t)snprintf(text + n, size - n, "%s", separator);
        separator = ", ";
        switch (*c) {
        case 'r':
        case 'R': n += (size_t)snprintf(text + n, size - n, "a%u", v->r); break;
        case 's':
        case 'S': n += (size_t)snprintf(text + n, size - n, "a%u", v->s); break;
        case 't':
        case 'T': n += (size_t)snprintf(text + n, size - n, "a%u", v->t); break;
        case 'p': n += (size_t)snprintf(text + n, size - n, "%d", v->second); break;
        case 'e': n += (size_t)snprintf(text + n, size - n, "%d, %d", v->immediate, v->second); break;
        case 'k': n += (size_t)snprintf(text + n, size - n, "%s", special_name((unsigned)v->immediate)); break;
        case 'o':
        case 'O':
        case 'x':
        case 'j':
        case 'f':
        case 'y': n += (size_t)snprintf(text + n, size - n, ". + (%d)", v->second); break;
        default: n += (size_t)snprintf(text + n, size - n, "%d", v->immediate); break;
        }
    }
}
