/* SPDX-License-Identifier: MIT */
/* What a file is and what is wrong with it. Beside each wrong thing stands the right one. */
#include "proto/image/esp_image.h"
#include "tests/runner.h"
#include "tests/unit/proto/image_maker.h"

#include <string.h>

static struct image_maker maker;
static struct esp_image image;

static void read_made(void)
{
    esp_image_read(&image, maker.bytes, maker.n);
}

static void expect_kind(enum esp_kind kind)
{
    ck_assert_msg(image.kind == kind, "%s instead of %s", esp_kind_code(image.kind), esp_kind_code(kind));
}

/* The kind, and no remark. */
static void expect_right(enum esp_kind kind)
{
    read_made();
    expect_kind(kind);
    ck_assert_msg(image.remarks.n == 0, "%s: %s", esp_kind_code(kind), image.remarks.list[0].what);
}

/* This one remark, whose sentence has `words`. */
static void expect_remark(enum esp_remark_id id, const char *words)
{
    char sentence[ESP_SENTENCE_MAX];
    ck_assert_msg(image.remarks.n > 0, "no remark instead of %s", esp_remark_code(id));
    const struct esp_remark *remark = &image.remarks.list[0];
    esp_remark_sentence(remark, sentence, sizeof(sentence));
    ck_assert_msg(remark->id == id, "%s instead of %s: %s", esp_remark_code(remark->id), esp_remark_code(id), sentence);
    ck_assert_msg(image.remarks.n == 1, "also %s", image.remarks.list[1].what);
    ck_assert_msg(strstr(sentence, words) && strstr(sentence, "; "), "\"%s\" does not say \"%s\"", sentence, words);
}

static void expect_wrong(enum esp_remark_id id, const char *words)
{
    read_made();
    expect_remark(id, words);
}

static void expect_action(const char *words)
{
    char sentence[ESP_ACTION_MAX];
    esp_image_rom_action(&image, sentence, sizeof(sentence));
    ck_assert_msg(strstr(sentence, words) != NULL, "\"%s\" does not say \"%s\"", sentence, words);
}

static void make(const struct maker_segment *segments, size_t n, uint32_t entry)
{
    maker_start(&maker);
    maker_image(&maker, 0, 0x40, entry, segments, n);
}

static void start(void)
{
    maker_start(&maker);
    maker_rom_image(&maker);
}

/* --- The image that the boot ROM loads */

START_TEST(a_rom_image_is_right)
{
    start();
    expect_right(ESP_KIND_ROM_IMAGE);
    esp_image_place(&image, 0);
    ck_assert_uint_eq(image.remarks.n, 0);
    const struct esp_header *header = esp_image_header(&image);
    ck_assert_str_eq(esp_mode_word(header->mode), "DIO");
    ck_assert_uint_eq(esp_clock_mhz(header->clock), 40);
    ck_assert_str_eq(esp_size_word(image.counting, header->size), "1MB");
    ck_assert_uint_eq(image.executables[0].n_segments, 2);
    ck_assert_uint_eq(image.executables[0].segments[1].address, 0x3FFE8000);
    ck_assert_uint_eq(image.executables[0].end, maker.n);
    expect_action("DIO mode at 40 MHz, loads 2 segments of 668 bytes, starts at 0x40100004");
    ck_assert(!image.whole_flash);
}
END_TEST

/* The first second stage begins at 0x1000, and each shorter file lacks a part of a segment, or the sum. */
START_TEST(a_truncated_image_is_told)
{
    start();
    size_t whole = maker.n;
    for (size_t n = 16; n < whole; n++) {
        esp_image_read(&image, maker.bytes, n);
        expect_kind(ESP_KIND_ROM_IMAGE);
        expect_remark(ESP_REMARK_TRUNCATED, "truncated");
    }
    expect_action("csum err");
    for (size_t n = 0; n < 16; n++) {
        esp_image_read(&image, maker.bytes, n);
        esp_image_place(&image, 0);
        expect_remark(ESP_REMARK_NOT_BOOTABLE, "not an ESP8266 boot image");
    }
}
END_TEST

START_TEST(a_wrong_checksum_is_told)
{
    start();
    maker.bytes[100] ^= 4;
    expect_wrong(ESP_REMARK_CHECKSUM, "the checksum of the image at 0x0 is");
    expect_action("csum err");
}
END_TEST

