/* SPDX-License-Identifier: MIT */
#include "proto/chip/identity.h"
#include "proto/chip/nor.h"
#include "tests/runner.h"

#include <string.h>

START_TEST(oui_numbers_of_older_chips)
{
    struct chip_identity chip;
    static const uint8_t first[] = {0x18, 0xFE, 0x34, 0xA1, 0xB2, 0xC3};
    static const uint8_t second[] = {0xAC, 0xD0, 0x74, 0xA1, 0xB2, 0xC3};
    ck_assert(chip_identify((uint32_t[]){0xC3000000, 0x0000A1B2, 0, 0}, &chip));
    ck_assert_mem_eq(chip.mac, first, 6);
    ck_assert_uint_eq(chip.chip_id, 0x00A1B2C3);
    ck_assert_str_eq(chip.name, "ESP8266EX");
    ck_assert(chip_identify((uint32_t[]){0xC3000000, 0x0001A1B2, 0, 0}, &chip));
    ck_assert_mem_eq(chip.mac, second, 6);
}
END_TEST

START_TEST(oui_of_newer_chips_stands_in_the_fourth_word)
{
    struct chip_identity chip;
    static const uint8_t mac[] = {0x5C, 0xCF, 0x7F, 0x12, 0x34, 0x56};
    ck_assert(chip_identify((uint32_t[]){0x56000000, 0x02001234, 0, 0x005CCF7F}, &chip));
    ck_assert_mem_eq(chip.mac, mac, 6);
    ck_assert_uint_eq(chip.chip_id, 0x00123456);
}
END_TEST

START_TEST(an_unknown_oui_is_refused)
{
    struct chip_identity chip;
    ck_assert(!chip_identify((uint32_t[]){0xC3000000, 0x0002A1B2, 0, 0}, &chip));
    ck_assert(!chip_identify((uint32_t[]){0xFFFFFFFF, 0xFFFFFFFF, 0, 0}, &chip));
}
END_TEST

START_TEST(an_esp8285_is_told_by_either_bit)
{
    struct chip_identity chip;
    ck_assert(chip_identify((uint32_t[]){1u << 4, 0, 0, 0}, &chip));
    ck_assert_str_eq(chip.name, "ESP8285");
    ck_assert(chip_identify((uint32_t[]){0, 0, 1u << 16, 0}, &chip));
    ck_assert_str_eq(chip.name, "ESP8285");
}
END_TEST

START_TEST(a_flash_id_tells_manufacturer_device_and_size)
{
    struct flash_part part;
    ck_assert(nor_identify(0x1640EF, &part));
    ck_assert_uint_eq(part.manufacturer, 0xEF);
    ck_assert_uint_eq(part.device, 0x4016);
    ck_assert_uint_eq(part.size, 4 * 1024 * 1024);
    ck_assert(nor_identify(0x1820C2, &part));
    ck_assert_uint_eq(part.size, 16 * 1024 * 1024);
    ck_assert(nor_identify(0x7740EF, &part));
    ck_assert_uint_eq(part.size, 0);
    ck_assert(!nor_identify(0xFFFFFF, &part));
    ck_assert(!nor_identify(0x000000, &part));
    ck_assert(!nor_identify(0xFF000000, &part));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("chip");
    TCase *tcase = tcase_create("chip");
    tcase_add_test(tcase, oui_numbers_of_older_chips);
    tcase_add_test(tcase, oui_of_newer_chips_stands_in_the_fourth_word);
    tcase_add_test(tcase, an_unknown_oui_is_refused);
    tcase_add_test(tcase, an_esp8285_is_told_by_either_bit);
    tcase_add_test(tcase, a_flash_id_tells_manufacturer_device_and_size);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
