/* SPDX-License-Identifier: MIT */
#include "proto/image/stub_image.h"

#include <assert.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "proto/link/text.h"
#include "proto/link/wire.h"

/* Where a segment may lie, docs/esp8266.md section 1. MEM_DATA frames land in the ROM's message buffer: what is
 * uploaded there must come last, in blocks so small that the frames do not reach it. The data of Espressif's stubs
 * lies so. */
#define IRAM_START    0x40100000u
#define IRAM_END      0x40110000u
#define DRAM_START    0x3FFE8000u
#define DRAM_END      0x3FFFC000u
#define MESSAGE_START 0x3FFFA000u
#define MESSAGE_END   0x3FFFB818u
#define PAYLOAD_START (MESSAGE_START + 8 + 16) /* behind the frame's two headers */
#define BLOCK_LEAST   256u

/* Returns the number of bytes, or -1 if it is not base64. `out` has room for 3/4 of the text. */
static ptrdiff_t decode_base64(const char *text, size_t len, uint8_t *out)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if (len % 4 != 0)
        return -1;
    size_t padding = 0;
    while (padding < 2 && padding < len && text[len - 1 - padding] == '=')
        padding++;
    uint32_t bits = 0;
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        const char *digit = i < len - padding && text[i] ? strchr(alphabet, text[i]) : alphabet;
        if (!digit)
            return -1;
        bits = bits << 6 | (uint32_t)(digit - alphabet);
        if (i % 4 == 3) {
            out[n++] = (uint8_t)(bits >> 16);
            out[n++] = (uint8_t)(bits >> 8);
            out[n++] = (uint8_t)bits;
        }
    }
    return (ptrdiff_t)(n - padding);
}

static bool within(const struct stub_segment *segment, uint32_t start, uint32_t end)
{
    return segment->address >= start && segment->address < end && segment->size <= end - segment->address;
}

static bool check_segment(struct stub_segment *segment, const char *what, bool last, char *error, size_t error_size)
{
    uint32_t end = segment->address + segment->size;
    bool in_message = segment->address < MESSAGE_END && end > MESSAGE_START;
    if (segment->address % 4 != 0)
        text_print(error, error_size, "%s_start 0x%08x is not a multiple of 4", what, segment->address);
    else if (!within(segment, IRAM_START, IRAM_END) && !within(segment, DRAM_START, DRAM_END))
        text_print(error, error_size, "%s at 0x%08x, %u bytes, lies outside the chip's RAM", what, segment->address,
                   segment->size);
    else if (in_message && (!last || segment->address < PAYLOAD_START + BLOCK_LEAST))
        text_print(error, error_size, "%s at 0x%08x lies over the ROM's message buffer at 0x%08x", what,
                   segment->address, MESSAGE_START);
    else {
        uint32_t room = in_message ? segment->address - PAYLOAD_START : WIRE_MEM_BLOCK;
        segment->block = room < WIRE_MEM_BLOCK ? room : WIRE_MEM_BLOCK;
        return true;
    }
    return false;
}

static bool get_address(const json_t *root, const char *key, uint32_t *address, char *error, size_t error_size)
{
    const json_t *value = json_object_get(root, key);
    json_int_t number = json_integer_value(value);
    if (!json_is_integer(value) || number < 0 || number > UINT32_MAX) {
        text_print(error, error_size, "\"%s\" is missing or no address", key);
        return false;
    }
    *address = (uint32_t)number;
    return true;
}

static bool get_segment(const json_t *root, const char *key, struct stub_segment *segment, bool last, char *error,
                        size_t error_size)
{
    const json_t *value = json_object_get(root, key);
    char start_key[16];
    text_print(start_key, sizeof(start_key), "%s_start", key);
    if (!json_is_string(value)) {
        text_print(error, error_size, "\"%s\" is missing or no text", key);
        return false;
    }
    if (!get_address(root, start_key, &segment->address, error, error_size))
        return false;
    size_t len = json_string_length(value);
    uint8_t *bytes = calloc(1, len + 4);
    if (!bytes) {
        snprintf(error, error_size, "out of memory");
        return false;
    }
    segment->bytes = bytes;
    ptrdiff_t size = decode_base64(json_string_value(value), len, bytes);
    if (size < 0) {
        text_print(error, error_size, "\"%s\" is not base64", key);
        return false;
    }
    segment->size = ((uint32_t)size + 3) & ~3u;
    return check_segment(segment, key, last, error, error_size);
}

static bool fill(struct stub_image *stub, const json_t *root, char *error, size_t error_size)
{
    struct stub_segment *text = &stub->segments[0];
    stub->n_segments = 1;
    if (!get_segment(root, "text", text, false, error, error_size) ||
        !get_address(root, "entry", &stub->entry, error, error_size))
        return false;
    if (text->size == 0 || stub->entry < text->address || stub->entry - text->address >= text->size) {
        snprintf(error, error_size, "entry 0x%08x lies outside the text", stub->entry);
        return false;
    }
    const json_t *data = json_object_get(root, "data");
    if (!data || (json_is_string(data) && json_string_length(data) == 0))
        return true;
    stub->n_segments = 2;
    return get_segment(root, "data", &stub->segments[1], true, error, error_size);
}

static uint32_t crc_of(const struct stub_image *stub)
{
    uLong crc = crc32(0, NULL, 0);
    for (size_t i = 0; i < stub->n_segments; i++)
        crc = crc32(crc, stub->segments[i].bytes, stub->segments[i].size);
    return (uint32_t)crc;
}

struct stub_image *stub_image_parse(const char *json, size_t len, const char *name, char *error, size_t error_size)
{
    json_error_t json_error;
    json_t *root = json_loadb(json, len, JSON_REJECT_DUPLICATES, &json_error);
    if (!root) {
        text_print(error, error_size, "line %d: %s", json_error.line, json_error.text);
        return NULL;
    }
    struct stub_image *stub = calloc(1, sizeof(*stub));
    if (!stub) {
        snprintf(error, error_size, "out of memory");
    } else {
        text_copy(stub->name, sizeof(stub->name), name);
        if (fill(stub, root, error, error_size)) {
            stub->crc = crc_of(stub);
        } else {
            stub_image_free(stub);
            stub = NULL;
        }
    }
    json_decref(root);
    return stub;
}

void stub_image_free(struct stub_image *stub)
{
    if (!stub)
        return;
    for (size_t i = 0; i < stub->n_segments; i++)
        free((void *)stub->segments[i].bytes);
    free(stub);
}

struct stub_image *stub_image_builtin(void)
{
    /* builtin_stub.S */
    extern const char builtin_stub_json[];
    extern const uint32_t builtin_stub_json_size;
    char error[160];
    struct stub_image *stub =
        stub_image_parse(builtin_stub_json, builtin_stub_json_size, "gangd " GANGD_VERSION, error, sizeof(error));
    assert(stub);
    return stub;
}