START_TEST(a_segment_must_be_for_ram)
{
    static const struct maker_segment beyond[] = {{0x40100000, 64}, {0x4010FFF0, 32}};
    static const struct maker_segment within[] = {{0x40100000, 64}, {0x4010FFF0, 16}};
    static const struct maker_segment nowhere[] = {{0x40100000, 64}, {0x60000000, 16}};
    static const struct maker_segment unaligned[] = {{0x40100000, 64}, {0x40100102, 16}};
    static const struct maker_segment bytes[] = {{0x40100000, 64}, {0x3FFE8001, 15}};
    make(within, 2, 0x40100000);
    expect_right(ESP_KIND_ROM_IMAGE);
    make(bytes, 2, 0x40100000);
    expect_right(ESP_KIND_ROM_IMAGE);
    make(beyond, 2, 0x40100000);
    expect_wrong(ESP_REMARK_SEGMENT_ADDRESS, "segment 2 of the image at 0x0 is for 0x4010fff0 (32 bytes)");
    expect_action("crashes while it loads segment 2, for 0x4010fff0");
    make(nowhere, 2, 0x40100000);
    expect_wrong(ESP_REMARK_SEGMENT_ADDRESS, "0x60000000");
    make(unaligned, 2, 0x40100000);
    expect_wrong(ESP_REMARK_SEGMENT_ADDRESS, "0x40100102");
}
END_TEST

START_TEST(a_segment_for_iram_begins_with_a_word_of_the_file)
{
    static const struct maker_segment odd[] = {{0x40100000, 64}, {0x3FFE8000, 5}, {0x40100100, 64}};
    static const struct maker_segment even[] = {{0x40100000, 64}, {0x3FFE8000, 8}, {0x40100100, 64}};
    static const struct maker_segment data[] = {{0x40100000, 64}, {0x3FFE8000, 5}, {0x3FFE8100, 64}};
    make(even, 3, 0x40100000);
    expect_right(ESP_KIND_ROM_IMAGE);
    make(data, 3, 0x40100000);
    expect_right(ESP_KIND_ROM_IMAGE);
    make(odd, 3, 0x40100000);
    expect_wrong(ESP_REMARK_UNALIGNED, "segment 3 of the image at 0x0 begins at 0x65");
    expect_action("crashes while it loads segment 3");
}
END_TEST

START_TEST(it_must_start_in_code_that_is_loaded)
{
    static const struct maker_segment segments[] = {{0x40100000, 64}, {0x3FFE8000, 64}};
    static const uint32_t wrong[] = {0, 0x3FFE8000, 0x40100040, 0x40201010, 0x40000080};
    make(segments, 2, 0x4010003C);
    expect_right(ESP_KIND_ROM_IMAGE);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        make(segments, 2, wrong[i]);
        expect_wrong(ESP_REMARK_ENTRY, "where none of its segments is loaded");
        expect_action("and crashes");
    }
}
END_TEST

START_TEST(memory_of_the_rom_and_overlaps_are_unusual)
{
    static const struct maker_segment stack[] = {{0x40100000, 64}, {0x3FFFBFF0, 32}};
    static const struct maker_segment below[] = {{0x40100000, 64}, {0x3FFFBFF0, 16}};
    static const struct maker_segment over[] = {{0x40100000, 64}, {0x4010003C, 8}};
    static const struct maker_segment beside[] = {{0x40100000, 64}, {0x40100040, 8}};
    make(below, 2, 0x40100000);
    expect_right(ESP_KIND_ROM_IMAGE);
    make(stack, 2, 0x40100000);
    expect_wrong(ESP_REMARK_ROM_MEMORY, "0x3fffbff0");
    ck_assert_int_eq(esp_remark_severity(ESP_REMARK_ROM_MEMORY), ESP_WARNING);
    make(beside, 2, 0x40100000);
    expect_right(ESP_KIND_ROM_IMAGE);
    make(over, 2, 0x40100000);
    expect_wrong(ESP_REMARK_OVERLAP, "segments 1 and 2");
}
END_TEST

