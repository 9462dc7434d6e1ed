/* SPDX-License-Identifier: MIT */
#include "proto/chip/nor.h"

#include "proto/link/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of the first row with its id; 0: there is a second one, with another size. */
static uint32_t only_size(const struct nor_row *row)
{
    const struct nor_row *next = row + 1, *end = nor_rows + nor_rows_count;
    return next < end && next->id == row->id ? 0 : row->size;
}

static const struct nor_row *row_of(uint32_t answer)
{
    return nor_row_find(__builtin_bswap32(answer));
}

uint32_t nor_id(uint32_t answer)
{
    const struct nor_row *row = row_of(answer);
    return row ? row->id : __builtin_bswap32(answer) >> 8;
}

bool nor_identify(uint32_t answer, struct flash_part *part)
{
    const struct nor_row *row = row_of(answer);
    *part = (struct flash_part){.id = nor_id(answer), .row = row, .size = row ? only_size(row) : 0};
    part->size_source = part->size ? NOR_SIZE_BY_TABLE : NOR_SIZE_UNKNOWN;
    return part->id != 0 && part->id != 0xFFFFFF;
}

void nor_id_text(uint32_t id, char text[NOR_ID_TEXT_SIZE])
{
    int digits = id > 0xFFFFFF ? 8 : 6;
    text[0] = '\0';
    if (id != 0)
        snprintf(text, NOR_ID_TEXT_SIZE, "%0*x", digits, (unsigned)id);
}

bool nor_id_from_text(const char *text, uint32_t *id)
{
    size_t digits = strspn(text, "0123456789abcdefABCDEF");
    if (text[digits] != '\0' || (digits != 6 && digits != 8))
        return false;
    *id = (uint32_t)strtoul(text, NULL, 16);
    return *id != 0 && (digits == 6) == (*id <= 0xFFFFFF);
}

void nor_name(uint32_t id, char text[NOR_NAME_SIZE])
{
    char digits[NOR_ID_TEXT_SIZE];
    const struct nor_row *row = nor_row_find(id > 0xFFFFFF ? id : id << 8);
    const char *names = row ? row->names : "an unknown part";
    nor_id_text(id, digits);
    text_print(text, NOR_NAME_SIZE, "%.*s (%s)", (int)strcspn(names, ","), names, digits);
}

void nor_note(const struct flash_part *part, char text[NOR_NOTE_SIZE])
{
    static const char *const woken[] = {
        [NOR_ANSWERED] = "", [NOR_WOKEN_BY_RELEASE] = "woken by ABh", [NOR_WOKEN_BY_RESET] = "woken by 66h 99h"};
    static const char *const size[] = {[NOR_SIZE_UNKNOWN] = "",
                                       [NOR_SIZE_BY_TABLE] = "",
                                       [NOR_SIZE_BY_SFDP] = "size by SFDP",
                                       [NOR_SIZE_STATED] = "size by flash_part_size"};
    const char *first = woken[part->woken], *second = size[part->size_source];
    text_print(text, NOR_NOTE_SIZE, "%s%s%s", first, first[0] && second[0] ? ", " : "", second);
}

void nor_unique_text(const struct flash_part *part, char text[2 * NOR_UNIQUE_ID_MAX + 1])
{
    text[0] = '\0';
    for (unsigned i = 0; i < part->unique_bytes; i++)
        snprintf(text + 2 * i, 3, "%02x", part->unique[i]);
}
