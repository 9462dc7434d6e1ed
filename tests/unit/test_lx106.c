/* SPDX-License-Identifier: MIT */
/* The CPU, instruction by instruction. The code is what the GNU assembler makes of the text beside it. */
#include <stdlib.h>
#include <string.h>

#include "tests/runner.h"
#include "tools/boardsim/board/lx106.h"

#define CODE LX106_IRAM
#define DATA (LX106_DRAM + 0x100)

/* Where a case returns to: a fetch from ROM ends the run. */
#define RETURN (LX106_ROM + 0x100)

static struct lx106 *cpu;
static uint8_t dram[LX106_DRAM_SIZE], iram[LX106_IRAM_SIZE + 4];
static int loads, stores;

/* A load from here fills a cache line over the code. */
#define OVER_CODE 0x60000004u

static int bus_load(void *context, uint32_t address, unsigned size, uint32_t *value)
{
    (void)context;
    loads++;
    *value = 0;
    if (address == OVER_CODE) {
        lx106_wrote(cpu, 0, 64);
        *value = 7;
        return 0;
    }
    if (address - LX106_IRAM < LX106_IRAM_SIZE || size != 4)
        return LX106_LOAD_STORE_ERROR;
    return address == 0x60000000 ? 0 : LX106_LOAD_PROHIBITED;
}

static int bus_store(void *context, uint32_t address, unsigned size, uint32_t value)
{
    (void)context;
    (void)value;
    stores++;
    if (address - LX106_IRAM < LX106_IRAM_SIZE || size != 4)
        return LX106_LOAD_STORE_ERROR;
    return address == 0x60000000 ? 0 : LX106_STORE_PROHIBITED;
}

/* Code outside of IRAM: two lines and no more. Each fetch takes ten cycles. */
#define WINDOW 0x40200000u

static uint8_t window[2 * LX106_LINE];
static int fetches;

static int bus_fetch(void *context, uint32_t address, uint8_t line[LX106_LINE])
{
    (void)context;
    ck_assert_uint_eq(address % LX106_LINE, 0);
    if (address - WINDOW >= sizeof window)
        return LX106_FETCH_PROHIBITED;
    memcpy(line, window + (address - WINDOW), LX106_LINE);
    cpu->left -= 10;
    fetches++;
    return 0;
}

static void setup(void)
{
    static const uint8_t data[16] = {0x81, 0x92, 0xa3, 0xb4, 1, 2, 3, 4, 0x11, 0x22, 0x33, 0x44, 0, 0, 0, 0};

    cpu = calloc(1, sizeof *cpu);
    ck_assert_ptr_nonnull(cpu);
    memset(dram, 0, sizeof dram);
    memset(iram, 0, sizeof iram);
    memcpy(dram + 0x100, data, sizeof data);
    cpu->dram = dram;
    cpu->iram = iram;
    cpu->bus = (struct lx106_bus){.load = bus_load, .store = bus_store, .fetch = bus_fetch};
    memset(window, 0, sizeof window);
    loads = stores = fetches = 0;
    lx106_reset(cpu);
    cpu->pc = CODE;
    cpu->a[0] = RETURN;
    cpu->a[5] = DATA;
}

static void teardown(void)
{
    free(cpu);
}

static void put_code(const uint8_t *code, size_t n)
{
    memset(iram, 0, 64);
    memcpy(iram, code, n);
    lx106_wrote(cpu, 0, 64);
}

#define PUT(...) put_code((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

/* Straight code that leaves its result in a2; a RET is appended. */
struct plain {
    const char *text;
    unsigned n;
    uint8_t code[12];
    uint32_t a3, a4, a2;
};

