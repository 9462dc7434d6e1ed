/* SPDX-License-Identifier: MIT */
#include "tools/boardsim/board/cpu/lx106_decode.h"

/* What an instruction has besides the registers in its fields r, s and t. */
enum operand {
    NOTHING,
    IMM8,    /* 0 to 255 */
    IMM8_X2, /* of halfwords */
    IMM8_X4, /* of words */
    IMM4_X4,
    ADDI,
    ADDMI,
    ADDI_N, /* 0 means -1; the target is in field r */
    MOVI,
    MOVI_N, /* -32 to 95; the target is in field s */
    ZERO,
    SLLI,
    SRAI,
    SRLI,
    EXTUI,
    SSAI,
    LITERAL,
    BRANCH8,
    BRANCH12,
    BRANCH6, /* forward only */
    BIT,     /* and BRANCH8 */
    JUMP18,
    CALL18,
    SPECIAL,
};

/* An encoding. Bits that are in no field are in the mask: the manual requires them to be as in `bits`. */
struct encoding {
    uint32_t mask, bits;
    enum lx106_op op;
    enum operand operand;
};

/* The first that fits counts; the last row fits everything. */
#define ELSE_ILLEGAL {0, 0, OP_ILL, NOTHING}

static const struct encoding qrst[] = {
    /* QRST: ST0 */
    {0xffffff, 0x000080, OP_JX, NOTHING}, /* RET */
    {0xfff0ff, 0x0000a0, OP_JX, NOTHING},
    {0xfff0ff, 0x0000c0, OP_CALLX0, NOTHING},
    {0xffffcf, 0x002000, OP_NOP, NOTHING}, /* ISYNC, RSYNC, ESYNC, DSYNC */
    {0xffffff, 0x002080, OP_NOP, NOTHING}, /* EXCW */
    {0xffffef, 0x0020c0, OP_NOP, NOTHING}, /* MEMW, EXTW */
    {0xffffff, 0x0020f0, OP_NOP, NOTHING}, /* NOP */
    {0xffffff, 0x003000, OP_RFE, NOTHING},
    {0xffffff, 0x003200, OP_RFDE, NOTHING},
    {0xfffeff, 0x003210, OP_RFI, NOTHING},
    {0xfff00f, 0x004000, OP_BREAK, NOTHING},
    {0xffffff, 0x005000, OP_SYSCALL, NOTHING},
    {0xfff00f, 0x006000, OP_RSIL, NOTHING},
    {0xfff0ff, 0x007000, OP_WAITI, NOTHING},
    {0xff000f, 0x100000, OP_AND, NOTHING},
    {0xff000f, 0x200000, OP_OR, NOTHING},
    {0xff000f, 0x300000, OP_XOR, NOTHING},
    /* ST1 */
    {0xfff0ff, 0x400000, OP_SSR, NOTHING},
    {0xfff0ff, 0x401000, OP_SSL, NOTHING},
    {0xfff0ff, 0x402000, OP_SSA8L, NOTHING},
    {0xfff0ff, 0x403000, OP_SSA8B, NOTHING},
    {0xfff0ef, 0x404000, OP_SSAI, SSAI},
    {0xfff00f, 0x406000, OP_MOVI, ZERO},   /* RER */
    {0xfff00f, 0x407000, OP_NOP, NOTHING}, /* WER */
    {0xfff00f, 0x40e000, OP_NSA, NOTHING},
    {0xfff00f, 0x40f000, OP_NSAU, NOTHING},
    /* TLB: ITLB and DTLB differ in bit 3 of r */
    {0xff700f, 0x503000, OP_MOV, NOTHING}, /* RITLB0 */
    {0xff700f, 0x504000, OP_NOP, NOTHING}, /* IITLB */
    {0xff700f, 0x505000, OP_MOV, NOTHING}, /* PITLB */
    {0xff700f, 0x506000, OP_NOP, NOTHING}, /* WITLB */
    {0xff700f, 0x507000, OP_MOV, NOTHING}, /* RITLB1 */
    /* RST0 again */
    {0xff0f0f, 0x600000, OP_NEG, NOTHING},
    {0xff0f0f, 0x600100, OP_ABS, NOTHING},
    {0xff000f, 0x800000, OP_ADD, NOTHING},
    {0xff000f, 0x900000, OP_ADDX2, NOTHING},
    {0xff000f, 0xa00000, OP_ADDX4, NOTHING},
    {0xff000f, 0xb00000, OP_ADDX8, NOTHING},
    {0xff000f, 0xc00000, OP_SUB, NOTHING},
    {0xff000f, 0xd00000, OP_SUBX2, NOTHING},
    {0xff000f, 0xe00000, OP_SUBX4, NOTHING},
    {0xff000f, 0xf00000, OP_SUBX8, NOTHING},
    /* RST1 */
    {0xef000f, 0x010000, OP_SLLI, SLLI},
    {0xef000f, 0x210000, OP_SRAI, SRAI},
    {0xff000f, 0x410000, OP_SRLI, SRLI},
    {0xff000f, 0x610000, OP_XSR, SPECIAL},
    {0xff000f, 0x810000, OP_SRC, NOTHING},
    {0xff0f0f, 0x910000, OP_SRL, NOTHING},
    {0xff00ff, 0xa10000, OP_SLL, NOTHING},
    {0xff0f0f, 0xb10000, OP_SRA, NOTHING},
    {0xff000f, 0xc10000, OP_MUL16U, NOTHING},
    {0xff000f, 0xd10000, OP_MUL16S, NOTHING},
    /* RST2, RST3, EXTUI */
    {0xff000f, 0x820000, OP_MULL, NOTHING},
    {0xff000f, 0x030000, OP_RSR, SPECIAL},
    {0xff000f, 0x130000, OP_WSR, SPECIAL},
    {0xff000f, 0x830000, OP_MOVEQZ, NOTHING},
    {0xff000f, 0x930000, OP_MOVNEZ, NOTHING},
    {0xff000f, 0xa30000, OP_MOVLTZ, NOTHING},
    {0xff000f, 0xb30000, OP_MOVGEZ, NOTHING},
    {0x0e000f, 0x040000, OP_EXTUI, EXTUI},
    ELSE_ILLEGAL,
};

