/* SPDX-License-Identifier: MIT */
#include "proto/image/esp_arduino.h"

#include "proto/image/esp_header.h"
#include "proto/link/bytes.h"

#define POLYNOMIAL 0x04C11DB7u
#define SEED       0xFFFFFFFFu
#define WORDS      8u /* length and CRC */

enum {
#define X(name, place) name = (place),
    ESP_ARDUINO_PLACES(X)
#undef X
};

/* Of the header: mode, and size and clock. */
#define SETTINGS 2u

/* The CRC behind one more byte, which is the most significant of `value`. */
static uint32_t shift_byte(uint32_t value)
{
    for (unsigned bit = 0; bit < 8; bit++)
        value = value << 1 ^ (value >> 31 ? POLYNOMIAL : 0);
    return value;
}

static void make_table(uint32_t table[256])
{
    for (uint32_t i = 0; i < 256; i++)
        table[i] = shift_byte(i << 24);
}

static uint32_t crc_of(const uint8_t *bytes, uint32_t n, uint32_t place)
{
    uint32_t table[256], crc = SEED;
    make_table(table);
    for (uint32_t i = 0; i < n; i++) {
        uint8_t byte = i - place < WORDS ? 0 : bytes[i];
        crc = crc << 8 ^ table[crc >> 24 ^ byte];
    }
    return crc;
}

/* What the CRC differs by if two bytes at SETTINGS differ by `difference` and `left` bytes follow them. */
static uint32_t crc_difference(uint16_t difference, const uint32_t table[256], uint32_t left)
{
    uint32_t crc = shift_byte((uint32_t)(difference >> 8) << 24);
    crc = crc << 8 ^ table[crc >> 24 ^ (difference & 0xFF)];
    while (left-- > 0)
        crc = crc << 8 ^ table[crc >> 24];
    return crc;
}

/* The differences of each of the 16 bits, of which those of all others are sums. */
static void make_differences(uint32_t differences[16], uint32_t length)
{
    uint32_t table[256];
    make_table(table);
    for (unsigned bit = 0; bit < 16; bit++)
        differences[bit] = crc_difference((uint16_t)(1u << bit), table, length - SETTINGS - 2);
}

static uint32_t sum_of(const uint32_t differences[16], uint16_t bits)
{
    uint32_t sum = 0;
    for (unsigned bit = 0; bit < 16; bit++)
        if (bits >> bit & 1)
            sum ^= differences[bit];
    return sum;
}

/* Both as the header has them, the mode in the upper byte. */
static bool settings_possible(uint16_t settings)
{
    uint8_t clock = settings & 15, size = settings >> 4 & 15;
    return esp_mode_word((uint8_t)(settings >> 8)) && esp_clock_mhz(clock) != 0 &&
           esp_size_bytes(ESP_COUNTS_AS_ESP8266, size) != 0;
}

/* Whether the CRC was made with other settings in the header than there are now. */
static bool was_patched(const struct esp_arduino *arduino, const uint8_t *bytes)
{
    uint32_t differences[16];
    uint16_t now = (uint16_t)(bytes[SETTINGS] << 8 | bytes[SETTINGS + 1]);
    make_differences(differences, arduino->length);
    for (uint32_t then = 0; then < 4u << 8; then++)
        if (settings_possible((uint16_t)then) &&
            sum_of(differences, (uint16_t)(then ^ now)) == (arduino->stored ^ arduino->due))
            return true;
    return false;
}

static enum esp_arduino_crc check_crc(const struct esp_arduino *arduino, const uint8_t *bytes)
{
    if (arduino->stored == arduino->due)
        return ESP_ARDUINO_CRC_RIGHT;
    return was_patched(arduino, bytes) ? ESP_ARDUINO_PATCHED : ESP_ARDUINO_CRC_WRONG;
}

void esp_arduino_read(struct esp_arduino *arduino, const uint8_t *bytes, uint32_t end)
{
    static const uint32_t places[] = {
#define X(name, place) place,
        ESP_ARDUINO_PLACES(X)
#undef X
    };
    *arduino = (struct esp_arduino){.crc = ESP_ARDUINO_NO_CRC};
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        const uint8_t *words = bytes + places[i];
        if (get_le32(words) != end)
            continue;
        *arduino = (struct esp_arduino){.place = places[i], .length = end, .stored = get_le32(words + 4)};
        arduino->due = crc_of(bytes, end, places[i]);
        arduino->crc = check_crc(arduino, bytes);
        return;
    }
}

static uint8_t xor_of_words(const uint8_t *words)
{
    uint8_t sum = 0;
    for (uint32_t i = 0; i < WORDS; i++)
        sum ^= words[i];
    return sum;
}

uint8_t esp_arduino_correction(const struct esp_arduino *arduino, const uint8_t *bytes)
{
    bool inside = arduino->crc != ESP_ARDUINO_NO_CRC && arduino->place >= ESP_ARDUINO_APPLICATION;
    return inside ? xor_of_words(bytes + arduino->place) : 0;
}

uint8_t esp_arduino_lone_correction(const uint8_t *bytes, uint32_t end)
{
    static const uint32_t place = CORE_3 - ESP_ARDUINO_APPLICATION;
    bool there = end >= place + WORDS && get_le32(bytes + place) == end + ESP_ARDUINO_APPLICATION;
    return there ? xor_of_words(bytes + place) : 0;
}

void esp_arduino_renew(const struct esp_arduino *arduino, uint8_t *bytes)
{
    if (arduino->crc != ESP_ARDUINO_NO_CRC)
        put_le32(bytes + arduino->place + 4, crc_of(bytes, arduino->length, arduino->place));
}