START_TEST(a_header_that_means_nothing_is_unusual)
{
    start();
    maker.bytes[2] = 3;
    maker.bytes[3] = 0x9F;
    expect_right(ESP_KIND_ROM_IMAGE);
    maker.bytes[2] = 4;
    expect_wrong(ESP_REMARK_MODE, "flash mode is 4");
    expect_action("in slow mode at 80 MHz");
    maker.bytes[2] = 0;
    maker.bytes[3] = 0x43;
    expect_wrong(ESP_REMARK_CLOCK, "flash clock is 3");
    maker.bytes[3] = 0x70;
    expect_wrong(ESP_REMARK_SIZE, "flash size is 7");
    maker.bytes[3] = 0xA0;
    expect_wrong(ESP_REMARK_SIZE, "flash size is 10");
}
END_TEST

/* --- What lies behind it */

START_TEST(micropython_has_a_length_and_a_digest)
{
    start();
    maker_micropython(&maker);
    expect_right(ESP_KIND_MICROPYTHON);
    /* The digest leaves out what tools patch. */
    maker.bytes[2] = 3;
    maker.bytes[3] = 0x40;
    expect_right(ESP_KIND_MICROPYTHON);
    maker.bytes[0x9100] ^= 1;
    expect_wrong(ESP_REMARK_DIGEST, "MD5");
    maker.bytes[0x9100] ^= 1;
    maker.n--;
    expect_wrong(ESP_REMARK_TRUNCATED, "of 41883 bytes");
    maker.n = 1 << 18;
    expect_right(ESP_KIND_MICROPYTHON);
    ck_assert(image.whole_flash);
}
END_TEST

static void make_arduino(uint32_t crc_place)
{
    start();
    maker_arduino(&maker, crc_place);
}

static void expect_arduino(uint32_t crc_place)
{
    make_arduino(crc_place);
    expect_right(ESP_KIND_ARDUINO);
    ck_assert_uint_eq(image.n_executables, 2);
    ck_assert_int_eq(image.executables[1].format, ESP_FORMAT_APPLICATION);
    maker.n += 4096; /* in a dump */
    expect_right(ESP_KIND_ARDUINO);
    maker.n -= 4096;
    maker.bytes[0x1234] ^= 0x10; /* in its irom */
}

START_TEST(arduino_has_a_crc_in_one_of_two_places)
{
    expect_arduino(0x1010);
    expect_wrong(ESP_REMARK_CONTENT_CRC, "CRC at 0x1014");
    expect_arduino(0xFF8);
    expect_wrong(ESP_REMARK_CONTENT_CRC, "CRC at 0xffc");
    expect_arduino(0);
    expect_wrong(ESP_REMARK_CHECKSUM, "the image at 0x1000");
    make_arduino(0x1010); /* the application in a file of its own */
    maker.n -= 0x1000;
    memmove(maker.bytes, maker.bytes + 0x1000, maker.n);
    expect_right(ESP_KIND_APPLICATION);
    maker.bytes[0x400] ^= 1;
    expect_wrong(ESP_REMARK_CHECKSUM, "the image at 0x0");
}
END_TEST

START_TEST(an_arduino_file_whose_header_was_patched_boots)
{
    static const uint8_t settings[][2] = {{3, 0x20}, {2, 0x40}, {0, 0xF}, {3, 0x9F}};
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        make_arduino(0x1010);
        memcpy(maker.bytes + 2, settings[i], 2);
        expect_wrong(ESP_REMARK_PATCHED, "changed after the file was built");
        ck_assert_int_eq(esp_remark_severity(ESP_REMARK_PATCHED), ESP_WARNING);
    }
    maker.bytes[0x1800] ^= 1; /* and damaged */
    expect_wrong(ESP_REMARK_CONTENT_CRC, "that of its content");
}
END_TEST

START_TEST(a_truncated_arduino_file_is_told)
{
    make_arduino(0x1010);
    maker.n -= 1;
    expect_wrong(ESP_REMARK_TRUNCATED, "before the checksum of the image at 0x1000");
    maker.n = 0x1800;
    expect_wrong(ESP_REMARK_TRUNCATED, "segment 1 of the image at 0x1000");
}
END_TEST

static void make_nonos(uint32_t second)
{
    start();
    maker_at(&maker, 0x1000);
    maker_second_stage(&maker, 1);
    if (second) {
        maker_at(&maker, second);
        maker_second_stage(&maker, 2);
    }
}

