/* SPDX-License-Identifier: MIT */
#include "tools/boardsim/board/rom/rom_format.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "tools/boardsim/board/chip/chip.h"

/* What reads the chip's memory; stops at the first address that cannot be read. */
struct reader {
    const struct chip *chip;
    bool failed;
    uint32_t bad;
};

/* A conversion and its argument. */
struct item {
    uint32_t size; /* of the conversion in the format, from % on */
    bool left, zeros;
    uint32_t width, precision; /* UINT32_MAX: no precision */
    unsigned longs;
    char conversion;
    char digits[32]; /* of a number or a letter, without padding */
    uint32_t string; /* of %s: where it is, */
    uint32_t length; /* and how long; of others: of `digits` */
    unsigned sign;   /* letters before zeros */
};

static uint8_t byte_at(struct reader *reader, uint32_t address)
{
    uint8_t byte = 0;

    if (!reader->failed && (address - LX106_DRAM >= LX106_DRAM_SIZE || !chip_read(reader->chip, address, &byte, 1))) {
        reader->failed = true;
        reader->bad = address;
    }
    return byte;
}

static uint32_t word_at(struct reader *reader, uint32_t address)
{
    uint32_t word = 0;

    if (!reader->failed && (address & 3 || !chip_read(reader->chip, address, &word, 4))) {
        reader->failed = true;
        reader->bad = address;
    }
    return word;
}

/* The next argument. One of eight bytes begins at a multiple of eight. */
static uint64_t take(struct reader *reader, struct rom_format *format, uint32_t size)
{
    uint32_t from = (format->ndx + size - 1) & ~(size - 1), at;

    format->ndx = from + size;
    if (format->ndx > ROM_FORMAT_REGISTERS && from <= ROM_FORMAT_REGISTERS)
        format->ndx = ROM_FORMAT_STACK + size;
    at = (format->ndx <= ROM_FORMAT_REGISTERS ? format->reg : format->stk) + format->ndx - size;
    return word_at(reader, at) | (size == 8 ? (uint64_t)word_at(reader, at + 4) << 32 : 0);
}

static uint32_t number_at(struct reader *reader, uint32_t *at)
{
    uint32_t number = 0;

    for (uint8_t c; (c = byte_at(reader, *at)) >= '0' && c <= '9'; (*at)++)
        number = number * 10 + c - '0';
    return number;
}

static void parse(struct reader *reader, uint32_t at, struct item *item)
{
    uint32_t from = at++;
    uint8_t c;

    *item = (struct item){.precision = UINT32_MAX};
    for (; (c = byte_at(reader, at)) == '-' || c == '0'; at++) {
        item->left |= c == '-';
        item->zeros |= c == '0';
    }
    item->width = number_at(reader, &at);
    if (byte_at(reader, at) == '.') {
        at++;
        item->precision = number_at(reader, &at);
    }
    for (; byte_at(reader, at) == 'l'; at++)
        item->longs++;
    item->conversion = (char)byte_at(reader, at);
    item->size = at + (item->conversion != '\0') - from;
}

static void take_string(struct reader *reader, struct rom_format *format, struct item *item)
{
    item->string = (uint32_t)take(reader, format, 4);
    if (item->string == 0) {
        memcpy(item->digits, "<null>", 6);
        item->length = 6;
        return;
    }
    while (item->length < item->precision && byte_at(reader, item->string + item->length) && !reader->failed)
        item->length++;
}

static void take_number(struct reader *reader, struct rom_format *format, struct item *item)
{
    uint64_t value = take(reader, format, item->longs >= 2 ? 8 : 4);
    int64_t number = item->longs >= 2 ? (int64_t)value : (int32_t)value;
    int n = 0;

    switch (item->conversion) {
    case 'd':
    case 'i':
        n = snprintf(item->digits, sizeof item->digits, "%lld", (long long)number);
        item->sign = number < 0;
        break;
    case 'u': n = snprintf(item->digits, sizeof item->digits, "%llu", (unsigned long long)value); break;
    case 'o': n = snprintf(item->digits, sizeof item->digits, "%llo", (unsigned long long)value); break;
    case 'X': n = snprintf(item->digits, sizeof item->digits, "%llX", (unsigned long long)value); break;
    default: n = snprintf(item->digits, sizeof item->digits, "%llx", (unsigned long long)value); break;
    }
    item->length = (uint32_t)n;
}

static void take_argument(struct reader *reader, struct rom_format *format, struct item *item)
{
    switch (item->conversion) {
    case 's': take_string(reader, format, item); break;
    case 'd':
    case 'i':
    case 'u':
    case 'o':
    case 'x':
    case 'X':
    case 'p': take_number(reader, format, item); break;
    case 'c':
        item->digits[0] = (char)take(reader, format, 4);
        item->length = 1;
        break;
    case '%':
        item->digits[0] = '%';
        item->length = 1;
        break;
    default: /* printed as it is */
        item->string = format->at;
        item->length = item->size;
        item->width = 0;
        break;
    }
}

/* Letter `index` of what the item prints; ROM_FORMAT_END behind the last. */
static int letter(struct reader *reader, const struct item *item, uint32_t index)
{
    uint32_t pad = item->width > item->length ? item->width - item->length : 0, at = index;

    if (index >= item->length + pad)
        return ROM_FORMAT_END;
    if (item->left)
        at = index;
    else if (item->zeros && item->conversion != 's')
        at = index < item->sign ? index : index < item->sign + pad ? UINT32_MAX : index - pad;
    else
        at = index < pad ? item->length : index - pad;
    if (at == UINT32_MAX)
        return '0';
    if (at >= item->length)
        return ' ';
    return item->string ? byte_at(reader, item->string + at) : (uint8_t)item->digits[at];
}

/* The letter of the conversion at format->at, or ROM_FORMAT_END if all of it is out: then on behind it. */
static int conversion(struct reader *reader, struct rom_format *format)
{
    struct rom_format then = *format;
    struct item item;
    int c;

    parse(reader, format->at, &item);
    take_argument(reader, &then, &item);
    c = letter(reader, &item, format->index);
    then.at = format->at + item.size;
    then.index = 0;
    if (c == ROM_FORMAT_END)
        *format = then;
    else
        format->index++;
    return c;
}

int rom_format_next(const struct chip *chip, struct rom_format *format, uint32_t *bad)
{
    struct reader reader = {.chip = chip};
    int c = ROM_FORMAT_END;
    uint8_t byte;

    while (c == ROM_FORMAT_END && (byte = byte_at(&reader, format->at)) != 0) {
        c = byte == '%' ? conversion(&reader, format) : byte;
        if (byte != '%')
            format->at++;
    }
    *bad = reader.bad;
    return reader.failed ? ROM_FORMAT_BAD : c;
}
