/* SPDX-License-Identifier: MIT */
#include "proto/image/golden.h"
#include "proto/link/wire.h"
#include "tests/md5.h"
#include "tests/runner.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static char error[256];

/* Noise that does not compress, and blank space. */
static uint8_t *make_bytes(size_t len)
{
    uint8_t *bytes = malloc(len);
    srand(7);
    for (size_t i = 0; i < len; i++)
        bytes[i] = i < len / 2 ? (uint8_t)rand() : 0xFF;
    return bytes;
}

static struct golden *make(size_t len)
{
    struct golden *golden = golden_new();
    uint8_t *bytes = make_bytes(len);
    ck_assert_int_eq(golden_add(golden, "golden.bin", 0, bytes, len, error, sizeof(error)), 0);
    free(bytes);
    ck_assert_msg(golden_seal(golden, error, sizeof(error)) == 0, "%s", error);
    return golden;
}

START_TEST(blocks_inflate_to_the_image)
{
    struct golden *golden = make(200001);
    const struct golden_part *part = &golden->parts[0];
    ck_assert_uint_eq(part->size, 200001);
    ck_assert_uint_eq(part->padded_size, 200004);
    ck_assert_uint_eq(golden->end, 200004);
    ck_assert_uint_gt(part->n_blocks, 3);

    uint32_t total = 0, sent = 0;
    for (size_t i = 0; i < part->n_blocks; i++) {
        ck_assert_uint_eq(part->blocks[i].offset, sent);
        ck_assert_uint_le(part->blocks[i].size, WIRE_FLASH_BLOCK);
        sent += part->blocks[i].size;
        total += part->blocks[i].inflated;
    }
    ck_assert_uint_eq(sent, part->deflated_size);
    ck_assert_uint_eq(total, part->padded_size);

    uint8_t *out = malloc(part->padded_size);
    uLongf out_len = part->padded_size;
    ck_assert_int_eq(uncompress(out, &out_len, part->deflated, part->deflated_size), Z_OK);
    ck_assert_mem_eq(out, part->bytes, part->padded_size);
    free(out);
    golden_free(golden);
}
END_TEST

/* Each byte of each part is in one range, under its own digest; no head is behind what is no head. */
START_TEST(ranges_cover_the_image_once)
{
    static const uint32_t sizes[] = {5, GOLDEN_HEAD, GOLDEN_HEAD + 4, 2 * GOLDEN_RANGE_MAX + 3 * GOLDEN_HEAD};
    enum { PARTS = sizeof(sizes) / sizeof(sizes[0]), STRIDE = 0x300000 };
    struct golden *golden = golden_new();
    uint8_t *bytes = make_bytes(2 * GOLDEN_RANGE_MAX + 3 * GOLDEN_HEAD);
    for (uint32_t i = 0; i < PARTS; i++)
        ck_assert_int_eq(golden_add(golden, "part", i * STRIDE, bytes, sizes[i], error, sizeof(error)), 0);
    ck_assert_int_eq(golden_seal(golden, error, sizeof(error)), 0);
    ck_assert_uint_eq(golden->n_heads, PARTS);
    ck_assert_uint_eq(golden->n_ranges, PARTS + 4);
    uint32_t covered[PARTS] = {0};
    for (size_t i = 0; i < golden->n_ranges; i++) {
        const struct golden_range *range = &golden->ranges[i];
        uint32_t part = range->offset / STRIDE, at = range->offset % STRIDE;
        ck_assert_uint_eq(at, covered[part]);
        ck_assert_int_eq(at > 0, i >= PARTS);
        ck_assert_uint_le(range->size, GOLDEN_RANGE_MAX);
        covered[part] += range->size;
        ck_assert_uint_le(covered[part], golden->parts[part].padded_size);
        uint8_t md5[16];
        md5_of(golden->parts[part].bytes + at, range->size, md5);
        ck_assert_mem_eq(md5, range->md5, sizeof(md5));
    }
    for (size_t i = 0; i < PARTS; i++)
        ck_assert_uint_eq(covered[i], golden->parts[i].padded_size);
    free(bytes);
    golden_free(golden);
}
END_TEST

