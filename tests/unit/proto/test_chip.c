/* SPDX-License-Identifier: MIT */
#include "proto/chip/identity.h"
#include "proto/chip/nor.h"
#include "proto/chip/sfdp.h"
#include "tests/runner.h"

#include <string.h>

#define COUNT(table) ((int)(sizeof(table) / sizeof(table)[0]))

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

/* The first byte is the lowest, as the SPI controller has it. */
static const struct {
    uint32_t answer, id, size;
} ids[] = {
    {0xFF1640EF, 0xEF4016, 4 << 20},   /* W25Q32 */
    {0x001640EF, 0xEF4016, 4 << 20},   /* nothing need drive the line behind the third byte */
    {0xFF1820C2, 0xC22018, 16 << 20},  /* MX25L12805D */
    {0x0001871F, 0x1F8701, 4 << 20},   /* AT25SF321: the size is in the middle byte */
    {0xFF3625C2, 0xC22536, 4 << 20},   /* MX25U3235E: 2^(n - 20h) */
    {0xFF160201, 0x010216, 8 << 20},   /* S25SL064A: twice as much as 2^n */
    {0xFF149D7F, 0x7F9D14, 2 << 20},   /* Pm25LV016B: the same, behind a continuation byte */
    {0xFF469D7F, 0x7F9D46, 4 << 20},   /* Pm25LQ032C */
    {0x1520377F, 0x7F372015, 2 << 20}, /* A25L16PU: four bytes */
    {0x2520377F, 0x7F372025, 2 << 20}, /* A25L16PT */
    {0xFF4226BF, 0xBF2642, 4 << 20},   /* SST26VF032B */
    {0xFF168AEF, 0xEF8A16, 0},         /* W77Q16JW or W77Q32JW */
    {0xFF7740EF, 0xEF4077, 0},         /* unknown */
    {0xFF164099, 0x994016, 0},         /* the same; its third byte is not believed */
};

START_TEST(a_flash_id_is_looked_up)
{
    struct flash_part part;
    ck_assert(nor_identify(ids[_i].answer, &part));
    ck_assert_uint_eq(part.id, ids[_i].id);
    ck_assert_uint_eq(part.size, ids[_i].size);
    ck_assert_int_eq(part.size_source, ids[_i].size ? NOR_SIZE_BY_TABLE : NOR_SIZE_UNKNOWN);
}
END_TEST

START_TEST(ones_and_zeros_are_no_flash_id)
{
    struct flash_part part;
    ck_assert(!nor_identify(0xFFFFFFFF, &part));
    ck_assert(!nor_identify(0x00FFFFFF, &part));
    ck_assert(!nor_identify(0x00000000, &part));
    ck_assert(!nor_identify(0xFF000000, &part));
}
END_TEST

START_TEST(ids_are_written_and_read_as_hex)
{
    static const char *const bad[] = {"",       "ef40",     "ef401",    "ef40167", "ef401g",
                                      "000000", "00ef4016", "0xef4016", " ef4016"};
    char text[NOR_ID_TEXT_SIZE], name[NOR_NAME_SIZE];
    uint32_t id;
    nor_id_text(0xEF4016, text);
    ck_assert_str_eq(text, "ef4016");
    nor_id_text(0x010216, text);
    ck_assert_str_eq(text, "010216");
    nor_id_text(0x7F372015, text);
    ck_assert_str_eq(text, "7f372015");
    nor_id_text(0, text);
    ck_assert_str_eq(text, "");
    ck_assert(nor_id_from_text("EF4016", &id) && id == 0xEF4016);
    ck_assert(nor_id_from_text("7f372015", &id) && id == 0x7F372015);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(!nor_id_from_text(bad[i], &id), "%s", bad[i]);
    nor_name(0xEF4016, name);
    ck_assert_str_eq(name, "W25Q32BV/W25Q32CV/W25Q32DV (ef4016)");
    nor_name(0x994016, name);
    ck_assert_str_eq(name, "an unknown part (994016)");
}
END_TEST

START_TEST(the_book_reads_what_was_special_about_a_part)
{
    char note[NOR_NOTE_SIZE], unique[2 * NOR_UNIQUE_ID_MAX + 1];
    struct flash_part part = {.unique = {0x01, 0xAB, 0xFF}, .unique_bytes = 3, .size_source = NOR_SIZE_BY_TABLE};
    nor_note(&part, note);
    ck_assert_str_eq(note, "");
    part.size_source = NOR_SIZE_STATED;
    nor_note(&part, note);
    ck_assert_str_eq(note, "size by flash_part_size");
    part.woken = NOR_WOKEN_BY_RESET;
    nor_note(&part, note);
    ck_assert_str_eq(note, "woken by 66h 99h, size by flash_part_size");
    nor_unique_text(&part, unique);
    ck_assert_str_eq(unique, "01abff");
}
END_TEST

/* Words 0 to 3 of a W25Q32FV's SFDP, and others. */
static const struct {
    uint32_t header[SFDP_HEADER_WORDS];
    uint32_t address; /* of the density; 0: it is no header */
} headers[] = {
    {{0x50444653, 0xFF010005, 0x10050100, 0xEF000080}, 0x84}, {{0x50444653, 0xFF000100, 0x09000100, 0xFF000030}, 0x34},
    {{0x50444653, 0xFF000100, 0x01000100, 0xFF000030}, 0}, /* too short for a density */
    {{0x50444653, 0xFF000100, 0x090001C2, 0xFF000030}, 0}, /* a maker's table comes first */
    {{0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF}, 0},    {{0, 0, 0, 0}, 0},
};

START_TEST(sfdp_tells_where_the_density_is)
{
    uint32_t address;
    ck_assert_uint_eq(sfdp_find_density(headers[_i].header, &address), headers[_i].address != 0);
    if (headers[_i].address != 0)
        ck_assert_uint_eq(address, headers[_i].address);
}
END_TEST

START_TEST(a_density_is_a_number_of_bits_less_one)
{
    ck_assert_uint_eq(sfdp_size(0x01FFFFFF), 4 << 20);
    ck_assert_uint_eq(sfdp_size(0x001FFFFF), 256 << 10);
    ck_assert_uint_eq(sfdp_size(0x07FFFFFF), 16 << 20);
    ck_assert_uint_eq(sfdp_size(0x000FFFFF), 0); /* 128 KB */
    ck_assert_uint_eq(sfdp_size(0x0FFFFFFF), 0); /* 32 MB */
    ck_assert_uint_eq(sfdp_size(0x02FFFFFF), 0); /* 6 MB */
    ck_assert_uint_eq(sfdp_size(0x01FFFFFE), 0);
    ck_assert_uint_eq(sfdp_size(0x80000020), 0); /* 2^32 bits */
    ck_assert_uint_eq(sfdp_size(0xFFFFFFFF), 0);
    ck_assert_uint_eq(sfdp_size(0), 0);
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
    tcase_add_loop_test(tcase, a_flash_id_is_looked_up, 0, COUNT(ids));
    tcase_add_test(tcase, ones_and_zeros_are_no_flash_id);
    tcase_add_test(tcase, ids_are_written_and_read_as_hex);
    tcase_add_test(tcase, the_book_reads_what_was_special_about_a_part);
    tcase_add_loop_test(tcase, sfdp_tells_where_the_density_is, 0, COUNT(headers));
    tcase_add_test(tcase, a_density_is_a_number_of_bits_less_one);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
