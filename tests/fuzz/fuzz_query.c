/* SPDX-License-Identifier: MIT */
/* The query parser with any bytes, split at '&' and '=' as the HTTP library does. An accepted value must be in
 * range; a refusal must have a printable reason. */
#include "daemon/book/query.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void check_error(const char *error)
{
    require(error[0] != '\0');
    for (const char *c = error; *c; c++)
        require(isprint((unsigned char)*c));
}

static void check_filter(const struct book_filter *filter)
{
    require(filter->limit >= 0 && filter->limit <= 1000000);
    require(filter->since >= 0 && filter->until >= 0);
    require(memchr(filter->slot, '\0', sizeof(filter->slot)));
    require(filter->mac[0] == '\0' || strlen(filter->mac) == 17);
    require(filter->image[0] == '\0' || strlen(filter->image) == 32 || strlen(filter->image) == 64);
    require(memchr(filter->operator, '\0', sizeof(filter->operator)) && memchr(filter->lot, '\0', sizeof(filter->lot)));
    require(!filter->has_cause || (filter->cause >= CAUSE_NONE && filter->cause < CAUSE_COUNT));
    require(!filter->has_verdict || (filter->verdict >= VERDICT_OPEN && filter->verdict <= VERDICT_INTERRUPTED));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct query query;
    char error[256] = "";
    query_init(&query, data[0] & 1);

    const char *text = (const char *)data + 1;
    const char *end = (const char *)data + size;
    while (text < end) {
        const char *stop = memchr(text, '&', (size_t)(end - text));
        stop = stop ? stop : end;
        const char *equals = memchr(text, '=', (size_t)(stop - text));
        size_t key_len = (size_t)((equals ? equals : stop) - text);
        const char *value = equals ? equals + 1 : stop;
        if (query_set(&query, text, key_len, value, (size_t)(stop - value), error, sizeof(error))) {
            check_error(error);
            return 0;
        }
        text = stop < end ? stop + 1 : end;
    }
    check_filter(&query.filter);
    if (query_check(&query, error, sizeof(error)))
        check_error(error);
    return 0;
}
