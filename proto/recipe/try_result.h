/* SPDX-License-Identifier: MIT */
/* How a try of the recipe `program` ended: plain data, for the book, the API and the log. */
#ifndef PROTO_RECIPE_TRY_RESULT_H
#define PROTO_RECIPE_TRY_RESULT_H

#include "proto/diagnosis/cause.h"

#include <stdint.h>

#define TRIES_MAX 10 /* that an attempt may have */

struct try_result {
    uint32_t baud;    /* the rate that the try was to work at; the loader may have been spoken to at LOADER_BAUD */
    enum cause cause; /* CAUSE_NONE: it passed */
    char detail[192]; /* the observation behind the cause; "" of a pass */
    double seconds;   /* from its reset to its end */
};

#endif
