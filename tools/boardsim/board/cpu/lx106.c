/* SPDX-License-Identifier: MIT */
#include "tools/boardsim/board/cpu/lx106.h"

#include <string.h>

#include "tools/boardsim/board/cpu/lx106_decode.h"

/* Backward branches before a loop is watched for idle spinning, and how many more the watch may take to come by again.
 * Watching each turn would slow down every busy loop. */
#define SPIN_TURNS 16
#define SPIN_WATCH 64

static const uint32_t branch_constants[16] = {0xffffffff, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 32, 64, 128, 256};
static const uint32_t branch_unsigned[16] = {32768, 65536, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 32, 64, 128, 256};

/* Called at a backward branch once the loop has turned often enough: true if one whole turn has changed nothing. */
static bool spins(struct lx106 *cpu, uint32_t pc)
{
    if (cpu->watch_pc == pc && !cpu->active && cpu->watch_sar == cpu->sr[LX106_SAR] &&
        memcmp(cpu->watch_a, cpu->a, sizeof cpu->a) == 0) {
        lx106_stir(cpu);
        return true;
    }
    if (cpu->watch_pc == 0) {
        cpu->watch_pc = pc;
        cpu->watch_sar = cpu->sr[LX106_SAR];
        memcpy(cpu->watch_a, cpu->a, sizeof cpu->a);
        cpu->active = false;
    } else if (cpu->watch_pc == pc || cpu->turns > SPIN_TURNS + SPIN_WATCH) {
        lx106_stir(cpu);
    }
    return false;
}

static int load_slow(struct lx106 *cpu, uint32_t address, unsigned size, uint32_t *value)
{
    uint32_t at = address - LX106_IRAM;

    if (address & (size - 1))
        return LX106_UNALIGNED;
    if (at < LX106_IRAM_SIZE && size == 4) {
        memcpy(value, cpu->iram + at, 4);
        return 0;
    }
    return cpu->bus.load(cpu->bus.context, address, size, value);
}

/* An instruction that begins up to two bytes ahead is hit, too. */
void lx106_wrote(struct lx106 *cpu, uint32_t at, uint32_t n)
{
    uint32_t from = at < 2 ? 0 : at - 2;

    memset(cpu->iram_code + from, 0, (at + n - from) * sizeof *cpu->iram_code);
}

static int store_slow(struct lx106 *cpu, uint32_t address, unsigned size, uint32_t value)
{
    uint32_t at = address - LX106_IRAM;

    if (address & (size - 1))
        return LX106_UNALIGNED;
    if (at < LX106_IRAM_SIZE && size == 4) {
        cpu->active = true;
        memcpy(cpu->iram + at, &value, 4);
        lx106_wrote(cpu, at, 4);
        return 0;
    }
    return cpu->bus.store(cpu->bus.context, address, size, value);
}

/* A run of code bytes, and what was decoded of it. Fetches are four bytes wide: there is room behind it. */
struct code {
    const uint8_t *bytes;
    struct lx106_instruction *decoded;
    uint32_t at, size;
};

/* The code that the instruction at `pc`, outside of ROM, is part of. A cause other than 0 belongs to `*address`. */
static int find_code(struct lx106 *cpu, uint32_t pc, struct code *code, uint32_t *address)
{
    uint32_t in_line = pc % LX106_LINE, at = pc - in_line, n = LX106_LINE;
    int cause;

    if (pc - LX106_IRAM < LX106_IRAM_SIZE) {
        *code = (struct code){cpu->iram, cpu->iram_code, LX106_IRAM, LX106_IRAM_SIZE};
        return 0;
    }
    *address = pc;
    if (!cpu->bus.fetch)
        return LX106_FETCH_PROHIBITED;
    cause = cpu->bus.fetch(cpu->bus.context, at, cpu->lines);
    if (cause)
        return cause;
    if (in_line + lx106_size(cpu->lines[in_line]) > LX106_LINE) {
        *address = at + LX106_LINE;
        cause = cpu->bus.fetch(cpu->bus.context, *address, cpu->lines + LX106_LINE);
        if (cause)
            return cause;
        n = 2 * LX106_LINE;
    }
    /* An instruction that begins in the last two bytes may not be complete, unless it is this one. */
    memset(cpu->line_code, 0, sizeof cpu->line_code);
    *code = (struct code){cpu->lines, cpu->line_code, at, in_line > n - 3 ? in_line + 1 : n - 2};
    return 0;
}

