/* SPDX-License-Identifier: MIT */
/* The flash part, a SPI NOR chip: what a board's part is, by its JEDEC id and what else it says. docs/flash-parts.md.
 */
#ifndef PROTO_CHIP_NOR_H
#define PROTO_CHIP_NOR_H

#include "proto/chip/nor_parts.h"
#include "proto/link/check.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NOR_ID_TEXT_SIZE  9  /* "ef4016", or "7f372012" where the id has four bytes */
#define NOR_UNIQUE_ID_MAX 16 /* bytes */
#define NOR_NAME_SIZE     64 /* of nor_name() */
#define NOR_NOTE_SIZE     64 /* of nor_note() */

/* Smallest and largest part: three bytes of address reach 16 MB. */
#define NOR_SIZE_MIN (256u << 10)
#define NOR_SIZE_MAX (16u << 20)

/* Who says how large the part is. */
enum nor_size_source { NOR_SIZE_UNKNOWN, NOR_SIZE_BY_TABLE, NOR_SIZE_BY_SFDP, NOR_SIZE_STATED };

/* What it took to make the part answer. */
enum nor_woken { NOR_ANSWERED, NOR_WOKEN_BY_RELEASE, NOR_WOKEN_BY_RESET };

struct flash_part {
    uint32_t id; /* as RDID answers, first byte highest: three bytes, or four as its row has; 0: not read */
    const struct nor_row *row; /* the first one with this id; NULL: the table has none */
    uint32_t size;             /* bytes; 0: not known */
    enum nor_size_source size_source;
    enum nor_woken woken;
    uint8_t unique[NOR_UNIQUE_ID_MAX];
    unsigned unique_bytes; /* 0: the part has no unique id, or it was not read */
};

/* `answer`: the first four bytes of RDID, the first one lowest, as they are in SPI W0. Fills id, row and the size, as
 * far as the table knows it. False: nothing answered, all ones or all zeros. */
MUST_CHECK bool nor_identify(uint32_t answer, struct flash_part *part);

/* The id in such an answer. */
uint32_t nor_id(uint32_t answer);

/* The id as six or eight hex digits; "" of 0. */
void nor_id_text(uint32_t id, char text[NOR_ID_TEXT_SIZE]);

/* Reads what nor_id_text() writes; capital letters are fine. False: it is no id. */
MUST_CHECK bool nor_id_from_text(const char *text, uint32_t *id);

/* "W25Q80BV/W25Q80DV (ef4014)", for people; cut if it does not fit. */
void nor_name(uint32_t id, char text[NOR_NAME_SIZE]);

/* What was special, for the book: "woken by 66h 99h, size by SFDP"; "" of most. */
void nor_note(const struct flash_part *part, char text[NOR_NOTE_SIZE]);

/* The unique id as hex digits, first byte first; "" if there is none. */
void nor_unique_text(const struct flash_part *part, char text[2 * NOR_UNIQUE_ID_MAX + 1]);

#endif
