/* SPDX-License-Identifier: MIT */
/*
 * A serial NOR flash part: its commands, its status registers, its time, and its one law: programming clears bits, only
 * erasing sets them. All times are clock cycles of the board; the part learns their length when it is made.
 */
#ifndef BOARDSIM_NOR_H
#define BOARDSIM_NOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Typical times, as data sheets give them; program_us is that of a full page of 256 bytes. */
struct nor_part {
    const char *name;
    uint32_t id;   /* as RDID answers, first byte highest: manufacturer, type, capacity */
    uint32_t size; /* bytes, a power of two */
    uint32_t program_us;
    uint32_t erase_4k_us, erase_32k_us, erase_64k_us, erase_chip_us;
    uint32_t write_status_us;
};

/* Ends with a part whose name is NULL. The first one is what a board has if nothing else is said. */
extern const struct nor_part nor_parts[];

/* NULL if there is no part of that name (case matters). */
const struct nor_part *nor_find(const char *name);

#define NOR_SR1_WIP     0x01
#define NOR_SR1_WEL     0x02
#define NOR_SR1_PROTECT 0x1c

struct nor_config {
    const struct nor_part *part; /* NULL: the first one */
    uint64_t seed;
    unsigned mhz;        /* board clock: cycles per microsecond */
    uint32_t flash_id;   /* if not 0: what RDID answers instead of the part's id */
    uint32_t stuck_bits; /* that many bits, spread over the part by the seed, are 0 for ever */
    double slow;         /* if not 0: factor on erase and program times */
};

struct nor_stats {
    uint64_t programs, erases;
    uint64_t violations; /* programs that asked for a 1 where there is a 0 */
};

struct nor;

/* A blank part without power. NULL only when out of memory. */
struct nor *nor_new(const struct nor_config *config);
void nor_free(struct nor *nor);

/* Power lost in the middle of an erase or program leaves garbage in what was being worked on. */
void nor_power(struct nor *nor, uint64_t now, bool on);

/* One chip-select: n bytes out (command, address, dummies, data), then m bytes in. `now` is when chip-select rises. A
 * part that is busy hears only the status reads, and answers all else with ones. */
void nor_transfer(struct nor *nor, uint64_t now, const uint8_t *out, size_t n, uint8_t *in, size_t m);

/* When the part has finished what it is doing; 0 or a time gone by if it is idle. */
uint64_t nor_ready(const struct nor *nor);

uint8_t *nor_bytes(struct nor *nor);
uint32_t nor_size(const struct nor *nor);
const struct nor_stats *nor_stats(const struct nor *nor);

#endif