static const struct plain plain[] = {
    {"add a2, a3, a4", 3, {0x40, 0x23, 0x80}, 0xffffffff, 2, 1},
    {"addx2 a2, a3, a4", 3, {0x40, 0x23, 0x90}, 0x80000001, 3, 5},
    {"addx4 a2, a3, a4", 3, {0x40, 0x23, 0xa0}, 5, 3, 23},
    {"addx8 a2, a3, a4", 3, {0x40, 0x23, 0xb0}, 5, 3, 43},
    {"sub a2, a3, a4", 3, {0x40, 0x23, 0xc0}, 2, 3, 0xffffffff},
    {"subx2 a2, a3, a4", 3, {0x40, 0x23, 0xd0}, 5, 3, 7},
    {"subx4 a2, a3, a4", 3, {0x40, 0x23, 0xe0}, 5, 3, 17},
    {"subx8 a2, a3, a4", 3, {0x40, 0x23, 0xf0}, 5, 41, 0xffffffff},
    {"and a2, a3, a4", 3, {0x40, 0x23, 0x10}, 0xff00ff00, 0x0ff00ff0, 0x0f000f00},
    {"or a2, a3, a4", 3, {0x40, 0x23, 0x20}, 0xff00ff00, 0x0ff00ff0, 0xfff0fff0},
    {"xor a2, a3, a4", 3, {0x40, 0x23, 0x30}, 0xff00ff00, 0x0ff00ff0, 0xf0f0f0f0},
    {"neg a2, a4", 3, {0x40, 0x20, 0x60}, 0, 1, 0xffffffff},
    {"abs a2, a4 of a negative", 3, {0x40, 0x21, 0x60}, 0, 0xfffffffb, 5},
    {"abs a2, a4 of a positive", 3, {0x40, 0x21, 0x60}, 0, 5, 5},
    {"abs a2, a4 of the lowest", 3, {0x40, 0x21, 0x60}, 0, 0x80000000, 0x80000000},
    {"nsa a2, a3 of a positive", 3, {0x20, 0xe3, 0x40}, 1, 0, 30},
    {"nsa a2, a3 of a negative", 3, {0x20, 0xe3, 0x40}, 0xffffff00, 0, 23},
    {"nsa a2, a3 of zero", 3, {0x20, 0xe3, 0x40}, 0, 0, 31},
    {"nsau a2, a3", 3, {0x20, 0xf3, 0x40}, 0x00010000, 0, 15},
    {"nsau a2, a3 of zero", 3, {0x20, 0xf3, 0x40}, 0, 0, 32},
    {"mull a2, a3, a4", 3, {0x40, 0x23, 0x82}, 0x10001, 0x10001, 0x20001},
    {"mul16u a2, a3, a4", 3, {0x40, 0x23, 0xc1}, 0x7ffff, 0x5ffff, 0xfffe0001},
    {"mul16s a2, a3, a4", 3, {0x40, 0x23, 0xd1}, 0xffff, 3, 0xfffffffd},
    {"slli a2, a3, 1", 3, {0xf0, 0x23, 0x11}, 0x80000001, 0, 2},
    {"slli a2, a3, 31", 3, {0x10, 0x23, 0x01}, 3, 0, 0x80000000},
    {"srai a2, a4, 4", 3, {0x40, 0x24, 0x21}, 0, 0x80000010, 0xf8000001},
    {"srai a2, a4, 31", 3, {0x40, 0x2f, 0x31}, 0, 0x80000000, 0xffffffff},
    {"srli a2, a4, 15", 3, {0x40, 0x2f, 0x41}, 0, 0x80008000, 0x10001},
    {"extui a2, a4, 4, 8", 3, {0x40, 0x24, 0x74}, 0, 0x12345678, 0x67},
    {"extui a2, a4, 20, 12", 3, {0x40, 0x24, 0xb5}, 0, 0x12345678, 0x123},
    {"extui a2, a4, 0, 16", 3, {0x40, 0x20, 0xf4}, 0, 0x12345678, 0x5678},
    {"ssr a3; srl a2, a4", 6, {0x00, 0x03, 0x40, 0x40, 0x20, 0x91}, 36, 0x80000000, 0x08000000},
    {"ssr a3; sra a2, a4", 6, {0x00, 0x03, 0x40, 0x40, 0x20, 0xb1}, 4, 0x80000000, 0xf8000000},
    {"ssl a3; sll a2, a4", 6, {0x00, 0x13, 0x40, 0x00, 0x24, 0xa1}, 8, 0x12345678, 0x34567800},
    {"ssl a3; sll a2, a4 by 0", 6, {0x00, 0x13, 0x40, 0x00, 0x24, 0xa1}, 0, 0x12345678, 0x12345678},
    {"ssai 24; src a2, a3, a4", 6, {0x10, 0x48, 0x40, 0x40, 0x23, 0x81}, 0x11223344, 0x55667788, 0x22334455},
    {"ssa8l a3; srl a2, a4", 6, {0x00, 0x23, 0x40, 0x40, 0x20, 0x91}, 6, 0x12345678, 0x1234},
    {"ssa8b a3; sll a2, a4", 6, {0x00, 0x33, 0x40, 0x00, 0x24, 0xa1}, 5, 0x12345678, 0x34567800},
    {"moveqz a2, a3, a4 moves", 3, {0x40, 0x23, 0x83}, 7, 0, 7},
    {"moveqz a2, a3, a4 stays", 3, {0x40, 0x23, 0x83}, 7, 1, 0xaaaaaaaa},
    {"movnez a2, a3, a4 moves", 3, {0x40, 0x23, 0x93}, 7, 1, 7},
    {"movltz a2, a3, a4 moves", 3, {0x40, 0x23, 0xa3}, 7, 0x80000000, 7},
    {"movltz a2, a3, a4 stays", 3, {0x40, 0x23, 0xa3}, 7, 0, 0xaaaaaaaa},
    {"movgez a2, a3, a4 moves", 3, {0x40, 0x23, 0xb3}, 7, 0, 7},
    {"movi a2, -2048", 3, {0x22, 0xa8, 0x00}, 0, 0, 0xfffff800},
    {"movi a2, 2047", 3, {0x22, 0xa7, 0xff}, 0, 0, 2047},
    {"movi.n a2, -32", 2, {0x6c, 0x02}, 0, 0, 0xffffffe0},
    {"movi.n a2, 95", 2, {0x5c, 0xf2}, 0, 0, 95},
    {"addi a2, a3, -128", 3, {0x22, 0xc3, 0x80}, 100, 0, 0xffffffe4},
    {"addmi a2, a3, 0x7f00", 3, {0x22, 0xd3, 0x7f}, 1, 0, 0x7f01},
    {"addmi a2, a3, -32768", 3, {0x22, 0xd3, 0x80}, 1, 0, 0xffff8001},
    {"addi.n a2, a3, -1", 2, {0x0b, 0x23}, 0, 0, 0xffffffff},
    {"addi.n a2, a3, 15", 2, {0xfb, 0x23}, 1, 0, 16},
    {"add.n a2, a3, a4", 2, {0x4a, 0x23}, 3, 4, 7},
    {"mov.n a2, a3", 2, {0x2d, 0x03}, 3, 0, 3},
    {"wsr a3, sar; rsr a2, sar", 6, {0x30, 0x03, 0x13, 0x20, 0x03, 0x03}, 21, 0, 21},
    {"wsr a3, excsave1; movi.n a2, 7; xsr a2, excsave1",
     8,
     {0x30, 0xd1, 0x13, 0x0c, 0x72, 0x20, 0xd1, 0x61},
     99,
     0,
     99},
    {"l8ui a2, a5, 1", 3, {0x22, 0x05, 0x01}, 0, 0, 0x92},
    {"l16ui a2, a5, 2", 3, {0x22, 0x15, 0x01}, 0, 0, 0xb4a3},
    {"l16si a2, a5, 2", 3, {0x22, 0x95, 0x01}, 0, 0, 0xffffb4a3},
    {"l32i a2, a5, 4", 3, {0x22, 0x25, 0x01}, 0, 0, 0x04030201},
    {"l32i.n a2, a5, 8", 2, {0x28, 0x25}, 0, 0, 0x44332211},
    {"s8i a4, a5, 3; l32i a2, a5, 0", 6, {0x42, 0x45, 0x03, 0x22, 0x25, 0x00}, 0, 0x177, 0x77a39281},
    {"s16i a4, a5, 2; l32i a2, a5, 0", 6, {0x42, 0x55, 0x01, 0x22, 0x25, 0x00}, 0, 0x11234, 0x12349281},
    {"s32i a4, a5, 1020; l32i a2, a5, 1020", 6, {0x42, 0x65, 0xff, 0x22, 0x25, 0xff}, 0, 0xcafe, 0xcafe},
    {"s32i.n a4, a5, 60; l32i.n a2, a5, 60", 4, {0x49, 0xf5, 0x28, 0xf5}, 0, 0xcafe, 0xcafe},
    {"j .+5; movi.n a2, 9", 5, {0x46, 0x00, 0x00, 0x0c, 0x92}, 0, 0, 0xaaaaaaaa},
};

