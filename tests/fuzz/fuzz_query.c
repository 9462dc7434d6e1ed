/* SPDX-License-Identifier: MIT */
/* A request's target with any bytes, and the filters in it. An accepted value must be in range; a refusal must have a
 * printable reason. */
#include "daemon/api/target.h"
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

static void check_target(const struct target *target, size_t size)
{
    size_t bytes = strlen(target->path);
    for (size_t i = 0; i < target->n; i++) {
        const struct target_parameter *p = &target->parameters[i];
        require(p->name[p->name_len] == '\0' && p->value[p->value_len] == '\0');
        bytes += p->name_len + p->value_len;
    }
    require(bytes <= size);
}

static void check_query(const struct target *target, bool units)
{
    struct query query;
    char error[256] = "";
    query_init(&query, units);
    for (size_t i = 0; i < target->n; i++) {
        const struct target_parameter *p = &target->parameters[i];
        if (query_set(&query, p->name, p->name_len, p->value, p->value_len, error, sizeof(error))) {
            check_error(error);
            return;
        }
    }
    check_filter(&query.filter);
    if (query_check(&query, error, sizeof(error)))
        check_error(error);
}

/* The first byte chooses units or attempts; the rest is the query, or the whole target if it begins with '/'. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    char *text = calloc(1, size + 1), error[128] = "";
    require(text);
    text[0] = '?';
    memcpy(text + 1, data + 1, size - 1);
    struct target target;
    if (target_parse(&target, size > 1 && text[1] == '/' ? text + 1 : text, error, sizeof(error))) {
        check_target(&target, size);
        check_query(&target, data[0] & 1);
    } else {
        check_error(error);
    }
    free(text);
    return 0;
}
