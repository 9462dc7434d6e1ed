/* SPDX-License-Identifier: MIT */
/*
 * The table of flash parts: what public sources say of each JEDEC id of 256 KB to 16 MB. An exception, such as a part
 * whose id does not tell its size, is a row and no code. docs/flash-parts.md shows the table; a test compares the two,
 * and `make docs/flash-parts.md` writes it there. None of it was tried on a part of our own: `seen`.
 *
 * What no source says is 0, in every column.
 */
#ifndef PROTO_CHIP_NOR_PARTS_H
#define PROTO_CHIP_NOR_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bits of a family's registers: SR1 in the low byte, then SR2 and SR3. */
#define NOR_BITS(sr1, sr2, sr3) ((uint32_t)(sr1) | (uint32_t)(sr2) << 8 | (uint32_t)(sr3) << 16)

/* How the first status registers are written. */
enum nor_write_form {
    NOR_WRITE_UNKNOWN,
    NOR_WRITE_SR1,     /* 01h with one byte; a second one makes no command of it. SR2, if there is one, by 31h */
    NOR_WRITE_SR1_SR2, /* 01h with two bytes; some parts take one byte too and clear SR2 then */
};

/* What the part makes of the command 35h. */
enum nor_35h { NOR_35H_UNKNOWN, NOR_35H_READS_SR2, NOR_35H_ENTERS_QUAD };

/* The header's modes by which an ESP8266 can start from the part. */
enum nor_modes { NOR_DOUT = 1, NOR_DIO = 2, NOR_QOUT = 4, NOR_QIO = 8 };

/* The longest times in milliseconds, by the data sheet. */
struct nor_times {
    uint16_t page, sector, block; /* programming 256 bytes, erasing 4 KB, erasing 64 KB */
};

/* Parts whose registers and times are alike. */
struct nor_family {
    const char *name;  /* "" of those of which nothing but the size is known */
    uint8_t registers; /* status registers, at least so many */
    enum nor_write_form write;
    enum nor_35h reads_35h;
    uint32_t quad;                    /* the bit QE */
    uint32_t protect;                 /* the bits BP; each that is set protects something */
    uint32_t bottom, sectors, invert; /* TB, SEC and CMP: these say what BP protects */
    uint32_t locks;                   /* WPS: the blocks have locks of their own instead */
    uint8_t unlock;                   /* command that opens the locks of all blocks */
    uint8_t modes;                    /* enum nor_modes; 0: no restriction is known */
    uint8_t unique;                   /* bytes of the unique id that 4Bh answers */
    bool word_program;                /* it takes no page to program, but one byte or two at a time */
    struct nor_times longest;
    const char *note; /* NULL: none */
};

enum nor_supply { NOR_UNKNOWN, NOR_3V, NOR_1V8, NOR_3V_OR_1V8, NOR_WIDE };

struct nor_row {
    uint32_t id; /* as RDID answers, first byte highest: three bytes, or four where the first is 7Fh and more follow */
    uint32_t size; /* bytes. Two rows with the same id have different sizes */
    const struct nor_family *family;
    const char *source; /* docs/flash-parts.md explains the short names */
    const char *names;  /* one or more, with commas or slashes in between; x stands for any letter */
    const char *note;   /* NULL: none */
    enum nor_supply supply;
    bool seen; /* on hardware, by us */
};

/* By their ids, ascending. */
extern const struct nor_row nor_rows[];
extern const size_t nor_rows_count;

/* The first row of a part that answers RDID with these four bytes, first byte highest; those after it with the same id
 * stand for it, too. NULL: none. */
const struct nor_row *nor_row_find(uint32_t answer);

#endif