static void expect_nonos(uint32_t second)
{
    make_nonos(second);
    expect_right(ESP_KIND_NONOS);
    esp_image_place(&image, 0);
    ck_assert_uint_eq(image.remarks.n, 0);
    ck_assert_uint_eq(image.n_executables, second ? 3 : 2);
}

START_TEST(nonos_has_a_boot_loader_and_one_or_two_applications)
{
    expect_nonos(0);
    expect_nonos(0x41000);
    expect_nonos(0x81000);
    ck_assert_uint_eq(image.executables[2].at, 0x81000);
    ck_assert_int_eq(image.executables[2].format, ESP_FORMAT_SECOND_STAGE);
}
END_TEST

/* In a file that somebody built it is an error. */
START_TEST(in_a_dump_a_spare_application_may_be_damaged)
{
    make_nonos(0x81000);
    maker.bytes[maker.n - 30] ^= 1;
    memset(maker.bytes + maker.n - 4, 0xFF, 4); /* its CRC */
    expect_wrong(ESP_REMARK_CHECKSUM, "the image at 0x81000");
    maker.n = IMAGE_MAKER_ROOM;
    expect_wrong(ESP_REMARK_SPARE_APPLICATION, "the one at 0x81000 is incomplete or damaged");
    ck_assert_int_eq(esp_remark_severity(ESP_REMARK_SPARE_APPLICATION), ESP_WARNING);
    maker.bytes[0x1000 + 16 + 4000 + 30] ^= 1; /* the first */
    read_made();
    ck_assert(esp_remarks_have(&image.remarks, ESP_REMARK_CHECKSUM));
}
END_TEST

START_TEST(of_a_second_stage_all_sums_are_checked)
{
    make_nonos(0x81000);
    size_t end = maker.n;
    maker.bytes[0x1800] ^= 1; /* irom: in the CRC alone */
    expect_wrong(ESP_REMARK_SECOND_STAGE_CRC, "the image at 0x1000");
    ck_assert_int_eq(esp_remark_severity(ESP_REMARK_SECOND_STAGE_CRC), ESP_WARNING);
    memset(maker.bytes + image.executables[1].end, 0xFF, 4);
    expect_right(ESP_KIND_NONOS);
    maker.bytes[end - 30] ^= 1; /* a segment for RAM of the second one */
    read_made();
    ck_assert(esp_remarks_have(&image.remarks, ESP_REMARK_CHECKSUM));
    ck_assert_str_eq(esp_remarks_first(&image.remarks, ESP_ERROR)->what,
                     image.remarks.list[0].what); /* errors and their order */
    ck_assert_ptr_nonnull(strstr(image.remarks.list[0].what, "the image at 0x81000"));
}
END_TEST

START_TEST(a_second_stage_has_an_image_inside)
{
    make_nonos(0);
    maker.bytes[0x1000 + 16 + 4000] = 0;
    expect_wrong(ESP_REMARK_NO_INNER_IMAGE, "behind its irom, at 0x1fb0");
}
END_TEST

START_TEST(exchanged_user_images_are_unusual)
{
    make_nonos(0);
    maker.bytes[0x1003] = 2;
    memset(maker.bytes + maker.n - 4, 0xFF, 4); /* no CRC */
    read_made();
    ck_assert_uint_eq(image.remarks.n, 0);
    esp_image_place(&image, 0);
    expect_remark(ESP_REMARK_USER_NUMBER, "the application at 0x1000 says that it is user2");
    maker_start(&maker);
    maker_second_stage(&maker, 2);
    expect_right(ESP_KIND_SECOND_STAGE);
    esp_image_place(&image, 0x81000);
    ck_assert_uint_eq(image.remarks.n, 0);
    read_made();
    esp_image_place(&image, 0x1000);
    expect_remark(ESP_REMARK_USER_NUMBER, "user2");
}
END_TEST