/* Leading copies of the sign bit, less one, as NSA counts them; NSAU counts leading zeros. */
static uint32_t leading_zeros(uint32_t value)
{
    return value ? (uint32_t)__builtin_clz(value) : 32;
}

/* Registers as the manual names them: what fields r, s and t of the instruction choose. */
#define AR  (a[i->r])
#define AS  (a[i->s])
#define AT  (a[i->t])
#define SAR (cpu->sr[LX106_SAR])

#define FAIL(c, v)                                                                                                     \
    do {                                                                                                               \
        cause = (c);                                                                                                   \
        vaddr = (v);                                                                                                   \
        goto exception;                                                                                                \
    } while (0)

/* Fast for aligned DRAM, else by the slow way, which may see and change cpu->left. It may also write over the code: the
 * instruction is of no use behind it. */
#define LOAD(type, address_, to_)                                                                                      \
    do {                                                                                                               \
        uint32_t address = (address_), at = address - LX106_DRAM, *to = &(to_);                                        \
        if (__builtin_expect(at < LX106_DRAM_SIZE && !(address & (sizeof(type) - 1)), 1)) {                            \
            __typeof__(type) value;                                                                                    \
            memcpy(&value, cpu->dram + at, sizeof value);                                                              \
            *to = (uint32_t)value;                                                                                     \
        } else {                                                                                                       \
            uint32_t value = 0;                                                                                        \
            cpu->left = left;                                                                                          \
            cause = load_slow(cpu, address, sizeof(type), &value);                                                     \
            left = cpu->left;                                                                                          \
            if (cause) {                                                                                               \
                cpu->store_fault = false;                                                                              \
                FAIL(cause, address);                                                                                  \
            }                                                                                                          \
            *to = (uint32_t)(type)value;                                                                               \
        }                                                                                                              \
    } while (0)

#define STORE(type, address_, value_)                                                                                  \
    do {                                                                                                               \
        uint32_t address = (address_), at = address - LX106_DRAM;                                                      \
        __typeof__(type) value = (type)(value_);                                                                       \
        if (__builtin_expect(at < LX106_DRAM_SIZE && !(address & (sizeof(type) - 1)), 1)) {                            \
            if (memcmp(cpu->dram + at, &value, sizeof value) != 0) {                                                   \
                memcpy(cpu->dram + at, &value, sizeof value);                                                          \
                cpu->active = true;                                                                                    \
            }                                                                                                          \
        } else {                                                                                                       \
            cpu->left = left;                                                                                          \
            cause = store_slow(cpu, address, sizeof(type), value);                                                     \
            left = cpu->left;                                                                                          \
            if (cause) {                                                                                               \
                cpu->store_fault = true;                                                                               \
                FAIL(cause, address);                                                                                  \
            }                                                                                                          \
        }                                                                                                              \
    } while (0)

/* A jump that may close a loop. */
#define BRANCH()                                                                                                       \
    do {                                                                                                               \
        next = pc + i->imm;                                                                                            \
        left -= LX106_TAKEN_CYCLES;                                                                                    \
        if (next <= pc && ++cpu->turns > SPIN_TURNS && spins(cpu, pc)) {                                               \
            count++;                                                                                                   \
            pc = next;                                                                                                 \
            stop = LX106_SPIN;                                                                                         \
            goto out;                                                                                                  \
        }                                                                                                              \
    } while (0)
#define BRANCH_IF(condition)                                                                                           \
    do {                                                                                                               \
        if (condition)                                                                                                 \
            BRANCH();                                                                                                  \
    } while (0)
#define JUMP(target)                                                                                                   \
    do {                                                                                                               \
        next = (target);                                                                                               \
        left -= LX106_TAKEN_CYCLES;                                                                                    \
    } while (0)

/* On to the instruction at pc. Each instruction ends with its own copy of this, so that the host's processor can learn
 * what is apt to follow it; that is why this is no loop around a switch. */
#define GO()                                                                                                           \
    do {                                                                                                               \
        if (__builtin_expect(left <= until || pc - code.at >= code.size, 0))                                           \
            goto fetch;                                                                                                \
        i = &code.decoded[pc - code.at];                                                                               \
        next = pc + i->size;                                                                                           \
        left--;                                                                                                        \
        goto *effects[i->op];                                                                                          \
    } while (0)