START_TEST(straight_code_computes)
{
    const struct plain *c = &plain[_i];
    uint8_t code[16] = {0};

    memcpy(code, c->code, c->n);
    code[c->n] = 0x80; /* ret */
    put_code(code, sizeof code);
    cpu->a[2] = 0xaaaaaaaa;
    cpu->a[3] = c->a3;
    cpu->a[4] = c->a4;
    ck_assert_msg(lx106_run(cpu, 1000) == LX106_CALL && cpu->pc == RETURN, "%s: pc 0x%08x", c->text, cpu->pc);
    ck_assert_msg(cpu->a[2] == c->a2, "%s: 0x%08x, not 0x%08x", c->text, cpu->a[2], c->a2);
}
END_TEST

/* The branch stands behind "movi.n a2, 1" and jumps over "movi.n a2, 0": a2 tells if it was taken. */
struct branch {
    const char *text;
    unsigned n;
    uint8_t code[3];
    bool taken;
    uint32_t a3, a4;
};

static const struct branch branches[] = {
    {"beq", 3, {0x47, 0x13, 0x01}, true, 5, 5},
    {"beq", 3, {0x47, 0x13, 0x01}, false, 5, 6},
    {"bne", 3, {0x47, 0x93, 0x01}, true, 5, 6},
    {"bne", 3, {0x47, 0x93, 0x01}, false, 5, 5},
    {"blt", 3, {0x47, 0x23, 0x01}, true, 0xffffffff, 0},
    {"blt", 3, {0x47, 0x23, 0x01}, false, 0, 0xffffffff},
    {"bge", 3, {0x47, 0xa3, 0x01}, true, 0, 0xffffffff},
    {"bge", 3, {0x47, 0xa3, 0x01}, false, 0xffffffff, 0},
    {"bltu", 3, {0x47, 0x33, 0x01}, true, 0, 0xffffffff},
    {"bltu", 3, {0x47, 0x33, 0x01}, false, 0xffffffff, 0},
    {"bgeu", 3, {0x47, 0xb3, 0x01}, true, 0xffffffff, 0},
    {"bgeu", 3, {0x47, 0xb3, 0x01}, false, 0, 1},
    {"bany", 3, {0x47, 0x83, 0x01}, true, 6, 2},
    {"bany", 3, {0x47, 0x83, 0x01}, false, 6, 9},
    {"bnone", 3, {0x47, 0x03, 0x01}, true, 6, 9},
    {"bnone", 3, {0x47, 0x03, 0x01}, false, 6, 2},
    {"ball", 3, {0x47, 0x43, 0x01}, true, 7, 5},
    {"ball", 3, {0x47, 0x43, 0x01}, false, 7, 9},
    {"bnall", 3, {0x47, 0xc3, 0x01}, true, 7, 9},
    {"bnall", 3, {0x47, 0xc3, 0x01}, false, 7, 5},
    {"bbc", 3, {0x47, 0x53, 0x01}, true, 0xfffffffd, 33},
    {"bbc", 3, {0x47, 0x53, 0x01}, false, 2, 33},
    {"bbs", 3, {0x47, 0xd3, 0x01}, true, 2, 33},
    {"bbs", 3, {0x47, 0xd3, 0x01}, false, 0xfffffffd, 33},
    {"bbci 31", 3, {0xf7, 0x73, 0x01}, true, 0x7fffffff, 0},
    {"bbci 31", 3, {0xf7, 0x73, 0x01}, false, 0x80000000, 0},
    {"bbsi 31", 3, {0xf7, 0xf3, 0x01}, true, 0x80000000, 0},
    {"bbsi 31", 3, {0xf7, 0xf3, 0x01}, false, 0x7fffffff, 0},
    {"bbci 4", 3, {0x47, 0x63, 0x01}, true, 0, 0},
    {"bbsi 4", 3, {0x47, 0xe3, 0x01}, true, 16, 0},
    {"beqi -1", 3, {0x26, 0x03, 0x01}, true, 0xffffffff, 0},
    {"beqi -1", 3, {0x26, 0x03, 0x01}, false, 1, 0},
    {"bnei 256", 3, {0x66, 0xf3, 0x01}, true, 255, 0},
    {"bnei 256", 3, {0x66, 0xf3, 0x01}, false, 256, 0},
    {"blti -1", 3, {0xa6, 0x03, 0x01}, true, 0xfffffffe, 0},
    {"blti -1", 3, {0xa6, 0x03, 0x01}, false, 0xffffffff, 0},
    {"bgei 12", 3, {0xe6, 0xa3, 0x01}, true, 12, 0},
    {"bgei 12", 3, {0xe6, 0xa3, 0x01}, false, 0xfffffff0, 0},
    {"bltui 65536", 3, {0xb6, 0x13, 0x01}, true, 65535, 0},
    {"bltui 65536", 3, {0xb6, 0x13, 0x01}, false, 0xffffffff, 0},
    {"bgeui 32768", 3, {0xf6, 0x03, 0x01}, true, 32768, 0},
    {"bgeui 32768", 3, {0xf6, 0x03, 0x01}, false, 32767, 0},
    {"beqz", 3, {0x16, 0x13, 0x00}, true, 0, 0},
    {"beqz", 3, {0x16, 0x13, 0x00}, false, 1, 0},
    {"bnez", 3, {0x56, 0x13, 0x00}, true, 1, 0},
    {"bltz", 3, {0x96, 0x13, 0x00}, true, 0x80000000, 0},
    {"bltz", 3, {0x96, 0x13, 0x00}, false, 0, 0},
    {"bgez", 3, {0xd6, 0x13, 0x00}, true, 0, 0},
    {"bgez", 3, {0xd6, 0x13, 0x00}, false, 0x80000000, 0},
    {"beqz.n", 2, {0x8c, 0x03}, true, 0, 0},
    {"beqz.n", 2, {0x8c, 0x03}, false, 1, 0},
    {"bnez.n", 2, {0xcc, 0x03}, true, 1, 0},
    {"bnez.n", 2, {0xcc, 0x03}, false, 0, 0},
};

