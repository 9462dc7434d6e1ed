/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "tools/boardsim/board/lx106_special.h"

/* Backward branches before a loop is watched for idle spinning, and how many more the watch may take to come by again.
 * Watching each turn would cost every busy loop dearly. */
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

static int store_slow(struct lx106 *cpu, uint32_t address, unsigned size, uint32_t value)
{
    uint32_t at = address - LX106_IRAM;

    if (address & (size - 1))
        return LX106_UNALIGNED;
    if (at < LX106_IRAM_SIZE && size == 4) {
        cpu->active = true;
        memcpy(cpu->iram + at, &value, 4);
        return 0;
    }
    return cpu->bus.store(cpu->bus.context, address, size, value);
}

static uint32_t instruction_size(uint32_t first_byte)
{
    return 3 - ((first_byte & 15) >= 8);
}

/* A run of code bytes. Fetches are four bytes wide: there is room behind it. */
struct code {
    const uint8_t *bytes;
    uint32_t at, size;
};

/* The code that the instruction at `pc`, outside of ROM, is part of. A cause other than 0 belongs to `*address`. */
static int find_code(struct lx106 *cpu, uint32_t pc, struct code *code, uint32_t *address)
{
    uint32_t in_line = pc % LX106_LINE, at = pc - in_line, n = LX106_LINE;
    int cause;

    if (pc - LX106_IRAM < LX106_IRAM_SIZE) {
        *code = (struct code){cpu->iram, LX106_IRAM, LX106_IRAM_SIZE};
        return 0;
    }
    *address = pc;
    if (!cpu->bus.fetch)
        return LX106_FETCH_PROHIBITED;
    cause = cpu->bus.fetch(cpu->bus.context, at, cpu->lines);
    if (cause)
        return cause;
    if (in_line + instruction_size(cpu->lines[in_line]) > LX106_LINE) {
        *address = at + LX106_LINE;
        cause = cpu->bus.fetch(cpu->bus.context, *address, cpu->lines + LX106_LINE);
        if (cause)
            return cause;
        n = 2 * LX106_LINE;
    }
    /* Of the last two bytes nobody knows if an instruction there is whole, but if it is this one. */
    *code = (struct code){cpu->lines, at, in_line > n - 3 ? in_line + 1 : n - 2};
    return 0;
}

static uint32_t sign_extend(uint32_t value, unsigned bits)
{
    uint32_t sign = 1u << (bits - 1);

    return (value ^ sign) - sign;
}

/* Leading copies of the sign bit, less one, as NSA counts them; NSAU counts leading zeros. */
static uint32_t leading_zeros(uint32_t value)
{
    return value ? (uint32_t)__builtin_clz(value) : 32;
}

#define R         (w >> 12 & 15)
#define S         (w >> 8 & 15)
#define T         (w >> 4 & 15)
#define IMM8      (w >> 16 & 255)
#define IMM8_SEXT ((uint32_t)(int32_t)(int8_t)(w >> 16))
#define SAR       (cpu->sr[LX106_SAR])
#define ILLEGAL() goto illegal

/* Bits that the manual wants zero. */
#define UNUSED(bits)                                                                                                   \
    do {                                                                                                               \
        if (bits)                                                                                                      \
            ILLEGAL();                                                                                                 \
    } while (0)
#define FAIL(c, v)                                                                                                     \
    do {                                                                                                               \
        cause = (c);                                                                                                   \
        vaddr = (v);                                                                                                   \
        goto exception;                                                                                                \
    } while (0)