/* What an operation does. */
#define DO(op, ...)                                                                                                    \
    do_##op:                                                                                                           \
    {                                                                                                                  \
        __VA_ARGS__;                                                                                                   \
    }                                                                                                                  \
    pc = next;                                                                                                         \
    count++;                                                                                                           \
    GO()

enum lx106_stop lx106_run(struct lx106 *cpu, int64_t cycles)
{
#define EFFECT(op) [OP_##op] = &&do_##op,
    /* It takes the address of a label for a logical and. */
    /* cppcheck-suppress assignBoolToPointer */
    static const void *const effects[] = {LX106_OPS(EFFECT)};
#undef EFFECT
    enum lx106_stop stop = LX106_TIME;
    uint32_t *const a = cpu->a;
    struct lx106_instruction *i;
    struct code code = {NULL, NULL, 0, 0}, found;
    uint64_t count = 0;
    int64_t left = cycles, until;
    uint32_t pc = cpu->pc, next, vaddr = 0;
    int cause = 0;

    cpu->granted = cycles;

look: /* for an interrupt: here comes what may have let one in, or put the CPU to sleep */
    until = lx106_timer(cpu, left);
    if (lx106_interrupted(cpu)) {
        cpu->pc = pc;
        lx106_interrupt(cpu);
        pc = cpu->pc;
    } else if (cpu->waiting) {
        stop = LX106_WAIT;
        goto out;
    }
    if (left <= 0)
        goto out;

fetch:
    if (left <= until)
        goto look;
    if (pc - code.at >= code.size) {
        if (pc - LX106_ROM < LX106_ROM_SIZE) {
            stop = LX106_CALL;
            goto out;
        }
        cpu->left = left;
        cause = find_code(cpu, pc, &found, &vaddr);
        left = cpu->left;
        if (cause)
            goto exception;
        code = found;
    }
    i = &code.decoded[pc - code.at];
    if (i->op == OP_UNKNOWN) {
        uint32_t bytes;

        memcpy(&bytes, code.bytes + (pc - code.at), 4);
        *i = lx106_decode(bytes);
    }
    next = pc + i->size;
    left--;
    goto *effects[i->op];

do_UNKNOWN: /* GO() has begun it */
    left++;
    goto fetch;

    DO(NOP, (void)0);

    DO(ADD, AR = AS + AT);
    DO(ADDX2, AR = (AS << 1) + AT);
    DO(ADDX4, AR = (AS << 2) + AT);
    DO(ADDX8, AR = (AS << 3) + AT);
    DO(SUB, AR = AS - AT);
    DO(SUBX2, AR = (AS << 1) - AT);
    DO(SUBX4, AR = (AS << 2) - AT);
    DO(SUBX8, AR = (AS << 3) - AT);
    DO(AND, AR = AS & AT);
    DO(OR, AR = AS | AT);
    DO(XOR, AR = AS ^ AT);
    DO(NEG, AR = 0 - AT);
    DO(ABS, AR = (int32_t)AT < 0 ? 0 - AT : AT);
    DO(NSA, AT = leading_zeros((int32_t)AS < 0 ? ~AS : AS) - 1);
    DO(NSAU, AT = leading_zeros(AS));
    DO(MULL, AR = AS * AT);
    DO(MUL16U, AR = (AS & 0xffff) * (AT & 0xffff));
    DO(MUL16S, AR = (uint32_t)((int32_t)(int16_t)AS * (int32_t)(int16_t)AT));
    DO(MOVI, AT = i->imm);
    DO(ADDI, AT = AS + i->imm);
    DO(MOV, AT = AS);
    DO(MOVEQZ, AR = AT == 0 ? AS : AR);
    DO(MOVNEZ, AR = AT != 0 ? AS : AR);
    DO(MOVLTZ, AR = (int32_t)AT < 0 ? AS : AR);
    DO(MOVGEZ, AR = (int32_t)AT >= 0 ? AS : AR);

    DO(SLLI, AR = (uint32_t)((uint64_t)AS << i->imm));
    DO(SRAI, AR = (uint32_t)((int32_t)AT >> i->imm));
    DO(SRLI, AR = AT >> i->imm);
    DO(EXTUI, AR = AT >> i->s & i->imm);
    DO(SRC, AR = (uint32_t)(((uint64_t)AS << 32 | AT) >> (SAR & 63)));
    DO(SRL, AR = (uint32_t)((uint64_t)AT >> (SAR & 63)));
    DO(SLL, AR = (uint32_t)((uint64_t)AS << 32 >> (SAR & 63)));
    DO(SRA, AR = (uint32_t)((int64_t)(int32_t)AT >> (SAR & 63)));
    DO(SSR, SAR = AS & 31);
    DO(SSL, SAR = 32 - (AS & 31));
    DO(SSA8L, SAR = (AS & 3) * 8);
    DO(SSA8B, SAR = 32 - (AS & 3) * 8);
    DO(SSAI, SAR = i->imm);