START_TEST(branches_go_where_they_should)
{
    const struct branch *c = &branches[_i];
    uint8_t code[12] = {0x0c, 0x12};

    memcpy(code + 2, c->code, c->n);
    memcpy(code + 2 + c->n, (const uint8_t[]){0x0c, 0x02, 0x80, 0x00, 0x00}, 5);
    put_code(code, sizeof code);
    cpu->a[3] = c->a3;
    cpu->a[4] = c->a4;
    ck_assert_int_eq(lx106_run(cpu, 1000), LX106_CALL);
    ck_assert_msg(cpu->a[2] == c->taken, "%s of 0x%x, 0x%x", c->text, c->a3, c->a4);
}
END_TEST

START_TEST(calls_leave_the_return_address)
{
    /* call0 f; add.n a2, a2, a3; jx a7; .align 4; f: movi.n a2, 3; jx a0 */
    PUT(0x45, 0x00, 0x00, 0x3a, 0x22, 0xa0, 0x07, 0x00, 0x0c, 0x32, 0xa0, 0x00, 0x00);
    cpu->a[3] = 4;
    cpu->a[7] = RETURN;
    ck_assert_int_eq(lx106_run(cpu, 100), LX106_CALL);
    ck_assert_uint_eq(cpu->a[2], 7);
    ck_assert_uint_eq(cpu->a[0], CODE + 3);

    /* callx0 a0: the target is read before a0 becomes the return address */
    PUT(0xc0, 0x00, 0x00);
    cpu->pc = CODE;
    cpu->a[0] = RETURN;
    ck_assert_int_eq(lx106_run(cpu, 100), LX106_CALL);
    ck_assert_uint_eq(cpu->pc, RETURN);
    ck_assert_uint_eq(cpu->a[0], CODE + 3);
}
END_TEST

START_TEST(literals_lie_behind)
{
    /* .word 0x12345678; l32r a2, .-4; ret */
    PUT(0x78, 0x56, 0x34, 0x12, 0x21, 0xff, 0xff, 0x80, 0x00, 0x00);
    cpu->pc = CODE + 4;
    ck_assert_int_eq(lx106_run(cpu, 100), LX106_CALL);
    ck_assert_uint_eq(cpu->a[2], 0x12345678);
}
END_TEST

START_TEST(iram_takes_words_only)
{
    cpu->a[6] = LX106_IRAM + 0x40;
    PUT(0x22, 0x66, 0x00, 0x80); /* s32i a2, a6, 0; ret */
    cpu->a[2] = 0xcafe;
    ck_assert_int_eq(lx106_run(cpu, 100), LX106_CALL);
    ck_assert_uint_eq(cpu->pc, RETURN);
    ck_assert_mem_eq(iram + 0x40, "\xfe\xca\0\0", 4);

    PUT(0x22, 0x46, 0x01); /* s8i a2, a6, 1 */
    cpu->pc = CODE;
    lx106_run(cpu, 100);
    ck_assert_uint_eq(cpu->sr[LX106_EXCCAUSE], LX106_LOAD_STORE_ERROR);
    ck_assert_uint_eq(cpu->sr[LX106_EXCVADDR], LX106_IRAM + 0x41);
    ck_assert(cpu->store_fault);
    ck_assert_uint_eq(iram[0x41], 0xca);

    cpu->sr[LX106_PS] = LX106_PS_UM;
    PUT(0x22, 0x06, 0x00); /* l8ui a2, a6, 0 */
    cpu->pc = CODE;
    lx106_run(cpu, 100);
    ck_assert_uint_eq(cpu->sr[LX106_EXCCAUSE], LX106_LOAD_STORE_ERROR);
    ck_assert(!cpu->store_fault);
}
END_TEST

/* An instruction of three bytes that was executed, at each place around the word that is then stored. */
START_TEST(code_that_was_executed_can_be_stored_over)
{
    static const uint8_t was[] = {0x22, 0xa0, 0x05, 0x0d, 0xf0}, is[] = {0x22, 0xa7, 0x77, 0x0d, 0xf0};
    const uint32_t at = 0x3e + (uint32_t)_i;
    uint8_t stored[0x50];

    PUT(0x32, 0x66, 0x00, 0xa0, 0x07, 0x00); /* s32i a3, a6, 0; jx a7 */
    memcpy(iram + at, was, sizeof was);      /* movi a2, 5; ret.n */
    memcpy(stored, iram, sizeof stored);
    memcpy(stored + at, is, sizeof is); /* movi a2, 0x777 */
    cpu->pc = cpu->a[7] = CODE + at;
    cpu->a[6] = CODE + 0x40;
    memcpy(&cpu->a[3], stored + 0x40, 4);
    ck_assert_int_eq(lx106_run(cpu, 100), LX106_CALL);
    ck_assert_uint_eq(cpu->a[2], 5);
    cpu->pc = CODE;
    ck_assert_int_eq(lx106_run(cpu, 100), LX106_CALL);
    ck_assert_uint_eq(cpu->a[2], (iram[at + 1] & 15u) << 8 | iram[at + 2]);
    ck_assert_uint_ne(cpu->a[2], 5);
}
END_TEST

START_TEST(a_load_may_write_over_its_own_code)
{
    PUT(0x28, 0x06, 0x0d, 0xf0); /* l32i.n a2, a6, 0; ret.n */
    cpu->a[6] = OVER_CODE;
    ck_assert_int_eq(lx106_run(cpu, 100), LX106_CALL);
    ck_assert_uint_eq(cpu->pc, RETURN);
    ck_assert_uint_eq(cpu->a[2], 7);
}
END_TEST

struct trap {
    const char *text;
    uint8_t code[3];
    uint32_t a5;
    uint32_t cause, address;
};

