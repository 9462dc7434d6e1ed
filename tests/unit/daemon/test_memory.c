/* SPDX-License-Identifier: MIT */
#include "daemon/base/memory.h"
#include "tests/runner.h"

#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Twice that is more than PTRDIFF_MAX, which malloc() never gives; 2 GB can be had with 32 bits too. Volatile, so that
 * the compiler does not see it. */
static volatile size_t too_many = SIZE_MAX / 2;

/* The sanitizer would end the program itself, with another status. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

START_TEST(calloc_gives_zeros)
{
    static const char zeros[24];
    char *memory = must_calloc(3, 8);
    ck_assert_mem_eq(memory, zeros, sizeof(zeros));
    free(memory);
}
END_TEST

START_TEST(realloc_keeps_what_was_there)
{
    int *numbers = must_realloc(NULL, 2, sizeof(*numbers));
    numbers[0] = 7;
    numbers[1] = 8;
    numbers = must_realloc(numbers, 1000, sizeof(*numbers));
    ck_assert_int_eq(numbers[0], 7);
    ck_assert_int_eq(numbers[1], 8);
    free(numbers);
}
END_TEST

START_TEST(strdup_copies)
{
    char text[] = "A1";
    char *copy = must_strdup(text);
    text[0] = 'B';
    ck_assert_str_eq(copy, "A1");
    free(copy);
}
END_TEST

START_TEST(calloc_aborts_when_there_is_none)
{
    void *memory = must_calloc(too_many, 2);
    free(memory);
}
END_TEST

START_TEST(realloc_aborts_when_the_product_overflows)
{
    void *memory = must_realloc(NULL, too_many, 16);
    free(memory);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("memory");
    TCase *tests = tcase_create("memory");
    tcase_add_test(tests, calloc_gives_zeros);
    tcase_add_test(tests, realloc_keeps_what_was_there);
    tcase_add_test(tests, strdup_copies);
    tcase_add_test_raise_signal(tests, calloc_aborts_when_there_is_none, SIGABRT);
    tcase_add_test_raise_signal(tests, realloc_aborts_when_the_product_overflows, SIGABRT);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
