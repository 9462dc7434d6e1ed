/* SPDX-License-Identifier: MIT */
#include "proto/image/esp_content.h"

#include "proto/image/esp_header.h"
#include "proto/link/bytes.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

static const struct {
    const char *code;
    enum esp_place place;
    const char *words, *remedy;
} kinds[] = {
#define X(name, code, place, words, remedy) [ESP_KIND_##name] = {code, ESP_##place, words, remedy},
    ESP_KINDS(X)
#undef X
};

const char *esp_kind_code(enum esp_kind kind)
{
    return kinds[kind].code;
}

const char *esp_kind_words(enum esp_kind kind)
{
    return kinds[kind].words;
}

const char *esp_kind_remedy(enum esp_kind kind)
{
    return kinds[kind].remedy;
}

enum esp_place esp_kind_place(enum esp_kind kind)
{
    return kinds[kind].place;
}

static bool is_empty(const uint8_t *bytes, size_t n)
{
    (void)bytes;
    return n == 0;
}

static bool is_blank(const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (bytes[i] != 0xFF)
            return false;
    return true;
}

static bool begins_with(const uint8_t *bytes, size_t n, const char *magic, size_t size)
{
    return n >= size && memcmp(bytes, magic, size) == 0;
}

static bool is_gzip(const uint8_t *bytes, size_t n)
{
    return begins_with(bytes, n, "\x1f\x8b\x08", 3);
}

static bool is_elf(const uint8_t *bytes, size_t n)
{
    return begins_with(bytes, n,
                       "\x7f"
                       "ELF",
                       4);
}

static bool is_uf2(const uint8_t *bytes, size_t n)
{
    return begins_with(bytes, n, "UF2\n\x57\x51\x5d\x9e", 8);
}

/* Two entries at least, the second one another or the digest of the table, which begins with EB EB. */
static bool is_partition_table(const uint8_t *bytes, size_t n)
{
    return begins_with(bytes, n, "\xaa\x50", 2) && n >= 64 && bytes[2] <= 1 &&
           ((bytes[32] == 0xAA && bytes[33] == 0x50) || (bytes[32] == 0xEB && bytes[33] == 0xEB) ||
            is_blank(bytes + 32, 32));
}

/* The superblock's name, in the first or the second block of 4 or 8 KB. */
static bool is_littlefs(const uint8_t *bytes, size_t n)
{
    static const uint32_t places[] = {8, 4096 + 8, 8192 + 8};
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
        if (n >= places[i] + 8 && memcmp(bytes + places[i], "littlefs", 8) == 0)
            return true;
    return false;
}

#define SPIFFS_MAGIC 0x0529u /* the lower half of 0x20140529 */
#define SPIFFS_PAGE  256u

/* Each block has a magic number at the end of its first page, in which its number may be mixed, counted from the end.
 */
static bool has_spiffs_blocks(const uint8_t *bytes, size_t n, uint32_t block, bool counted)
{
    for (size_t i = 0; i < n / block; i++) {
        uint32_t magic = SPIFFS_MAGIC ^ SPIFFS_PAGE ^ (counted ? (uint32_t)(n / block - i) : 0);
        if (get_le16(bytes + i * block + SPIFFS_PAGE - 4) != (magic & 0xFFFF))
            return false;
    }
    return true;
}

static bool is_spiffs(const uint8_t *bytes, size_t n)
{
    static const uint32_t blocks[] = {4096, 8192, 65536};
    for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++)
        if (n % blocks[i] == 0 && n >= 2 * blocks[i] &&
            (has_spiffs_blocks(bytes, n, blocks[i], true) || has_spiffs_blocks(bytes, n, blocks[i], false)))
            return true;
    return false;
}

/* Header of 24 bytes, and a first segment at an address that an ESP8266 does not have. */
static bool is_esp32_header(const uint8_t *bytes, size_t n)
{
    enum { ESP32_HEADER = 24 };
    struct esp_header header;
    if (n < ESP32_HEADER + 8 || !esp_header_read(&header, bytes, n) || header.magic != ESP_MAGIC ||
        header.segments == 0 || header.segments > ESP_SEGMENTS_MAX)
        return false;
    uint32_t address = get_le32(bytes + ESP32_HEADER);
    return address >= 0x3C000000 && address < 0x60000000 && address % 4 == 0 && header.entry >= 0x40000000 &&
           header.entry < 0x60000000 && esp_memory_of(header.entry, 0) != ESP_IRAM;
}

/* At 0, or in a dump behind 4 or 8 KB of nothing: there the boot loader of some of them lies. */
static bool is_esp32(const uint8_t *bytes, size_t n)
{
    static const uint32_t places[] = {0, 0x1000, 0x2000};
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) && places[i] < n; i++)
        if (is_blank(bytes, places[i]) && is_esp32_header(bytes + places[i], n - places[i]))
            return true;
    return false;
}

/* ":", then hexadecimal digits: at least the length, address, type and sum of a record. */
static bool is_intel_hex(const uint8_t *bytes, size_t n)
{
    enum { SHORTEST = 11 };
    if (n < SHORTEST || bytes[0] != ':')
        return false;
    for (size_t i = 1; i < SHORTEST; i++)
        if (!isxdigit(bytes[i]))
            return false;
    return true;
}

#define TEXT_SAMPLE 4096u

/* No control characters but blanks and ends of lines. Bytes from 80h on may be letters. */
static bool is_text(const uint8_t *bytes, size_t n)
{
    size_t letters = 0;
    for (size_t i = 0; i < n && i < TEXT_SAMPLE; i++) {
        if (bytes[i] == 0x7F || (bytes[i] < 0x20 && !strchr("\t\n\r\f\x1b", bytes[i])) || bytes[i] == 0 ||
            bytes[i] >= 0xF8)
            return false;
        letters += bytes[i] < 0x80;
    }
    return 2 * letters >= (n < TEXT_SAMPLE ? n : TEXT_SAMPLE);
}

enum esp_kind esp_content_kind(const uint8_t *bytes, size_t n)
{
    static const struct {
        bool (*is)(const uint8_t *bytes, size_t n);
        enum esp_kind kind;
    } tests[] = {
        {is_empty, ESP_KIND_EMPTY},   {is_blank, ESP_KIND_BLANK},
        {is_gzip, ESP_KIND_GZIP},     {is_elf, ESP_KIND_ELF},
        {is_uf2, ESP_KIND_UF2},       {is_partition_table, ESP_KIND_PARTITION_TABLE},
        {is_esp32, ESP_KIND_ESP32},   {is_littlefs, ESP_KIND_LITTLEFS},
        {is_spiffs, ESP_KIND_SPIFFS}, {is_intel_hex, ESP_KIND_INTEL_HEX},
        {is_text, ESP_KIND_TEXT},
    };
    for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
        if (tests[i].is(bytes, n))
            return tests[i].kind;
    return ESP_KIND_DATA;
}