static const struct trap traps[] = {
    {"l32i a2, a5, 0, unaligned", {0x22, 0x25, 0x00}, DATA + 1, LX106_UNALIGNED, DATA + 1},
    {"l16ui a2, a5, 0, unaligned", {0x22, 0x15, 0x00}, DATA + 1, LX106_UNALIGNED, DATA + 1},
    {"s32i a2, a5, 0, unaligned", {0x22, 0x65, 0x00}, DATA + 2, LX106_UNALIGNED, DATA + 2},
    {"l32i a2, a5, 0 of nothing", {0x22, 0x25, 0x00}, 0x10000000, LX106_LOAD_PROHIBITED, 0x10000000},
    {"s32i a2, a5, 0 to nothing", {0x22, 0x65, 0x00}, 0x10000000, LX106_STORE_PROHIBITED, 0x10000000},
    {"ill", {0x00, 0x00, 0x00}, 0, LX106_ILLEGAL, 0},
    {"syscall", {0x00, 0x50, 0x00}, 0, LX106_SYSCALL, 0},
    {"min, which this CPU lacks", {0x40, 0x23, 0x43}, 0, LX106_ILLEGAL, 0},
    {"quou, which this CPU lacks", {0x40, 0x23, 0xc2}, 0, LX106_ILLEGAL, 0},
    {"entry, which this CPU lacks", {0x36, 0x41, 0x00}, 0, LX106_ILLEGAL, 0},
    {"jx a5 to nowhere", {0xa0, 0x05, 0x00}, 0x3ffe8000, LX106_FETCH_PROHIBITED, 0x3ffe8000},
};

START_TEST(traps_are_told_with_cause_and_place)
{
    const struct trap *c = &traps[_i];

    put_code(c->code, 3);
    cpu->a[5] = c->a5;
    cpu->a[2] = 77;
    ck_assert_int_eq(lx106_run(cpu, 100), LX106_CALL);
    ck_assert_uint_eq(cpu->pc, LX106_ROM + LX106_VECTOR_USER);
    ck_assert_msg(cpu->sr[LX106_EXCCAUSE] == c->cause, "%s: cause %u", c->text, cpu->sr[LX106_EXCCAUSE]);
    ck_assert_uint_eq(cpu->sr[LX106_EXCVADDR], c->address);
    ck_assert_uint_eq(cpu->sr[LX106_EPC1], c->cause == LX106_FETCH_PROHIBITED ? c->address : CODE);
    ck_assert(cpu->sr[LX106_PS] & LX106_PS_EXCM);
    ck_assert_uint_eq(cpu->a[2], 77);
}
END_TEST

START_TEST(a_trap_within_a_trap_is_a_double_one)
{
    PUT(0x00, 0x00, 0x00); /* ill */
    cpu->sr[LX106_PS] |= LX106_PS_EXCM;
    cpu->sr[LX106_EPC1] = 0x1234;
    lx106_run(cpu, 100);
    ck_assert_uint_eq(cpu->pc, LX106_ROM + LX106_VECTOR_DOUBLE);
    ck_assert_uint_eq(cpu->sr[LX106_EPC1], 0x1234);
    ck_assert_uint_eq(cpu->sr[LX106_DEPC], CODE);
}
END_TEST

START_TEST(own_vectors_work)
{
    PUT(0x00, 0x00, 0x00);                                              /* ill */
    memcpy(iram + 0x150, (const uint8_t[]){0x0c, 0x92, 0x80, 0, 0}, 5); /* movi.n a2, 9; ret */
    cpu->sr[LX106_VECBASE] = LX106_IRAM + 0x100;
    ck_assert_int_eq(lx106_run(cpu, 100), LX106_CALL);
    ck_assert_uint_eq(cpu->pc, RETURN);
    ck_assert_uint_eq(cpu->a[2], 9);
}
END_TEST

START_TEST(vectors_without_code_still_cost_time)
{
    PUT(0x00, 0x00, 0x00); /* ill */
    cpu->sr[LX106_VECBASE] = LX106_DRAM;
    ck_assert_int_eq(lx106_run(cpu, 1000), LX106_TIME);
    ck_assert_uint_eq(cpu->sr[LX106_EXCCAUSE], LX106_FETCH_PROHIBITED);
}
END_TEST

START_TEST(interrupts_wait_for_their_level)
{
    /* rsil a2, 15; nop.n; wsr a2, ps; nop.n */
    PUT(0x20, 0x6f, 0x00, 0x3d, 0xf0, 0x20, 0xe6, 0x13, 0x3d, 0xf0, 0x80);
    cpu->sr[LX106_INTENABLE] = 1 << 5;
    lx106_run(cpu, 1); /* rsil */
    ck_assert_uint_eq(cpu->a[2], LX106_PS_UM);
    cpu->sr[LX106_INTSET] = 1 << 5;
    ck_assert(!lx106_interrupted(cpu));
    ck_assert_int_eq(lx106_run(cpu, 100), LX106_CALL);
    ck_assert_uint_eq(cpu->pc, LX106_ROM + LX106_VECTOR_USER);
    ck_assert_uint_eq(cpu->sr[LX106_EXCCAUSE], LX106_INTERRUPT);
    ck_assert_uint_eq(cpu->sr[LX106_EPC1], CODE + 8); /* right behind the wsr */
}
END_TEST

START_TEST(interrupts_must_be_enabled)
{
    PUT(0x80, 0x00, 0x00); /* ret */
    cpu->sr[LX106_INTSET] = 1 << 5;
    cpu->sr[LX106_INTENABLE] = 1 << 4;
    lx106_run(cpu, 100);
    ck_assert_uint_eq(cpu->pc, RETURN);
}
END_TEST

START_TEST(waiti_sleeps_until_an_interrupt)
{
    PUT(0x00, 0x70, 0x00, 0x80, 0x00, 0x00); /* waiti 0; ret */
    cpu->sr[LX106_INTENABLE] = 1 << 5;
    ck_assert_int_eq(lx106_run(cpu, 100), LX106_WAIT);
    ck_assert_int_eq(lx106_run(cpu, 100), LX106_WAIT);
    cpu->sr[LX106_INTSET] = 1 << 5;
    ck_assert_int_eq(lx106_run(cpu, 100), LX106_CALL);
    ck_assert_uint_eq(cpu->pc, LX106_ROM + LX106_VECTOR_USER);
    ck_assert_uint_eq(cpu->sr[LX106_EPC1], CODE + 3);
    ck_assert(!cpu->waiting);
}
END_TEST

