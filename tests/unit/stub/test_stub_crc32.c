/* SPDX-License-Identifier: MIT */
/* The stub's CRC-32 is zlib's, at every length. */
#include "stub/crc32.h"
#include "tests/runner.h"

#include <stdlib.h>
#include <zlib.h>

#define N 1100

START_TEST(test_as_zlib)
{
    static uint8_t bytes[N] __attribute__((aligned(4)));
    srand(3);
    for (size_t i = 0; i < N; i++)
        bytes[i] = (uint8_t)rand();
    crc32_init();
    for (unsigned n = 0; n <= N; n++)
        ck_assert_uint_eq(crc32_of(bytes, n), crc32(0, bytes, n));
    for (unsigned n = 0; n <= N; n += 4)
        ck_assert_uint_eq(crc32_append(crc32_of(bytes, n), bytes + n, N - n), crc32(0, bytes, N));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stub crc32");
    TCase *cases = tcase_create("crc32");
    tcase_add_test(cases, test_as_zlib);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
