/* SPDX-License-Identifier: MIT */
/* Data like a real product's. All of it follows from the seed. */
#ifndef DEMO_CONTENT_H
#define DEMO_CONTENT_H

#include <stdint.h>

void content_seed(uint64_t seed);

/* Like Xtensa code: deflates to 78 % or so. */
void content_code(uint8_t *bytes, uint32_t n);

/* Texts, and files that are compressed already. They begin at pages, with a blank page here and there; what is not
 * written stays. */
void content_files(uint8_t *bytes, uint32_t n);

#endif