/* Fast for aligned DRAM, else by the slow way, which may see and change cpu->left. */
#define LOAD(type, address_, set)                                                                                      \
    do {                                                                                                               \
        uint32_t address = (address_), at = address - LX106_DRAM;                                                      \
        if (__builtin_expect(at < LX106_DRAM_SIZE && !(address & (sizeof(type) - 1)), 1)) {                            \
            __typeof__(type) value;                                                                                    \
            memcpy(&value, cpu->dram + at, sizeof value);                                                              \
            (set) = (uint32_t)value;                                                                                   \
        } else {                                                                                                       \
            uint32_t value = 0;                                                                                        \
            cpu->left = left;                                                                                          \
            cause = load_slow(cpu, address, sizeof(type), &value);                                                     \
            left = cpu->left;                                                                                          \
            if (cause) {                                                                                               \
                cpu->store_fault = false;                                                                              \
                FAIL(cause, address);                                                                                  \
            }                                                                                                          \
            (set) = (uint32_t)(type)value;                                                                             \
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
#define BRANCH(offset)                                                                                                 \
    do {                                                                                                               \
        next = pc + 4 + (offset);                                                                                      \
        left -= LX106_TAKEN_CYCLES;                                                                                    \
        if (next <= pc && ++cpu->turns > SPIN_TURNS && spins(cpu, pc)) {                                               \
            count++;                                                                                                   \
            pc = next;                                                                                                 \
            stop = LX106_SPIN;                                                                                         \
            goto out;                                                                                                  \
        }                                                                                                              \
    } while (0)
#define BRANCH_IF(condition, offset)                                                                                   \
    do {                                                                                                               \
        if (condition)                                                                                                 \
            BRANCH(offset);                                                                                            \
    } while (0)
#define JUMP(target)                                                                                                   \
    do {                                                                                                               \
        next = (target);                                                                                               \
        left -= LX106_TAKEN_CYCLES;                                                                                    \
    } while (0)

enum lx106_stop lx106_run(struct lx106 *cpu, int64_t cycles)
{
    enum lx106_stop stop = LX106_TIME;
    uint32_t *const a = cpu->a;
    struct code code = {NULL, 0, 0};
    uint64_t count = 0;
    int64_t left = cycles, until;
    uint32_t pc = cpu->pc, w, next, vaddr = 0;
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

    while (left > until) {
        if (__builtin_expect(pc - code.at >= code.size, 0)) {
            if (pc - LX106_ROM < LX106_ROM_SIZE) {
                stop = LX106_CALL;
                goto out;
            }
            cpu->left = left;
            cause = find_code(cpu, pc, &code, &vaddr);
            left = cpu->left;
            if (cause)
                goto exception;
        }
        memcpy(&w, code.bytes + (pc - code.at), 4);
        next = pc + instruction_size(w);
        left--;

        switch (w & 15) {
        case 0: /* QRST */
            switch (w >> 16 & 0xff) {
            case 0x00: /* ST0 */
                switch (R) {
                case 0:
                    if (T == 8 && S == 0) /* RET */
                        JUMP(a[0]);
                    else if (T == 10) /* JX */
                        JUMP(a[S]);
                    else if (T == 12) { /* CALLX0; the register may be a0 itself */
                        uint32_t target = a[S];

                        a[0] = next;
                        JUMP(target);
                    } else
                        ILLEGAL();
                    break;
                case 2: /* ISYNC to NOP: nothing to wait for here */
                    if (S != 0 || !(0xb10f >> T & 1))
                        ILLEGAL();
                    break;
                default: goto system;
                }
                break;
            case 0x10: a[R] = a[S] & a[T]; break;
            case 0x20: a[R] = a[S] | a[T]; break;
            case 0x30: a[R] = a[S] ^ a[T]; break;
            case 0x40: /* ST1 */
                switch (R) {
                case 0:
                    UNUSED(T);
                    SAR = a[S] & 31;
                    break;
                case 1:
                    UNUSED(T);
                    SAR = 32 - (a[S] & 31);
                    break;
                case 2:
                    UNUSED(T);
                    SAR = (a[S] & 3) * 8;
                    break;
                case 3:
                    UNUSED(T);
                    SAR = 32 - (a[S] & 3) * 8;
                    break;
                case 4:
                    UNUSED(T & ~1u);
                    SAR = S | (T & 1) << 4;
                    break;
                case 6: a[T] = 0; break; /* RER, WER: there is nothing out there */
                case 7: break;
                case 14: a[T] = leading_zeros((int32_t)a[S] < 0 ? ~a[S] : a[S]) - 1; break;
                case 15: a[T] = leading_zeros(a[S]); break;
                default: ILLEGAL();
                }
                break;
            case 0x50: goto system;
            case 0x60: /* NEG, ABS */
                UNUSED(S & ~1u);
                a[R] = S == 0 || (int32_t)a[T] < 0 ? 0 - a[T] : a[T];
                break;
            case 0x80: a[R] = a[S] + a[T]; break;
            case 0x90: a[R] = (a[S] << 1) + a[T]; break;
            case 0xa0: a[R] = (a[S] << 2) + a[T]; break;
            case 0xb0: a[R] = (a[S] << 3) + a[T]; break;
            case 0xc0: a[R] = a[S] - a[T]; break;
            case 0xd0: a[R] = (a[S] << 1) - a[T]; break;
            case 0xe0: a[R] = (a[S] << 2) - a[T]; break;
            case 0xf0: a[R] = (a[S] << 3) - a[T]; break;
            case 0x01:
            case 0x11: a[R] = (uint32_t)((uint64_t)a[S] << (32 - (T | (w >> 16 & 16)))); break; /* SLLI */
            case 0x21:
            case 0x31: a[R] = (uint32_t)((int32_t)a[T] >> (S | (w >> 16 & 16))); break;       /* SRAI */
            case 0x41: a[R] = a[T] >> S; break;                                               /* SRLI */
            case 0x81: a[R] = (uint32_t)(((uint64_t)a[S] << 32 | a[T]) >> (SAR & 63)); break; /* SRC */
            case 0x91:
                UNUSED(S);
                a[R] = (uint32_t)((uint64_t)a[T] >> (SAR & 63));
                break; /* SRL */
            case 0xa1:
                UNUSED(T);
                a[R] = (uint32_t)((uint64_t)a[S] << 32 >> (SAR & 63));
                break; /* SLL */
            case 0xb1:
                UNUSED(S);
                a[R] = (uint32_t)((int64_t)(int32_t)a[T] >> (SAR & 63));
                break;                                                                            /* SRA */
            case 0xc1: a[R] = (a[S] & 0xffff) * (a[T] & 0xffff); break;                           /* MUL16U */
            case 0xd1: a[R] = (uint32_t)((int32_t)(int16_t)a[S] * (int32_t)(int16_t)a[T]); break; /* MUL16S */
            case 0x82: a[R] = a[S] * a[T]; break;                                                 /* MULL */
            case 0x03:
            case 0x13:
            case 0x61: goto system;
            case 0x83: a[R] = a[T] == 0 ? a[S] : a[R]; break;
            case 0x93: a[R] = a[T] != 0 ? a[S] : a[R]; break;
            case 0xa3: a[R] = (int32_t)a[T] < 0 ? a[S] : a[R]; break;
            case 0xb3: a[R] = (int32_t)a[T] >= 0 ? a[S] : a[R]; break;
            default:
                if ((w >> 17 & 7) != 2) /* EXTUI: op1 is 4 or 5, op2 the width */
                    ILLEGAL();
                a[R] = a[T] >> (S | (w >> 12 & 16)) & ((2u << (w >> 20 & 15)) - 1);
                break;
            }
            break;
        case 1: { /* L32R */
            uint32_t litbase = cpu->sr[LX106_LITBASE], base = litbase & 1 ? litbase & ~0xfffu : (pc + 3) & ~3u;

            LOAD(uint32_t, base + (0xfffc0000u | (w >> 6 & 0x3fffc)), a[T]);
            break;
        }
        case 2: /* LSAI */
            switch (R) {
            case 0: LOAD(uint8_t, a[S] + IMM8, a[T]); break;
            case 1: LOAD(uint16_t, a[S] + IMM8 * 2, a[T]); break;
            case 2: LOAD(uint32_t, a[S] + IMM8 * 4, a[T]); break;
            case 4: STORE(uint8_t, a[S] + IMM8, a[T]); break;
            case 5: STORE(uint16_t, a[S] + IMM8 * 2, a[T]); break;
            case 6: STORE(uint32_t, a[S] + IMM8 * 4, a[T]); break;
            case 7: break; /* cache operations: there is no cache to see them */
            case 9: LOAD(int16_t, a[S] + IMM8 * 2, a[T]); break;
            case 10: a[T] = sign_extend(S << 8 | IMM8, 12); break;
            case 12: a[T] = a[S] + IMM8_SEXT; break;
            case 13: a[T] = a[S] + (IMM8_SEXT << 8); break;
            default: ILLEGAL();
            }
            break;
        case 5: /* CALL0 */
            if (w & 0x30)
                ILLEGAL();
            a[0] = next;
            JUMP((pc & ~3u) + 4 + (sign_extend(w >> 6 & 0x3ffff, 18) << 2));
            break;
        case 6: /* SI */
            switch (w >> 4 & 15) {
            case 0:
            case 4:
            case 8:
            case 12: BRANCH(sign_extend(w >> 6 & 0x3ffff, 18)); break; /* J */
            case 1: BRANCH_IF(a[S] == 0, sign_extend(w >> 12 & 0xfff, 12)); break;
            case 5: BRANCH_IF(a[S] != 0, sign_extend(w >> 12 & 0xfff, 12)); break;
            case 9: BRANCH_IF((int32_t)a[S] < 0, sign_extend(w >> 12 & 0xfff, 12)); break;
            case 13: BRANCH_IF((int32_t)a[S] >= 0, sign_extend(w >> 12 & 0xfff, 12)); break;
            case 2: BRANCH_IF(a[S] == branch_constants[R], IMM8_SEXT); break;
            case 6: BRANCH_IF(a[S] != branch_constants[R], IMM8_SEXT); break;
            case 10: BRANCH_IF((int32_t)a[S] < (int32_t)branch_constants[R], IMM8_SEXT); break;
            case 14: BRANCH_IF((int32_t)a[S] >= (int32_t)branch_constants[R], IMM8_SEXT); break;
            case 11: BRANCH_IF(a[S] < branch_unsigned[R], IMM8_SEXT); break;
            case 15: BRANCH_IF(a[S] >= branch_unsigned[R], IMM8_SEXT); break;
            default: ILLEGAL(); /* ENTRY and the loops */
            }
            break;
        case 7: /* B */
            switch (R) {
            case 0: BRANCH_IF((a[S] & a[T]) == 0, IMM8_SEXT); break;
            case 1: BRANCH_IF(a[S] == a[T], IMM8_SEXT); break;
            case 2: BRANCH_IF((int32_t)a[S] < (int32_t)a[T], IMM8_SEXT); break;
            case 3: BRANCH_IF(a[S] < a[T], IMM8_SEXT); break;
            case 4: BRANCH_IF((~a[S] & a[T]) == 0, IMM8_SEXT); break;
            case 5: BRANCH_IF(!(a[S] >> (a[T] & 31) & 1), IMM8_SEXT); break;
            case 6:
            case 7: BRANCH_IF(!(a[S] >> (T | (w >> 8 & 16)) & 1), IMM8_SEXT); break;
            case 8: BRANCH_IF((a[S] & a[T]) != 0, IMM8_SEXT); break;
            case 9: BRANCH_IF(a[S] != a[T], IMM8_SEXT); break;
            case 10: BRANCH_IF((int32_t)a[S] >= (int32_t)a[T], IMM8_SEXT); break;
            case 11: BRANCH_IF(a[S] >= a[T], IMM8_SEXT); break;
            case 12: BRANCH_IF((~a[S] & a[T]) != 0, IMM8_SEXT); break;
            case 13: BRANCH_IF(a[S] >> (a[T] & 31) & 1, IMM8_SEXT); break;
            case 14:
            case 15: BRANCH_IF(a[S] >> (T | (w >> 8 & 16)) & 1, IMM8_SEXT); break;
            }
            break;
        case 8: LOAD(uint32_t, a[S] + R * 4, a[T]); break;        /* L32I.N */
        case 9: STORE(uint32_t, a[S] + R * 4, a[T]); break;       /* S32I.N */
        case 10: a[R] = a[S] + a[T]; break;                       /* ADD.N */
        case 11: a[R] = a[S] + (T == 0 ? 0xffffffffu : T); break; /* ADDI.N */
        case 12:
            if (!(T & 8)) { /* MOVI.N: -32 to 95 */
                uint32_t value = R | (T & 7) << 4;

                a[S] = value >= 96 ? value - 128 : value;
            } else {
                BRANCH_IF((a[S] == 0) == !(T & 4), R | (T & 3) << 4); /* BEQZ.N, BNEZ.N: forward only */
            }
            break;
        case 13:
            if (R == 0) /* MOV.N */
                a[T] = a[S];
            else if (R == 15 && T == 0 && S == 0) /* RET.N */
                JUMP(a[0]);
            else if (R == 15 && T == 2) /* BREAK.N */
                goto system;
            else if (R != 15 || T != 3 || S != 0) /* else NOP.N */
                ILLEGAL();
            break;
        default: ILLEGAL();
        }
        pc = next;
        count++;
        continue;

    system:
        cpu->pc = next;
        cause = lx106_system(cpu, w, pc, left);
        if (cause >= 0)
            goto exception;
        if (cpu->pc != next)
            left -= LX106_TAKEN_CYCLES;
        pc = cpu->pc;
        count++;
        goto look;

    illegal:
        cause = LX106_ILLEGAL;
    exception: /* is charged too, or vectors without code would hold the clock for ever */
        left -= LX106_TAKEN_CYCLES;
        lx106_exception(cpu, (enum lx106_cause)cause, pc, vaddr);
        pc = cpu->pc;
    }
    goto look;

out:
    cpu->pc = pc;
    cpu->left = left;
    cpu->cycles += (uint64_t)(cpu->granted - left);
    cpu->instructions += count;
    return stop;
}