START_TEST(rfe_goes_back)
{
    PUT(0x00, 0x30, 0x00);
    cpu->sr[LX106_PS] |= LX106_PS_EXCM;
    cpu->sr[LX106_EPC1] = RETURN;
    lx106_run(cpu, 100);
    ck_assert_uint_eq(cpu->pc, RETURN);
    ck_assert(!(cpu->sr[LX106_PS] & LX106_PS_EXCM));
}
END_TEST

/* Loops: those that can only end from outside must be seen as such, the others never. */
struct loop {
    const char *text;
    unsigned n;
    uint8_t code[12];
    enum lx106_stop stop;
};

static const struct loop loops[] = {
    {"l: j l", 3, {0x06, 0xff, 0xff}, LX106_SPIN},
    {"l: l32i.n a2, a7, 0; beqz a2, l: memory", 5, {0x28, 0x07, 0x16, 0xa2, 0xff}, LX106_SPIN},
    {"l: l32i.n a2, a6, 0; beqz a2, l: a register", 5, {0x28, 0x06, 0x16, 0xa2, 0xff}, LX106_SPIN},
    {"l: s32i.n a4, a7, 0; j l: always the same store", 5, {0x49, 0x07, 0x86, 0xfe, 0xff}, LX106_SPIN},
    {"l: addi.n a2, a2, 1; j l: it counts", 5, {0x1b, 0x22, 0x86, 0xfe, 0xff}, LX106_TIME},
    {"l: l32i.n a2, a7, 0; addi.n a2, a2, 1; s32i.n a2, a7, 0; movi.n a2, 0; j l: it counts in memory",
     11,
     {0x28, 0x07, 0x1b, 0x22, 0x29, 0x07, 0x0c, 0x02, 0x06, 0xfd, 0xff},
     LX106_TIME},
    {"l: rsr a2, ccount; movi.n a2, 0; j l: it looks at the clock",
     8,
     {0x20, 0xea, 0x03, 0x0c, 0x02, 0xc6, 0xfd, 0xff},
     LX106_TIME},
};

START_TEST(idle_loops_are_recognised)
{
    const struct loop *c = &loops[_i];

    put_code(c->code, c->n);
    cpu->a[6] = 0x60000000;
    cpu->a[7] = DATA + 12;
    enum lx106_stop stop = lx106_run(cpu, 100000);
    ck_assert_msg(stop == c->stop, "%s: %d", c->text, (int)stop);
    ck_assert_uint_ge(cpu->pc, CODE);
    ck_assert_uint_lt(cpu->pc, CODE + c->n);
    if (stop == LX106_TIME)
        ck_assert_int_le(cpu->left, 0);
    else
        ck_assert_int_gt(cpu->left, 90000);
}
END_TEST

START_TEST(a_spin_ends_when_memory_changes)
{
    PUT(0x28, 0x07, 0x16, 0xa2, 0xff, 0x80, 0x00, 0x00); /* l: l32i.n a2, a7, 0; beqz a2, l; ret */
    cpu->a[7] = DATA + 12;
    ck_assert_int_eq(lx106_run(cpu, 100000), LX106_SPIN);
    dram[0x100 + 12] = 1;
    ck_assert_int_eq(lx106_run(cpu, 100000), LX106_CALL);
    ck_assert_uint_eq(cpu->a[2], 1);
}
END_TEST

START_TEST(time_is_charged_by_instruction_and_by_jump)
{
    /* l: addi.n a3, a3, -1; bnez a3, l; ret */
    PUT(0x0b, 0x33, 0x56, 0xa3, 0xff, 0x80, 0x00, 0x00);
    cpu->a[3] = 10;
    ck_assert_int_eq(lx106_run(cpu, 1000), LX106_CALL);
    ck_assert_uint_eq(cpu->instructions, 21);
    ck_assert_int_eq(1000 - cpu->left, 21 + 10 * LX106_TAKEN_CYCLES); /* nine branches and the return */
}
END_TEST

START_TEST(ccount_counts_cycles)
{
    /* rsr a2, ccount; nop.n; rsr a3, ccount; ret */
    PUT(0x20, 0xea, 0x03, 0x3d, 0xf0, 0x30, 0xea, 0x03, 0x80, 0x00, 0x00);
    cpu->cycles = 1000;
    lx106_run(cpu, 100);
    ck_assert_uint_eq(cpu->a[2], 1001);
    ck_assert_uint_eq(cpu->a[3], 1003);
}
END_TEST

/* wsr a2, ccompare0; l: addi.n a3, a3, 1; j l */
static void put_timer_code(uint32_t compare)
{
    PUT(0x20, 0xf0, 0x13, 0x1b, 0x33, 0x86, 0xfe, 0xff);
    cpu->a[2] = compare;
    cpu->a[3] = 0;
}

START_TEST(the_timer_interrupts_when_its_time_has_come)
{
    put_timer_code(100);
    cpu->sr[LX106_INTENABLE] = 1 << LX106_INTERRUPT_TIMER;
    ck_assert_int_eq(lx106_run(cpu, 95), LX106_TIME);
    ck_assert_uint_eq(cpu->sr[LX106_INTSET], 0);
    ck_assert_int_eq(lx106_run(cpu, 1000), LX106_CALL);
    ck_assert_uint_eq(cpu->pc, LX106_ROM + LX106_VECTOR_USER);
    ck_assert_uint_eq(cpu->sr[LX106_EXCCAUSE], LX106_INTERRUPT);
    ck_assert_uint_eq(cpu->sr[LX106_INTSET], 1 << LX106_INTERRUPT_TIMER);
    /* At the first boundary of instructions from then on. */
    ck_assert_uint_ge(cpu->cycles, 100);
    ck_assert_uint_le(cpu->cycles, 100 + LX106_TAKEN_CYCLES + 1);

    /* Written anew, CCOMPARE0 takes the interrupt back; the next comes in the middle of a run. */
    cpu->pc = CODE;
    cpu->a[2] = 500;
    lx106_run(cpu, 1);
    ck_assert_uint_eq(cpu->sr[LX106_INTSET], 0);
    cpu->sr[LX106_PS] = LX106_PS_UM;
    ck_assert_int_eq(lx106_run(cpu, 1000), LX106_CALL);
    ck_assert_uint_ge(cpu->cycles, 500);
    ck_assert_uint_le(cpu->cycles, 500 + LX106_TAKEN_CYCLES + 1);
}
END_TEST

