/* SPDX-License-Identifier: MIT */
/* From what a step has seen to the cause of a failure: the only place where a cause is chosen. */
#ifndef PROTO_DIAGNOSIS_DIAGNOSIS_H
#define PROTO_DIAGNOSIS_DIAGNOSIS_H

#include "proto/diagnosis/cause.h"
#include "proto/link/check.h"
#include "proto/step/step.h"

#include <stdbool.h>
#include <stddef.h>

/* The cause of a failed step. `evidence->kind` is not NONE. */
MUST_CHECK enum cause diagnosis_cause(const struct evidence *evidence);

/* The detail for the engineer, such as "writing at 0x0, block 3 of 7: no answer". Cut if it does not fit; 192 bytes are
 * enough for all but a part of the image with a very long name. */
void diagnosis_detail(const struct evidence *evidence, char *detail, size_t size);

/* Would a fresh reset help? Not against the properties of the chip, nor where one try has already reset the board
 * several times. */
MUST_CHECK bool diagnosis_worth_another_try(enum cause cause);

/* May the baud rate be at fault, so that the next try is to be at a lower one? It is not where the flash part was
 * written badly or slowly: what reaches the part is checked before it is written. */
MUST_CHECK bool diagnosis_suspects_rate(enum cause cause);

#endif
