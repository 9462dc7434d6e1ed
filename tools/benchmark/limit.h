/* SPDX-License-Identifier: MIT */
/*
 * The physical limit of a unit's time: how long its line and its flash part are busy with what cannot be left out,
 * whatever the host and the chip compute. docs/performance.md describes the model. */
#ifndef TOOLS_BENCHMARK_LIMIT_H
#define TOOLS_BENCHMARK_LIMIT_H

#include <stddef.h>
#include <stdint.h>

struct limit {
    /* Seconds. The line: the content that the flash does not have yet, each sector once, deflated. */
    double link;
    /* Of the flash part, one after the other: what must be erased, programmed, and read back. */
    double erase, program, read;
};

/* For a W25Q32 that contains `before` and is to contain `image`, both `size` bytes, whole sectors. */
struct limit limit_of(const uint8_t *before, const uint8_t *image, size_t size, uint32_t baud);

/* The line and the part can work at the same time. */
double limit_seconds(const struct limit *limit);

#endif
