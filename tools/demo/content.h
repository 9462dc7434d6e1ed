/* SPDX-License-Identifier: MIT */
/* Generates data that resembles a real product's. The same seed gives the same data. */
#ifndef DEMO_CONTENT_H
#define DEMO_CONTENT_H

#include <stdint.h>

void content_seed(uint64_t seed);

/* Data that resembles Xtensa code and deflates to about 78 %. */
void content_code(uint8_t *bytes, uint32_t n);

/* Texts and compressed files. Each begins at a page, with a blank page before some of them. Bytes between the files are
 * not written. */
void content_files(uint8_t *bytes, uint32_t n);

#endif
