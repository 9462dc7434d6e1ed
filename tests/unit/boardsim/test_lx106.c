/* SPDX-License-Identifier: MIT */
/* The CPU, instruction by instruction. The code is what the GNU assembler makes of the text beside it. */
#include "tests/runner.h"
#include "tests/unit/boardsim/cpu_harness.h"

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
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
