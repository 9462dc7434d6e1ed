/* SPDX-License-Identifier: MIT */
/* Mode, clock and size are changed in the header, and whatever covers it stays right. */
#include "proto/image/esp_image.h"
#include "proto/image/esp_patch.h"
#include "tests/runner.h"
#include "tests/unit/proto/image_maker.h"

#include <string.h>

static struct image_maker maker;
static uint8_t before[IMAGE_MAKER_ROOM];
static char error[256];

static void start(void)
{
    maker_start(&maker);
    maker_rom_image(&maker);
}

static int patch(enum esp_counting counting, int mode, int clock, const char *size)
{
    const struct esp_settings settings = {mode, clock, size};
    memcpy(before, maker.bytes, sizeof(before));
    error[0] = '\0';
    return esp_patch(maker.bytes, maker.n, counting, &settings, error, sizeof(error));
}

/* The image is right, and of this kind. */
static void expect_right(enum esp_kind kind)
{
    static struct esp_image image;
    esp_image_read(&image, maker.bytes, maker.n);
    ck_assert_str_eq(esp_kind_code(image.kind), esp_kind_code(kind));
    ck_assert_msg(image.remarks.n == 0, "%s", image.remarks.list[0].what);
}

static void expect_refusal(const char *words)
{
    ck_assert_msg(strstr(error, words) != NULL, "\"%s\" does not say \"%s\"", error, words);
    ck_assert_mem_eq(before, maker.bytes, sizeof(before));
}

START_TEST(only_what_is_given_is_changed)
{
    static const struct {
        int mode, clock;
        const char *size;
        uint8_t bytes[2];
    } rows[] = {
        {3, -1, NULL, {3, 0x20}}, {-1, 15, "", {2, 0x2F}},   {-1, -1, "4MB-c1", {2, 0x60}},
        {0, 1, "512KB", {0, 1}},  {-1, -1, NULL, {2, 0x20}},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        start();
        ck_assert_int_eq(patch(ESP_COUNTS_AS_ESP8266, rows[i].mode, rows[i].clock, rows[i].size), 0);
        ck_assert_mem_eq(maker.bytes + 2, rows[i].bytes, 2);
        ck_assert_mem_eq(maker.bytes, before, 2);
        ck_assert_mem_eq(maker.bytes + 4, before + 4, sizeof(before) - 4);
        expect_right(ESP_KIND_ROM_IMAGE);
    }
}
END_TEST

START_TEST(the_crc_of_arduino_is_renewed)
{
    static const uint32_t places[] = {0x1010, 0xFF8};
    for (size_t i = 0; i < 2; i++) {
        start();
        maker_arduino(&maker, places[i]);
        ck_assert_int_eq(patch(ESP_COUNTS_AS_ESP8266, 0, 15, "4MB"), 0);
        ck_assert_int_ne(memcmp(maker.bytes + places[i] + 4, before + places[i] + 4, 4), 0);
        expect_right(ESP_KIND_ARDUINO);
    }
    maker.bytes[2] = 3; /* by another tool */
    ck_assert_int_eq(patch(ESP_COUNTS_AS_ESP8266, 2, -1, NULL), 0);
    expect_right(ESP_KIND_ARDUINO);
    maker.bytes[0x1200] ^= 1;
    ck_assert_int_eq(patch(ESP_COUNTS_AS_ESP8266, 0, -1, NULL), -1);
    expect_refusal("its CRC is wrong already");
    start();
    maker_arduino(&maker, 0);
    ck_assert_int_eq(patch(ESP_COUNTS_AS_ESP8266, 0, -1, NULL), 0);
    expect_right(ESP_KIND_ARDUINO);
}
END_TEST

START_TEST(micropython_and_nonos_stay_right)
{
    start();
    maker_micropython(&maker);
    ck_assert_int_eq(patch(ESP_COUNTS_AS_ESP8266, 0, 15, "4MB"), 0);
    expect_right(ESP_KIND_MICROPYTHON);
    start();
    maker_at(&maker, 0x1000);
    maker_second_stage(&maker, 1);
    ck_assert_int_eq(patch(ESP_COUNTS_AS_ESP8266, 0, 15, "4MB"), 0);
    expect_right(ESP_KIND_NONOS);
}
END_TEST

START_TEST(rtos_has_other_codes_and_a_digest_is_renewed)
{
    start();
    maker_digest(&maker, 0);
    size_t end = maker.n;
    maker_at(&maker, 0x8000);
    maker_partitions(&maker, 0x10000);
    ck_assert_int_eq(patch(ESP_COUNTS_AS_ESP32, -1, -1, "4MB"), 0);
    ck_assert_uint_eq(maker.bytes[3], 0x20);
    ck_assert_int_eq(patch(ESP_COUNTS_AS_ESP32, 3, -1, "1MB"), 0);
    ck_assert_uint_eq(maker.bytes[3], 0x00);
    expect_right(ESP_KIND_RTOS);
    memcpy(before, maker.bytes, end);
    maker.n = end - 32;
    maker_digest(&maker, 0);
    ck_assert_mem_eq(before, maker.bytes, end); /* it was that already */
    maker_at(&maker, 0x8000 + 64);
    ck_assert_int_eq(patch(ESP_COUNTS_AS_ESP32, -1, -1, "512KB"), -1);
    expect_refusal("no code for 512KB");
}
END_TEST

START_TEST(what_has_no_header_is_refused)
{
    maker_start(&maker);
    maker_second_stage(&maker, 1);
    ck_assert_int_eq(patch(ESP_COUNTS_AS_ESP8266, 0, -1, NULL), -1);
    expect_refusal("no header to change: it is an application of the NONOS SDK");
    maker_start(&maker);
    maker_put(&maker, "text\n", 5);
    ck_assert_int_eq(patch(ESP_COUNTS_AS_ESP8266, 0, -1, NULL), -1);
    expect_refusal("it is text");
}
END_TEST

START_TEST(settings_may_be_given_or_not)
{
    ck_assert(!esp_settings_given(&(struct esp_settings){-1, -1, NULL}));
    ck_assert(!esp_settings_given(&(struct esp_settings){-1, -1, ""}));
    ck_assert(esp_settings_given(&(struct esp_settings){0, -1, NULL}));
    ck_assert(esp_settings_given(&(struct esp_settings){-1, 0, NULL}));
    ck_assert(esp_settings_given(&(struct esp_settings){-1, -1, "1MB"}));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("esp_patch");
    TCase *tcase = tcase_create("esp_patch");
    tcase_add_test(tcase, only_what_is_given_is_changed);
    tcase_add_test(tcase, the_crc_of_arduino_is_renewed);
    tcase_add_test(tcase, micropython_and_nonos_stay_right);
    tcase_add_test(tcase, rtos_has_other_codes_and_a_digest_is_renewed);
    tcase_add_test(tcase, what_has_no_header_is_refused);
    tcase_add_test(tcase, settings_may_be_given_or_not);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