START_TEST(rboot_has_its_applications_where_its_table_says)
{
    static const uint8_t table[8] = {0xE1, 1, 0, 0, 0, 2};
    start();
    maker_at(&maker, 0x1000);
    maker_put(&maker, table, sizeof(table));
    maker_word(&maker, 0x3000);
    maker_word(&maker, 0x82000);
    maker_word(&maker, 0);
    maker_word(&maker, 0);
    maker_at(&maker, 0x3000);
    maker_second_stage(&maker, 0x40);
    expect_right(ESP_KIND_RBOOT);
    ck_assert_uint_eq(image.n_executables, 2);
    ck_assert_uint_eq(image.executables[1].at, 0x3000);
    maker.bytes[maker.n - 25] ^= 1;
    read_made();
    ck_assert_ptr_nonnull(esp_remarks_first(&image.remarks, ESP_ERROR));

    start();
    maker_at(&maker, 0x2000);
    maker_second_stage(&maker, 0x40);
    expect_right(ESP_KIND_RBOOT);
}
END_TEST

static void make_rtos(void)
{
    start();
    maker.bytes[3] = 0x0F;
    maker_at(&maker, 0x8000);
    maker_partitions(&maker, 0x10000);
    maker_at(&maker, 0x10000);
    maker_application(&maker, 0x40210010);
    maker_digest(&maker, 0x10000);
}

START_TEST(rtos_has_a_digest_and_counts_sizes_as_the_esp32)
{
    make_rtos();
    expect_right(ESP_KIND_RTOS);
    ck_assert_str_eq(esp_size_word(image.counting, esp_image_header(&image)->size), "1MB");
    ck_assert_uint_eq(image.executables[1].at, 0x10000);
    maker.bytes[0x10100] ^= 1;
    read_made();
    ck_assert(esp_remarks_have(&image.remarks, ESP_REMARK_CHECKSUM));
    ck_assert(esp_remarks_have(&image.remarks, ESP_REMARK_DIGEST));
    maker.bytes[0x10100] ^= 1;
    maker.bytes[maker.n - 1] ^= 1;
    expect_wrong(ESP_REMARK_DIGEST, "not that of the image at 0x10000");
    maker.n -= 32;
    expect_right(ESP_KIND_RTOS);
    maker.bytes[3] = 0x50; /* 2 MB in the other way of counting */
    expect_wrong(ESP_REMARK_SIZE, "flash size is 5");
}
END_TEST

START_TEST(an_application_needs_its_boot_loader)
{
    maker_start(&maker);
    maker_application(&maker, 0x40210010);
    maker_digest(&maker, 0);
    expect_right(ESP_KIND_APPLICATION);
    ck_assert_ptr_null(esp_image_header(&image));
    expect_action("crashes while it loads segment 1, for 0x40210010");
    esp_image_place(&image, 0x10000);
    ck_assert_uint_eq(image.remarks.n, 0);
    esp_image_place(&image, 0);
    expect_remark(ESP_REMARK_NOT_BOOTABLE, "put the boot loader there");
    maker.bytes[maker.n - 1] ^= 1;
    expect_wrong(ESP_REMARK_DIGEST, "SHA-256");
    maker_start(&maker);
    maker_second_stage(&maker, 1);
    expect_right(ESP_KIND_SECOND_STAGE);
    esp_image_place(&image, 0x1000);
    ck_assert_uint_eq(image.remarks.n, 0);
    esp_image_place(&image, 0);
    expect_remark(ESP_REMARK_NOT_BOOTABLE, "this at 0x1000");
}
END_TEST

/* --- What is no image */