static const struct encoding l32r[] = {
    {0x00000f, 0x000001, OP_L32R, LITERAL},
    ELSE_ILLEGAL,
};

static const struct encoding lsai[] = {
    {0x00f00f, 0x000002, OP_L8UI, IMM8},
    {0x00f00f, 0x001002, OP_L16UI, IMM8_X2},
    {0x00f00f, 0x002002, OP_L32I, IMM8_X4},
    {0x00f00f, 0x004002, OP_S8I, IMM8},
    {0x00f00f, 0x005002, OP_S16I, IMM8_X2},
    {0x00f00f, 0x006002, OP_S32I, IMM8_X4},
    {0x00f00f, 0x007002, OP_NOP, NOTHING}, /* cache operations: there is no cache to see them */
    {0x00f00f, 0x009002, OP_L16SI, IMM8_X2},
    {0x00f00f, 0x00a002, OP_MOVI, MOVI},
    {0x00f00f, 0x00c002, OP_ADDI, ADDI},
    {0x00f00f, 0x00d002, OP_ADDI, ADDMI},
    ELSE_ILLEGAL,
};

static const struct encoding calln[] = {
    {0x00003f, 0x000005, OP_CALL0, CALL18},
    ELSE_ILLEGAL,
};

static const struct encoding si[] = {
    {0x00003f, 0x000006, OP_J, JUMP18},      {0x0000ff, 0x000016, OP_BEQZ, BRANCH12},
    {0x0000ff, 0x000056, OP_BNEZ, BRANCH12}, {0x0000ff, 0x000096, OP_BLTZ, BRANCH12},
    {0x0000ff, 0x0000d6, OP_BGEZ, BRANCH12}, {0x0000ff, 0x000026, OP_BEQI, BRANCH8},
    {0x0000ff, 0x000066, OP_BNEI, BRANCH8},  {0x0000ff, 0x0000a6, OP_BLTI, BRANCH8},
    {0x0000ff, 0x0000e6, OP_BGEI, BRANCH8},  {0x0000ff, 0x0000b6, OP_BLTUI, BRANCH8},
    {0x0000ff, 0x0000f6, OP_BGEUI, BRANCH8}, ELSE_ILLEGAL,
};

static const struct encoding b[] = {
    {0x00f00f, 0x000007, OP_BNONE, BRANCH8},
    {0x00f00f, 0x001007, OP_BEQ, BRANCH8},
    {0x00f00f, 0x002007, OP_BLT, BRANCH8},
    {0x00f00f, 0x003007, OP_BLTU, BRANCH8},
    {0x00f00f, 0x004007, OP_BALL, BRANCH8},
    {0x00f00f, 0x005007, OP_BBC, BRANCH8},
    {0x00e00f, 0x006007, OP_BBCI, BIT},
    {0x00f00f, 0x008007, OP_BANY, BRANCH8},
    {0x00f00f, 0x009007, OP_BNE, BRANCH8},
    {0x00f00f, 0x00a007, OP_BGE, BRANCH8},
    {0x00f00f, 0x00b007, OP_BGEU, BRANCH8},
    {0x00f00f, 0x00c007, OP_BNALL, BRANCH8},
    {0x00f00f, 0x00d007, OP_BBS, BRANCH8},
    {0x00e00f, 0x00e007, OP_BBSI, BIT},
    ELSE_ILLEGAL,
};

