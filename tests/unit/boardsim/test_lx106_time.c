/* SPDX-License-Identifier: MIT */
/* What the CPU takes: cycles, its timer, loops that wait, code that must be fetched. */
#include "tests/runner.h"
#include "tests/unit/boardsim/cpu_harness.h"

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

static void setup_with_window(void)
{
    setup();
    cpu->bus.fetch = bus_fetch;
    memset(window, 0, sizeof window);
    fetches = 0;
}

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
    cpu->a[6] = REGISTER;
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
    Suite *suite = suite_create("lx106_time");
    TCase *tc = tcase_create("cpu");

    tcase_add_checked_fixture(tc, setup_with_window, teardown);
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
    tcase_add_test(tc, a_loop_that_polls_the_timer_is_not_idle);
    tcase_add_test(tc, code_comes_from_the_bus_by_lines);
    tcase_add_test(tc, a_line_at_hand_is_not_asked_for_again);
    tcase_add_test(tc, the_last_instruction_of_the_window_needs_no_next_line);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