static void put_esp32_image(size_t at)
{
    static const uint8_t extended[16] = {0xEE, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    static const uint8_t header[] = {0xE9, 4, 2, 0x20};
    maker_at(&maker, at);
    maker_put(&maker, header, sizeof(header));
    maker_word(&maker, 0x40080598);
    maker_put(&maker, extended, sizeof(extended));
    maker_word(&maker, 0x3FFF0018);
    maker_word(&maker, 4);
    maker_word(&maker, 0xFFFFFFFF);
}

static void put_spiffs(uint32_t block, uint32_t count)
{
    maker_start(&maker);
    maker.n = (size_t)block * count;
    for (uint32_t i = 0; i < count; i++) {
        uint16_t magic = (uint16_t)(0x20140529 ^ 256 ^ (count - i));
        maker.bytes[i * block + 252] = (uint8_t)magic;
        maker.bytes[i * block + 253] = (uint8_t)(magic >> 8);
    }
}

static void expect_content(enum esp_kind kind, const char *begin, size_t size)
{
    maker_start(&maker);
    maker_put(&maker, begin, size);
    expect_right(kind);
}

#define EXPECT_CONTENT(kind, begin) expect_content(kind, begin, sizeof(begin) - 1)

START_TEST(other_kinds_are_told_by_their_content)
{
    EXPECT_CONTENT(ESP_KIND_EMPTY, "");
    EXPECT_CONTENT(ESP_KIND_BLANK, "\xff\xff\xff");
    EXPECT_CONTENT(ESP_KIND_GZIP, "\x1f\x8b\x08\x00");
    EXPECT_CONTENT(ESP_KIND_ELF, "\x7f\x45\x4c\x46\x01");
    EXPECT_CONTENT(ESP_KIND_UF2, "UF2\n\x57\x51\x5d\x9e");
    EXPECT_CONTENT(ESP_KIND_INTEL_HEX, ":020000040000FA\n");
    EXPECT_CONTENT(ESP_KIND_TEXT, ":020000, no record\n");
    EXPECT_CONTENT(ESP_KIND_TEXT, "ssid = Caf\xc3\xa9\r\n");
    EXPECT_CONTENT(ESP_KIND_LITTLEFS, "\x01\0\0\0\xf0\x0f\xff\xf7littlefs");
    EXPECT_CONTENT(ESP_KIND_DATA, "\x05\x08\x04\x02");
    EXPECT_CONTENT(ESP_KIND_DATA, "\xe9\x11\x00\x00\x00\x00\x10\x40\x00\x00\x10\x40\x04\0\0\0abcd");
    put_spiffs(8192, 8);
    expect_right(ESP_KIND_SPIFFS);
    maker.bytes[7 * 8192 + 252] ^= 1;
    expect_right(ESP_KIND_DATA);
    maker_start(&maker);
    maker_partitions(&maker, 0x10000);
    expect_right(ESP_KIND_PARTITION_TABLE);
    for (size_t at = 0; at <= 0x2000; at += 0x1000) {
        maker_start(&maker);
        put_esp32_image(at);
        expect_right(ESP_KIND_ESP32);
    }
}
END_TEST

/* At 0 only what boots; elsewhere anything, but what no flash needs is unusual. */
START_TEST(each_kind_has_its_place)
{
    static const struct {
        const char *begin;
        const char *words;
        bool of_use;
    } rows[] = {
        {"\x1f\x8b\x08\x01", "unpack it with gunzip", false},
        {":020000040000FA\n", "Intel HEX", false},
        {"hello\n", "it is text", false},
        {"\x05\x08\x04\x02", "it begins with 05 08", true},
        {"\xff\xff\xff\xff", "blank", true},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        maker_start(&maker);
        maker_put(&maker, rows[i].begin, strlen(rows[i].begin));
        read_made();
        esp_image_place(&image, 0);
        expect_remark(ESP_REMARK_NOT_BOOTABLE, rows[i].words);
        expect_action("ets_main.c");
        read_made();
        esp_image_place(&image, 0x100000);
        if (rows[i].of_use)
            ck_assert_uint_eq(image.remarks.n, 0);
        else
            expect_remark(ESP_REMARK_NOT_FOR_FLASH, "of no use in the flash");
    }
}
END_TEST

/* --- The header against the product */

START_TEST(the_size_is_compared_with_the_flash)
{
    start();
    maker.bytes[3] = 0x40; /* 4 MB */
    read_made();
    esp_image_compare_size(&image, 0, 0x100000);
    esp_image_compare_size(&image, 4 << 20, 0x100000);
    esp_image_compare_size(&image, 8 << 20, 0x400000);
    ck_assert_uint_eq(image.remarks.n, 0);
    esp_image_compare_size(&image, 1 << 20, 0x100000);
    expect_remark(ESP_REMARK_LARGER_THAN_FLASH, "4MB of flash, more than the 1024 KB");
    read_made();
    esp_image_compare_size(&image, 8 << 20, 0x400001);
    expect_remark(ESP_REMARK_SMALLER_THAN_FILES, "the files end at 0x400001");
    maker_start(&maker);
    maker_second_stage(&maker, 1); /* it has none that the boot ROM reads */
    read_made();
    esp_image_compare_size(&image, 1 << 18, 1 << 20);
    ck_assert_uint_eq(image.remarks.n, 0);
}
END_TEST

START_TEST(words_and_codes_are_the_same_both_ways)
{
    for (uint8_t code = 0; code < 16; code++) {
        const char *mode = esp_mode_word(code), *size = esp_size_word(ESP_COUNTS_AS_ESP8266, code);
        ck_assert(!mode || esp_mode_code(mode) == code);
        ck_assert(!size || esp_size_code(ESP_COUNTS_AS_ESP8266, size) == code);
        ck_assert(esp_clock_mhz(code) == 0 || esp_clock_code(esp_clock_mhz(code)) == code);
        ck_assert_int_eq(size != NULL, esp_size_bytes(ESP_COUNTS_AS_ESP8266, code) != 0);
    }
    ck_assert_int_eq(esp_size_code(ESP_COUNTS_AS_ESP8266, "1MB"), 2);
    ck_assert_int_eq(esp_size_code(ESP_COUNTS_AS_ESP32, "1MB"), 0);
    ck_assert_int_eq(esp_size_code(ESP_COUNTS_AS_ESP32, "512KB"), -1);
    ck_assert_int_eq(esp_mode_code("SIO"), -1);
    ck_assert_int_eq(esp_clock_code(0), -1);
    ck_assert_int_eq(esp_clock_code(80), 15);
}
END_TEST

/* More remarks than there is room for: no error is lost to a warning. */
START_TEST(an_error_takes_the_place_of_a_warning)
{
    struct esp_remarks remarks = {.n = 0};
    for (unsigned i = 0; i < 2 * ESP_REMARKS_MAX; i++)
        esp_remarks_add(&remarks, ESP_REMARK_OVERLAP, "%u", i);
    ck_assert_uint_eq(remarks.n, ESP_REMARKS_MAX);
    ck_assert_ptr_null(esp_remarks_first(&remarks, ESP_ERROR));
    esp_remarks_add(&remarks, ESP_REMARK_CHECKSUM, "wrong");
    ck_assert_str_eq(esp_remarks_first(&remarks, ESP_ERROR)->what, "wrong");
    ck_assert_str_eq(esp_remarks_first(&remarks, ESP_WARNING)->what, "0");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("esp_image");
    TCase *tcase = tcase_create("esp_image");
    tcase_add_test(tcase, a_rom_image_is_right);
    tcase_add_test(tcase, a_truncated_image_is_told);
    tcase_add_test(tcase, a_wrong_checksum_is_told);
    tcase_add_test(tcase, a_segment_must_be_for_ram);
    tcase_add_test(tcase, a_segment_for_iram_begins_with_a_word_of_the_file);
    tcase_add_test(tcase, it_must_start_in_code_that_is_loaded);
    tcase_add_test(tcase, memory_of_the_rom_and_overlaps_are_unusual);
    tcase_add_test(tcase, a_header_that_means_nothing_is_unusual);
    tcase_add_test(tcase, micropython_has_a_length_and_a_digest);
    tcase_add_test(tcase, arduino_has_a_crc_in_one_of_two_places);
    tcase_add_test(tcase, an_arduino_file_whose_header_was_patched_boots);
    tcase_add_test(tcase, a_truncated_arduino_file_is_told);
    tcase_add_test(tcase, nonos_has_a_boot_loader_and_one_or_two_applications);
    tcase_add_test(tcase, in_a_dump_a_spare_application_may_be_damaged);
    tcase_add_test(tcase, of_a_second_stage_all_sums_are_checked);
    tcase_add_test(tcase, a_second_stage_has_an_image_inside);
    tcase_add_test(tcase, exchanged_user_images_are_unusual);
    tcase_add_test(tcase, rboot_has_its_applications_where_its_table_says);
    tcase_add_test(tcase, rtos_has_a_digest_and_counts_sizes_as_the_esp32);
    tcase_add_test(tcase, an_application_needs_its_boot_loader);
    tcase_add_test(tcase, other_kinds_are_told_by_their_content);
    tcase_add_test(tcase, each_kind_has_its_place);
    tcase_add_test(tcase, the_size_is_compared_with_the_flash);
    tcase_add_test(tcase, words_and_codes_are_the_same_both_ways);
    tcase_add_test(tcase, an_error_takes_the_place_of_a_warning);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