    DO(L8UI, LOAD(uint8_t, AS + i->imm, AT));
    DO(L16UI, LOAD(uint16_t, AS + i->imm, AT));
    DO(L16SI, LOAD(int16_t, AS + i->imm, AT));
    DO(L32I, LOAD(uint32_t, AS + i->imm, AT));
    DO(L32R, uint32_t litbase = cpu->sr[LX106_LITBASE];
       LOAD(uint32_t, (litbase & 1 ? litbase & ~0xfffu : (pc + 3) & ~3u) + i->imm, AT));
    DO(S8I, STORE(uint8_t, AS + i->imm, AT));
    DO(S16I, STORE(uint16_t, AS + i->imm, AT));
    DO(S32I, STORE(uint32_t, AS + i->imm, AT));

    DO(J, BRANCH());
    DO(JX, JUMP(AS));
    DO(CALL0, a[0] = next; JUMP((pc & ~3u) + i->imm));
    DO(CALLX0, uint32_t target = AS; a[0] = next; JUMP(target)); /* the register may be a0 itself */
    DO(BEQZ, BRANCH_IF(AS == 0));
    DO(BNEZ, BRANCH_IF(AS != 0));
    DO(BLTZ, BRANCH_IF((int32_t)AS < 0));
    DO(BGEZ, BRANCH_IF((int32_t)AS >= 0));
    DO(BEQI, BRANCH_IF(AS == branch_constants[i->r]));
    DO(BNEI, BRANCH_IF(AS != branch_constants[i->r]));
    DO(BLTI, BRANCH_IF((int32_t)AS < (int32_t)branch_constants[i->r]));
    DO(BGEI, BRANCH_IF((int32_t)AS >= (int32_t)branch_constants[i->r]));
    DO(BLTUI, BRANCH_IF(AS < branch_unsigned[i->r]));
    DO(BGEUI, BRANCH_IF(AS >= branch_unsigned[i->r]));
    DO(BEQ, BRANCH_IF(AS == AT));
    DO(BNE, BRANCH_IF(AS != AT));
    DO(BLT, BRANCH_IF((int32_t)AS < (int32_t)AT));
    DO(BGE, BRANCH_IF((int32_t)AS >= (int32_t)AT));
    DO(BLTU, BRANCH_IF(AS < AT));
    DO(BGEU, BRANCH_IF(AS >= AT));
    DO(BNONE, BRANCH_IF((AS & AT) == 0));
    DO(BANY, BRANCH_IF((AS & AT) != 0));
    DO(BALL, BRANCH_IF((~AS & AT) == 0));
    DO(BNALL, BRANCH_IF((~AS & AT) != 0));
    DO(BBC, BRANCH_IF(!(AS >> (AT & 31) & 1)));
    DO(BBS, BRANCH_IF(AS >> (AT & 31) & 1));
    DO(BBCI, BRANCH_IF(!(AS >> i->t & 1)));
    DO(BBSI, BRANCH_IF(AS >> i->t & 1));

do_RSR:
do_WSR:
do_XSR:
do_RSIL:
do_WAITI:
do_BREAK:
do_BREAK_N:
do_SYSCALL:
do_RFE:
do_RFDE:
do_RFI:
    cpu->pc = next;
    cause = lx106_system(cpu, i, pc, left);
    if (cause >= 0)
        goto exception;
    if (cpu->pc != next)
        left -= LX106_TAKEN_CYCLES;
    pc = cpu->pc;
    count++;
    goto look;

do_ILL:
    cause = LX106_ILLEGAL;
exception: /* is charged too, or vectors without code would hold the clock for ever */
    left -= LX106_TAKEN_CYCLES;
    lx106_exception(cpu, (enum lx106_cause)cause, pc, vaddr);
    pc = cpu->pc;
    goto fetch;

out:
    cpu->pc = pc;
    cpu->left = left;
    cpu->cycles += (uint64_t)(cpu->granted - left);
    cpu->instructions += count;
    return stop;
}
