/* SPDX-License-Identifier: MIT */
/* Streams are whole zlib streams of their content, and nothing else is taken for one. */
#include "proto/image/deflate.h"
#include "tests/runner.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define SIZE 300000

static uint8_t bytes[SIZE];

static void setup(void)
{
    srand(3);
    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = i % 5000 < 2000 ? (uint8_t)(rand() & 0x5F) : (uint8_t)(i / 700);
}

static uint8_t *deflated(size_t n, enum deflate_effort effort, uint32_t *size)
{
    uint8_t *stream;
    ck_assert(deflate_bytes(bytes, n, effort, &stream, size));
    return stream;
}

static const enum deflate_effort efforts[] = {DEFLATE_FAST, DEFLATE_BEST};
static const size_t sizes[] = {0, 1, 4096, SIZE};
#define N_SIZES (sizeof(sizes) / sizeof(sizes[0]))

START_TEST(zlib_inflates_a_stream_to_its_content)
{
    size_t n = sizes[(size_t)_i % N_SIZES];
    uint8_t *out = malloc(SIZE + 1);
    uint32_t size;
    uLongf n_out = SIZE + 1;
    uint8_t *stream = deflated(n, efforts[(size_t)_i / N_SIZES], &size);
    ck_assert_int_eq(uncompress(out, &n_out, stream, size), Z_OK);
    ck_assert_uint_eq(n_out, n);
    ck_assert_mem_eq(out, bytes, n);
    free(stream);
    free(out);
}
END_TEST

START_TEST(best_is_smaller_than_fast_and_than_zlib)
{
    uint32_t fast, best;
    uLongf theirs = compressBound(SIZE);
    uint8_t *out = malloc(theirs);
    ck_assert_int_eq(compress2(out, &theirs, bytes, SIZE, Z_BEST_COMPRESSION), Z_OK);
    free(out);
    free(deflated(SIZE, DEFLATE_FAST, &fast));
    free(deflated(SIZE, DEFLATE_BEST, &best));
    ck_assert_uint_lt(best, fast);
    ck_assert_uint_lt(best, theirs);
}
END_TEST

START_TEST(a_stream_is_inflated_up_to_its_limit)
{
    uint32_t size;
    uint8_t *stream = deflated(SIZE, DEFLATE_FAST, &size);
    size_t n;
    uint8_t *content = inflate_bytes(stream, size, SIZE, &n);
    ck_assert_ptr_nonnull(content);
    ck_assert_uint_eq(n, SIZE);
    ck_assert_mem_eq(content, bytes, SIZE);
    free(content);
    ck_assert_ptr_null(inflate_bytes(stream, size, SIZE - 1, &n));
    free(stream);
}
END_TEST

START_TEST(nothing_else_is_a_stream)
{
    uint32_t size;
    size_t n;
    uint8_t *stream = deflated(SIZE, DEFLATE_FAST, &size);
    uint8_t *longer = calloc(1, size + 1);
    memcpy(longer, stream, size);
    ck_assert_ptr_null(inflate_bytes(longer, size + 1, SIZE, &n));
    free(longer);
    ck_assert_ptr_null(inflate_bytes(stream, size - 1, SIZE, &n));
    ck_assert_ptr_null(inflate_bytes(stream, 0, SIZE, &n));
    stream[size - 1] ^= 1;
    ck_assert_ptr_null(inflate_bytes(stream, size, SIZE, &n));
    free(stream);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("deflate");
    TCase *cases = tcase_create("deflate");
    tcase_add_checked_fixture(cases, setup, NULL);
    tcase_add_loop_test(cases, zlib_inflates_a_stream_to_its_content, 0, (int)(2 * N_SIZES));
    tcase_add_test(cases, best_is_smaller_than_fast_and_than_zlib);
    tcase_add_test(cases, a_stream_is_inflated_up_to_its_limit);
    tcase_add_test(cases, nothing_else_is_a_stream);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