static const struct encoding l32i_n[] = {
    {0x00000f, 0x000008, OP_L32I, IMM4_X4},
    ELSE_ILLEGAL,
};

static const struct encoding s32i_n[] = {
    {0x00000f, 0x000009, OP_S32I, IMM4_X4},
    ELSE_ILLEGAL,
};

static const struct encoding add_n[] = {
    {0x00000f, 0x00000a, OP_ADD, NOTHING},
    ELSE_ILLEGAL,
};

static const struct encoding addi_n[] = {
    {0x00000f, 0x00000b, OP_ADDI, ADDI_N},
    ELSE_ILLEGAL,
};

static const struct encoding st2[] = {
    {0x00008f, 0x00000c, OP_MOVI, MOVI_N},
    {0x0000cf, 0x00008c, OP_BEQZ, BRANCH6},
    {0x0000cf, 0x0000cc, OP_BNEZ, BRANCH6},
    ELSE_ILLEGAL,
};

static const struct encoding st3[] = {
    {0x00f00f, 0x00000d, OP_MOV, NOTHING},     {0x00ffff, 0x00f00d, OP_JX, NOTHING}, /* RET.N */
    {0x00f0ff, 0x00f02d, OP_BREAK_N, NOTHING}, {0x00ffff, 0x00f03d, OP_NOP, NOTHING}, ELSE_ILLEGAL,
};

static const struct encoding none[] = {ELSE_ILLEGAL};

/* By the lowest four bits, as the manual's opcode maps have them. */
static const struct encoding *const maps[16] = {
    qrst, l32r, lsai, none, none, calln, si, b, l32i_n, s32i_n, add_n, addi_n, st2, st3, none, none,
};

static uint32_t sign_extend(uint32_t value, unsigned bits)
{
    uint32_t sign = 1u << (bits - 1);

    return (value ^ sign) - sign;
}

/* Branches and jumps count from four bytes behind themselves, of whatever size they are. */
static void set_operand(struct lx106_instruction *i, uint32_t w, enum operand operand)
{
    uint32_t imm8 = w >> 16 & 255;

    switch (operand) {
    case NOTHING:
    case ZERO: break;
    case IMM8: i->imm = imm8; break;
    case IMM8_X2: i->imm = imm8 * 2; break;
    case IMM8_X4: i->imm = imm8 * 4; break;
    case IMM4_X4: i->imm = i->r * 4u; break;
    case ADDI: i->imm = sign_extend(imm8, 8); break;
    case ADDMI: i->imm = sign_extend(imm8, 8) << 8; break;
    case ADDI_N:
        i->imm = i->t ? i->t : 0xffffffff;
        i->t = i->r;
        break;
    case MOVI: i->imm = sign_extend((uint32_t)i->s << 8 | imm8, 12); break;
    case MOVI_N:
        i->imm = i->r | (i->t & 7u) << 4;
        if (i->imm >= 96)
            i->imm -= 128;
        i->t = i->s;
        break;
    case SLLI: i->imm = 32 - (i->t | (w >> 16 & 16)); break;
    case SRAI: i->imm = i->s | (w >> 16 & 16); break;
    case SRLI: i->imm = i->s; break;
    case EXTUI:
        i->imm = (2u << (w >> 20 & 15)) - 1;
        i->s |= w >> 12 & 16;
        break;
    case SSAI: i->imm = i->s | (i->t & 1u) << 4; break;
    case LITERAL: i->imm = 0xfffc0000u | (w >> 6 & 0x3fffc); break;
    case BIT: i->t |= w >> 8 & 16; __attribute__((fallthrough));
    case BRANCH8: i->imm = 4 + sign_extend(imm8, 8); break;
    case BRANCH12: i->imm = 4 + sign_extend(w >> 12 & 0xfff, 12); break;
    case BRANCH6: i->imm = 4 + (i->r | (i->t & 3u) << 4); break;
    case JUMP18: i->imm = 4 + sign_extend(w >> 6 & 0x3ffff, 18); break;
    case CALL18: i->imm = 4 + (sign_extend(w >> 6 & 0x3ffff, 18) << 2); break;
    case SPECIAL: i->imm = w >> 8 & 255; break;
    }
}

struct lx106_instruction lx106_decode(uint32_t bytes)
{
    const struct encoding *encoding = maps[bytes & 15];
    struct lx106_instruction i = {
        .size = (uint8_t)lx106_size(bytes),
        .r = bytes >> 12 & 15,
        .s = bytes >> 8 & 15,
        .t = bytes >> 4 & 15,
    };

    while ((bytes & encoding->mask) != encoding->bits)
        encoding++;
    i.op = (uint8_t)encoding->op;
    set_operand(&i, bytes, encoding->operand);
    return i;
}