START_TEST(the_timer_is_pending_also_where_it_may_not_interrupt)
{
    put_timer_code(100);
    ck_assert_int_eq(lx106_run(cpu, 1000), LX106_TIME);
    ck_assert_uint_eq(cpu->sr[LX106_INTSET], 1 << LX106_INTERRUPT_TIMER);
    ck_assert_uint_lt(cpu->pc, CODE + 8);
}
END_TEST

START_TEST(the_timer_meets_a_value_that_ccount_has_passed_after_its_wrap)
{
    put_timer_code(0);
    lx106_run(cpu, 10);
    lx106_pass(cpu, 0xfffffff0u - 100 - cpu->cycles);
    ck_assert_uint_eq(cpu->sr[LX106_INTSET], 0);
    lx106_pass(cpu, 0x100000000u - 1 - cpu->cycles);
    ck_assert_uint_eq(cpu->sr[LX106_INTSET], 0);
    lx106_pass(cpu, 1);
    ck_assert_uint_eq(cpu->sr[LX106_INTSET], 1 << LX106_INTERRUPT_TIMER);
}
END_TEST

START_TEST(the_timer_wakes_a_sleeping_cpu)
{
    PUT(0x20, 0xf0, 0x13, 0x00, 0x70, 0x00, 0x80, 0x00, 0x00); /* wsr a2, ccompare0; waiti 0; ret */
    cpu->a[2] = 5000;
    cpu->sr[LX106_INTENABLE] = 1 << LX106_INTERRUPT_TIMER;
    ck_assert_int_eq(lx106_run(cpu, 100), LX106_WAIT);
    ck_assert_uint_eq(cpu->timer_at, 5000);
    lx106_pass(cpu, 4999 - cpu->cycles);
    ck_assert(!lx106_interrupted(cpu));
    lx106_pass(cpu, 1);
    ck_assert(lx106_interrupted(cpu));
    ck_assert_int_eq(lx106_run(cpu, 100), LX106_CALL);
    ck_assert_uint_eq(cpu->sr[LX106_EPC1], CODE + 6);
}
END_TEST

START_TEST(ccount_can_be_set)
{
    PUT(0x20, 0xea, 0x13, 0x30, 0xea, 0x03, 0x80, 0x00, 0x00); /* wsr a2, ccount; rsr a3, ccount; ret */
    cpu->a[2] = 0xfffffff0;
    lx106_run(cpu, 100);
    ck_assert_uint_eq(cpu->a[3], 0xfffffff1);
}
END_TEST

START_TEST(ccount_is_zero_after_reset)
{
    lx106_pass(cpu, 123456);
    lx106_reset(cpu);
    PUT(0x20, 0xea, 0x03, 0x80, 0x00, 0x00); /* rsr a2, ccount; ret */
    cpu->pc = CODE;
    cpu->a[0] = RETURN;
    lx106_run(cpu, 100);
    ck_assert_uint_eq(cpu->a[2], 1);
}
END_TEST

START_TEST(nothing_holds_the_nmi_back)
{
    PUT(0x3d, 0xf0, 0x10, 0x33, 0x00); /* nop.n; rfi 3 */
    cpu->sr[LX106_PS] = LX106_PS_UM | LX106_PS_EXCM | LX106_PS_INTLEVEL;
    cpu->sr[LX106_INTSET] = 1 << LX106_INTERRUPT_NMI;
    ck_assert_int_eq(lx106_run(cpu, 100), LX106_CALL);
    ck_assert_uint_eq(cpu->pc, LX106_ROM + LX106_VECTOR_NMI);
    ck_assert_uint_eq(cpu->sr[LX106_EPC1 + 2], CODE);
    ck_assert_uint_eq(cpu->sr[LX106_EPS2 + 1], LX106_PS_UM | LX106_PS_EXCM | LX106_PS_INTLEVEL);
    ck_assert_uint_eq(cpu->sr[LX106_PS], LX106_PS_UM | LX106_PS_EXCM | 3);
    ck_assert_uint_eq(cpu->sr[LX106_INTSET], 0); /* an edge, once */

    cpu->pc = CODE + 2;
    lx106_run(cpu, 1);
    ck_assert_uint_eq(cpu->pc, CODE);
    ck_assert_uint_eq(cpu->sr[LX106_PS], LX106_PS_UM | LX106_PS_EXCM | LX106_PS_INTLEVEL);
}
END_TEST

START_TEST(software_sets_its_own_interrupt_and_clears_edges)
{
    /* wsr a2, intset; rsr a3, interrupt; wsr a2, intclear; ret */
    PUT(0x20, 0xe2, 0x13, 0x30, 0xe2, 0x03, 0x20, 0xe3, 0x13, 0x80);
    cpu->a[2] = 0x7fff;
    cpu->sr[LX106_INTSET] = 1 << 5 | 1 << 9;
    lx106_run(cpu, 100);
    ck_assert_uint_eq(cpu->a[3], 1 << 5 | 1 << 9 | 1 << LX106_INTERRUPT_SOFTWARE);
    ck_assert_uint_eq(cpu->sr[LX106_INTSET], 1 << 5);
}
END_TEST

START_TEST(a_break_goes_to_the_debug_vector)
{
    PUT(0x20, 0x41, 0x00, 0x2d, 0xf2); /* break 1, 2; break.n 2 */
    ck_assert_int_eq(lx106_run(cpu, 100), LX106_CALL);
    ck_assert_uint_eq(cpu->pc, LX106_ROM + LX106_VECTOR_DEBUG);
    ck_assert_uint_eq(cpu->sr[LX106_EPC1 + 1], CODE);
    ck_assert_uint_eq(cpu->sr[LX106_EPS2], LX106_PS_UM);
    ck_assert_uint_eq(cpu->sr[LX106_PS], LX106_PS_UM | LX106_PS_EXCM | 2);
    ck_assert_uint_eq(cpu->sr[LX106_DEBUGCAUSE], 8);

    cpu->sr[LX106_PS] = LX106_PS_UM;
    cpu->pc = CODE + 3;
    lx106_run(cpu, 100);
    ck_assert_uint_eq(cpu->pc, LX106_ROM + LX106_VECTOR_DEBUG);
    ck_assert_uint_eq(cpu->sr[LX106_EPC1 + 1], CODE + 3);
    ck_assert_uint_eq(cpu->sr[LX106_DEBUGCAUSE], 16);
}
END_TEST

