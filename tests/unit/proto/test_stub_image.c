/* SPDX-License-Identifier: MIT */
#include "proto/image/stub_image.h"
#include "tests/runner.h"

#include <stdio.h>
#include <string.h>

static char error[200];

static struct stub_image *parse(const char *json)
{
    error[0] = '\0';
    return stub_image_parse(json, strlen(json), "test", error, sizeof(error));
}

START_TEST(a_stub_with_text_and_data)
{
    /* 0x4010c000 and 0x3ffe8000 */
    struct stub_image *stub = parse("{\"text\": \"AQIDBAU=\", \"text_start\": 1074839552, \"data\": \"CQk=\","
                                    " \"data_start\": 1073643520, \"bss_start\": 1, \"entry\": 1074839556}");
    ck_assert_msg(stub != NULL, "%s", error);
    ck_assert_uint_eq(stub->n_segments, 2);
    ck_assert_uint_eq(stub->segments[0].address, 0x4010C000);
    ck_assert_uint_eq(stub->segments[0].size, 8);
    ck_assert_mem_eq(stub->segments[0].bytes, "\1\2\3\4\5\0\0\0", 8);
    ck_assert_uint_eq(stub->segments[1].size, 4);
    ck_assert_uint_eq(stub->entry, 0x4010C004);
    ck_assert_uint_eq(stub->crc, 0x34FEA3AF); /* of both segments with their padding */
    stub_image_free(stub);
}
END_TEST

/* 62 letters of one byte and one of two: a byte too many. */
START_TEST(a_long_name_is_cut_between_two_letters)
{
    char name[80];
    memset(name, 'n', 62);
    snprintf(name + 62, sizeof(name) - 62, "\xC3\xBC.json");
    static const char json[] = "{\"text\": \"AQIDBAU=\", \"text_start\": 1074839552, \"data\": \"CQk=\","
                               " \"data_start\": 1073643520, \"entry\": 1074839556}";
    struct stub_image *stub = stub_image_parse(json, strlen(json), name, error, sizeof(error));
    ck_assert_msg(stub != NULL, "%s", error);
    name[62] = '\0';
    ck_assert_str_eq(stub->name, name);
    stub_image_free(stub);
}
END_TEST

START_TEST(the_builtin_stub_is_sound)
{
    struct stub_image *stub = stub_image_builtin();
    ck_assert_uint_gt(stub->segments[0].size, 1000);
    stub_image_free(stub);
}
END_TEST

START_TEST(data_in_the_message_buffer_goes_up_in_small_blocks)
{
    /* data_start 0x3fffae5c */
    struct stub_image *stub = parse("{\"text\": \"AQID\", \"text_start\": 1074839552, \"entry\": 1074839552,"
                                    " \"data\": \"AQID\", \"data_start\": 1073720924}");
    ck_assert_ptr_nonnull(stub);
    ck_assert_uint_eq(stub->segments[0].block, 0x1800);
    ck_assert_uint_eq(stub->segments[1].block, 0x3fffae5c - 0x3fffa018);
    stub_image_free(stub);
}
END_TEST

static const struct {
    const char *json, *words;
} bad[] = {
    {"", "line"},
    {"[1]", "text"},
    {"{\"text\": \"AQID\"}", "text_start"},
    {"{\"text\": 1, \"text_start\": 1074839552}", "no text"},
    {"{\"text\": \"AQID\", \"text_start\": 1074839552}", "entry"},
    {"{\"text\": \"AQI\", \"text_start\": 1074839552, \"entry\": 1074839552}", "not base64"},
    {"{\"text\": \"A*ID\", \"text_start\": 1074839552, \"entry\": 1074839552}", "not base64"},
    {"{\"text\": \"A=ID\", \"text_start\": 1074839552, \"entry\": 1074839552}", "not base64"},
    {"{\"text\": \"\", \"text_start\": 1074839552, \"entry\": 1074839552}", "outside the text"},
    {"{\"text\": \"AQID\", \"text_start\": 1074839553, \"entry\": 1074839553}", "multiple of 4"},
    {"{\"text\": \"AQID\", \"text_start\": 4096, \"entry\": 4096}", "outside the chip's RAM"},
    {"{\"text\": \"AQID\", \"text_start\": -4, \"entry\": 4096}", "no address"},
    {"{\"text\": \"AQID\", \"text_start\": 1073717248, \"entry\": 1073717248}", "message buffer"},
    {"{\"text\": \"AQID\", \"text_start\": 1073719000, \"entry\": 1073719000}", "message buffer"},
    {"{\"text\": \"AQID\", \"text_start\": 1074839552, \"entry\": 1074839552, \"data\": \"AQID\", \"data_start\": "
     "1073717524}",
     "message buffer"},
    {"{\"text\": \"AQID\", \"text_start\": 1074839552, \"entry\": 1074839556}", "outside the text"},
    {"{\"text\": \"AQID\", \"text_start\": 1074839552, \"entry\": 1074839552, \"data\": \"AQID\"}", "data_start"},
};

START_TEST(a_bad_stub_is_refused_with_the_reason)
{
    ck_assert_ptr_null(parse(bad[_i].json));
    ck_assert_msg(strstr(error, bad[_i].words) != NULL, "\"%s\" does not say \"%s\"", error, bad[_i].words);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stub_image");
    TCase *tcase = tcase_create("stub_image");
    tcase_add_test(tcase, a_stub_with_text_and_data);
    tcase_add_test(tcase, a_long_name_is_cut_between_two_letters);
    tcase_add_test(tcase, the_builtin_stub_is_sound);
    tcase_add_test(tcase, data_in_the_message_buffer_goes_up_in_small_blocks);
    tcase_add_loop_test(tcase, a_bad_stub_is_refused_with_the_reason, 0, sizeof(bad) / sizeof(bad[0]));
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
