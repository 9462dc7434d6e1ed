/* SPDX-License-Identifier: MIT */
#include "proto/image/esp_header.h"

#include "proto/link/bytes.h"

#include <string.h>

struct esp_size {
    uint8_t code;
    uint32_t kilobytes;
    const char *word;
};

static const char *const modes[] = {
#define X(code, word) [code] = (word),
    ESP_MODES(X)
#undef X
};

static const unsigned clocks[16] = {
#define X(code, mhz) [code] = (mhz),
    ESP_CLOCKS(X)
#undef X
};

#define X(code, kilobytes, word) {code, kilobytes, word},
static const struct esp_size sizes[] = {ESP_SIZES(X)};
static const struct esp_size sizes_esp32[] = {ESP_SIZES_ESP32(X)};
#undef X

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

bool esp_header_read(struct esp_header *header, const uint8_t *bytes, size_t n)
{
    if (n < ESP_HEADER_SIZE)
        return false;
    *header = (struct esp_header){
        .magic = bytes[0],
        .segments = bytes[1],
        .mode = bytes[2],
        .clock = bytes[3] & 15,
        .size = bytes[3] >> 4,
        .entry = get_le32(bytes + 4),
    };
    return true;
}

const char *esp_mode_word(uint8_t code)
{
    return code < COUNT(modes) ? modes[code] : NULL;
}

int esp_mode_code(const char *word)
{
    for (size_t i = 0; i < COUNT(modes); i++)
        if (strcasecmp(modes[i], word) == 0)
            return (int)i;
    return -1;
}

unsigned esp_clock_mhz(uint8_t code)
{
    return code < COUNT(clocks) ? clocks[code] : 0;
}

int esp_clock_code(unsigned mhz)
{
    for (size_t i = 0; mhz != 0 && i < COUNT(clocks); i++)
        if (clocks[i] == mhz)
            return (int)i;
    return -1;
}

static const struct esp_size *table_of(enum esp_counting counting, size_t *count)
{
    bool esp32 = counting == ESP_COUNTS_AS_ESP32;
    *count = esp32 ? COUNT(sizes_esp32) : COUNT(sizes);
    return esp32 ? sizes_esp32 : sizes;
}

static const struct esp_size *find_size(enum esp_counting counting, uint8_t code)
{
    size_t count;
    const struct esp_size *table = table_of(counting, &count);
    for (size_t i = 0; i < count; i++)
        if (table[i].code == code)
            return &table[i];
    return NULL;
}

uint32_t esp_size_bytes(enum esp_counting counting, uint8_t code)
{
    const struct esp_size *size = find_size(counting, code);
    return size ? size->kilobytes * 1024 : 0;
}

const char *esp_size_word(enum esp_counting counting, uint8_t code)
{
    const struct esp_size *size = find_size(counting, code);
    return size ? size->word : NULL;
}

int esp_size_code(enum esp_counting counting, const char *word)
{
    size_t count;
    const struct esp_size *table = table_of(counting, &count);
    for (size_t i = 0; i < count; i++)
        if (strcasecmp(table[i].word, word) == 0)
            return table[i].code;
    return -1;
}

/* The range is within [start, end). */
static bool within(uint32_t address, uint32_t size, uint32_t start, uint32_t end)
{
    return address >= start && address <= end && size <= end - address;
}

enum esp_memory esp_memory_of(uint32_t address, uint32_t size)
{
    if (within(address, size, 0x40100000, 0x40110000))
        return ESP_IRAM;
    if (within(address, size, 0x3FFE8000, 0x3FFFC000))
        return ESP_DRAM;
    if (within(address, size, 0x3FFE8000, 0x40000000))
        return ESP_ROM_MEMORY;
    return within(address, size, 0x40200000, 0x40600000) ? ESP_FLASH : ESP_NO_MEMORY;
}