START_TEST(a_loop_that_polls_the_timer_is_not_idle)
{
    PUT(0x20, 0xe2, 0x03, 0x46, 0xfe, 0xff); /* l: rsr a2, interrupt; j l */
    ck_assert_int_eq(lx106_run(cpu, 100000), LX106_TIME);
}
END_TEST

START_TEST(code_comes_from_the_bus_by_lines)
{
    /* Three instructions around the end of a line, at every offset. */
    for (uint32_t at = LX106_LINE - 8; at <= LX106_LINE - 4; at++) {
        memset(window, 0, sizeof window);
        memcpy(window + at, (const uint8_t[]){0x22, 0xa0, 0x03}, 3);                 /* movi a2, 3 */
        memcpy(window + at + 3, (const uint8_t[]){0x22, 0xc2, 0x04}, 3);             /* addi a2, a2, 4 */
        memcpy(window + at + 6, (const uint8_t[]){0x1b, 0x22, 0x80, 0x00, 0x00}, 5); /* addi.n a2, a2, 1; ret */
        cpu->pc = WINDOW + at;
        fetches = 0;
        ck_assert_int_eq(lx106_run(cpu, 1000), LX106_CALL);
        ck_assert_uint_eq(cpu->pc, RETURN);
        ck_assert_uint_eq(cpu->a[2], 8);
        ck_assert_int_ge(fetches, 2);
        ck_assert_int_eq(1000 - cpu->left, 4 + LX106_TAKEN_CYCLES + 10 * fetches);
    }
}
END_TEST

START_TEST(a_line_at_hand_is_not_asked_for_again)
{
    /* l: addi.n a3, a3, -1; bnez a3, l; ret */
    memcpy(window, (const uint8_t[]){0x0b, 0x33, 0x56, 0xa3, 0xff, 0x80, 0x00, 0x00}, 8);
    cpu->pc = WINDOW;
    cpu->a[3] = 10;
    ck_assert_int_eq(lx106_run(cpu, 1000), LX106_CALL);
    ck_assert_int_eq(fetches, 1);
}
END_TEST

START_TEST(the_last_instruction_of_the_window_needs_no_next_line)
{
    memcpy(window + sizeof window - 2, (const uint8_t[]){0x0d, 0xf0}, 2); /* ret.n */
    cpu->pc = WINDOW + sizeof window - 2;
    ck_assert_int_eq(lx106_run(cpu, 1000), LX106_CALL);
    ck_assert_uint_eq(cpu->pc, RETURN);

    window[sizeof window - 2] = 0; /* three bytes: the third is outside */
    cpu->pc = WINDOW + sizeof window - 2;
    ck_assert_int_eq(lx106_run(cpu, 1000), LX106_CALL);
    ck_assert_uint_eq(cpu->pc, LX106_ROM + LX106_VECTOR_USER);
    ck_assert_uint_eq(cpu->sr[LX106_EXCCAUSE], LX106_FETCH_PROHIBITED);
    ck_assert_uint_eq(cpu->sr[LX106_EPC1], WINDOW + sizeof window - 2);
    ck_assert_uint_eq(cpu->sr[LX106_EXCVADDR], WINDOW + sizeof window);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof *(table)))

int main(void)
{
    Suite *suite = suite_create("lx106");
    TCase *tc = tcase_create("cpu");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, straight_code_computes, 0, COUNT(plain));
    tcase_add_loop_test(tc, branches_go_where_they_should, 0, COUNT(branches));
    tcase_add_test(tc, calls_leave_the_return_address);
    tcase_add_test(tc, literals_lie_behind);
    tcase_add_test(tc, iram_takes_words_only);
    tcase_add_loop_test(tc, code_that_was_executed_can_be_stored_over, 0, 5);
    tcase_add_test(tc, a_load_may_write_over_its_own_code);
    tcase_add_loop_test(tc, traps_are_told_with_cause_and_place, 0, COUNT(traps));
    tcase_add_test(tc, a_trap_within_a_trap_is_a_double_one);
    tcase_add_test(tc, own_vectors_work);
    tcase_add_test(tc, vectors_without_code_still_cost_time);
    tcase_add_test(tc, interrupts_wait_for_their_level);
    tcase_add_test(tc, interrupts_must_be_enabled);
    tcase_add_test(tc, waiti_sleeps_until_an_interrupt);
    tcase_add_test(tc, rfe_goes_back);
    tcase_add_loop_test(tc, idle_loops_are_recognised, 0, COUNT(loops));
    tcase_add_test(tc, a_spin_ends_when_memory_changes);
    tcase_add_test(tc, time_is_charged_by_instruction_and_by_jump);
    tcase_add_test(tc, ccount_counts_cycles);
    tcase_add_test(tc, the_timer_interrupts_when_its_time_has_come);
    tcase_add_test(tc, the_timer_is_pending_also_where_it_may_not_interrupt);
    tcase_add_test(tc, the_timer_meets_a_value_that_ccount_has_passed_after_its_wrap);
    tcase_add_test(tc, the_timer_wakes_a_sleeping_cpu);
    tcase_add_test(tc, ccount_can_be_set);
    tcase_add_test(tc, ccount_is_zero_after_reset);
    tcase_add_test(tc, nothing_holds_the_nmi_back);
    tcase_add_test(tc, software_sets_its_own_interrupt_and_clears_edges);
    tcase_add_test(tc, a_break_goes_to_the_debug_vector);
    tcase_add_test(tc, a_loop_that_polls_the_timer_is_not_idle);
    tcase_add_test(tc, code_comes_from_the_bus_by_lines);
    tcase_add_test(tc, a_line_at_hand_is_not_asked_for_again);
    tcase_add_test(tc, the_last_instruction_of_the_window_needs_no_next_line);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
