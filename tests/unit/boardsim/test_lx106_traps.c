/* SPDX-License-Identifier: MIT */
/* The CPU leaves its way: traps, interrupts, vectors. */
#include "tests/runner.h"
#include "tests/unit/boardsim/cpu_harness.h"

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

#define COUNT(table) ((int)(sizeof(table) / sizeof *(table)))

int main(void)
{
    Suite *suite = suite_create("lx106_traps");
    TCase *tc = tcase_create("cpu");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, traps_are_told_with_cause_and_place, 0, COUNT(traps));
    tcase_add_test(tc, a_trap_within_a_trap_is_a_double_one);
    tcase_add_test(tc, own_vectors_work);
    tcase_add_test(tc, vectors_without_code_still_cost_time);
    tcase_add_test(tc, interrupts_wait_for_their_level);
    tcase_add_test(tc, interrupts_must_be_enabled);
    tcase_add_test(tc, waiti_sleeps_until_an_interrupt);
    tcase_add_test(tc, rfe_goes_back);
    tcase_add_test(tc, nothing_holds_the_nmi_back);
    tcase_add_test(tc, software_sets_its_own_interrupt_and_clears_edges);
    tcase_add_test(tc, a_break_goes_to_the_debug_vector);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