START_TEST(a_blank_image_is_cut_by_its_inflated_size)
{
    size_t len = 1 << 20;
    uint8_t *bytes = malloc(len);
    memset(bytes, 0xFF, len);
    struct golden *golden = golden_new();
    ck_assert_int_eq(golden_add(golden, "blank", 0, bytes, len, error, sizeof(error)), 0);
    ck_assert_int_eq(golden_seal(golden, error, sizeof(error)), 0);
    const struct golden_part *part = &golden->parts[0];
    uint32_t total = 0, sent = 0;
    for (size_t i = 0; i < part->n_blocks; i++) {
        ck_assert_uint_gt(part->blocks[i].size, 0);
        ck_assert_uint_le(part->blocks[i].inflated, GOLDEN_BLOCK_INFLATED + 4096);
        ck_assert_uint_eq(part->blocks[i].offset, sent);
        sent += part->blocks[i].size;
        total += part->blocks[i].inflated;
    }
    ck_assert_uint_eq(sent, part->deflated_size);
    ck_assert_uint_eq(total, len);
    ck_assert_uint_eq(golden->parts[0].stream.pages, 0);
    free(bytes);
    golden_free(golden);
}
END_TEST

START_TEST(hashes_of_one_file_are_the_files)
{
    struct golden *golden = golden_new();
    ck_assert_int_eq(golden_add(golden, "abc", 0, (const uint8_t *)"abc", 3, error, sizeof(error)), 0);
    ck_assert_int_eq(golden_seal(golden, error, sizeof(error)), 0);
    ck_assert_str_eq(golden->md5, "900150983cd24fb0d6963f7d28e17f72");
    ck_assert_str_eq(golden->sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    golden_free(golden);
}
END_TEST

START_TEST(parts_are_sorted_and_may_not_share_a_sector)
{
    uint8_t *bytes = make_bytes(8192);
    struct golden *golden = golden_new();
    ck_assert_int_eq(golden_add(golden, "b", 0x3000, bytes, 8192, error, sizeof(error)), 0);
    ck_assert_int_eq(golden_add(golden, "a", 0, bytes, 4097, error, sizeof(error)), 0);
    ck_assert_str_eq(golden->parts[0].name, "a");
    ck_assert_int_eq(golden_add(golden, "c", 0x1000, bytes, 4096, error, sizeof(error)), -1);
    ck_assert_ptr_nonnull(strstr(error, "c at 0x1000 and a at 0x0 overlap"));
    ck_assert_int_eq(golden_add(golden, "d", 0x2000, bytes, 4097, error, sizeof(error)), -1);
    ck_assert_ptr_nonnull(strstr(error, "overlap"));
    ck_assert_int_eq(golden_add(golden, "e", 0x2000, bytes, 4096, error, sizeof(error)), 0);
    ck_assert_int_eq(golden_seal(golden, error, sizeof(error)), 0);
    ck_assert_uint_eq(golden->end, 0x5000);
    free(bytes);
    golden_free(golden);
}
END_TEST

static void expect_refusal(const char *name, uint32_t offset, size_t len, const char *words)
{
    uint8_t *bytes = make_bytes(len + 4);
    struct golden *golden = golden_new();
    ck_assert_int_eq(golden_add(golden, name, offset, bytes, len, error, sizeof(error)), -1);
    ck_assert_msg(strstr(error, name) && strstr(error, words), "%s", error);
    free(bytes);
    golden_free(golden);
}

START_TEST(bad_parts_are_refused_by_name)
{
    expect_refusal("empty.bin", 0, 0, "empty");
    expect_refusal("odd.bin", 0x123, 16, "multiple");
    expect_refusal("far.bin", 0xFFF000, 8192, "16 MB");
    expect_refusal("wrap.bin", 0xFFFFF000, 8192, "16 MB");
}
END_TEST

/* As long as a path in the configuration may be. */
START_TEST(a_part_has_its_whole_path)
{
    char path[GOLDEN_NAME_MAX];
    static const uint8_t byte = 0xE9;
    memset(path, 'p', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    struct golden *golden = golden_new();
    ck_assert_msg(golden_add(golden, path, 0, &byte, 1, error, sizeof(error)) == 0, "%s", error);
    ck_assert_str_eq(golden->parts[0].name, path);
    golden_free(golden);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("golden");
    TCase *tcase = tcase_create("golden");
    tcase_add_test(tcase, blocks_inflate_to_the_image);
    tcase_add_test(tcase, ranges_cover_the_image_once);
    tcase_add_test(tcase, a_blank_image_is_cut_by_its_inflated_size);
    tcase_add_test(tcase, hashes_of_one_file_are_the_files);
    tcase_add_test(tcase, parts_are_sorted_and_may_not_share_a_sector);
    tcase_add_test(tcase, bad_parts_are_refused_by_name);
    tcase_add_test(tcase, a_part_has_its_whole_path);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
