/* SPDX-License-Identifier: MIT */
#include "daemon/base/error_list.h"

#include "daemon/base/utf8.h"
#include "proto/link/text.h"

#include <stdio.h>
#include <string.h>

#define MORE_MAX_BYTES 32 /* of the line that says how many are left out */

void error_list_init(struct error_list *list, char *text, size_t size)
{
    *list = (struct error_list){.text = text, .size = size};
    if (size > 0)
        text[0] = '\0';
}

void error_list_vadd(struct error_list *list, const char *format, va_list arguments)
{
    char line[ERROR_LIST_LINE_MAX], clean[ERROR_LIST_LINE_MAX];
    text_vprint(line, sizeof(line), format, arguments);
    utf8_copy(clean, sizeof(clean), line);
    size_t room = list->size - list->used;
    if (list->count++ == 0) {
        text_copy(list->text, list->size, clean);
        list->used = list->size > 0 ? strlen(list->text) : 0;
    } else if (list->left_out == 0 && room > strlen(clean) + 1 + MORE_MAX_BYTES) {
        list->used += (size_t)snprintf(list->text + list->used, room, "\n%s", clean);
    } else {
        list->left_out++;
        if (room >= MORE_MAX_BYTES)
            snprintf(list->text + list->used, room, "\n%u more errors", list->left_out);
    }
}

void error_list_add(struct error_list *list, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    error_list_vadd(list, format, arguments);
    va_end(arguments);
}

const char *error_list_next(const char *text, char *line, size_t size)
{
    size_t length = strcspn(text, "\n");
    text_print(line, size, "%.*s", (int)length, text);
    return text + length + (text[length] == '\n');
}

void error_list_summary(const char *text, char *summary, size_t size)
{
    char first[ERROR_LIST_LINE_MAX];
    unsigned more = 0;
    for (const char *at = text; (at = strchr(at, '\n')); at++)
        more++;
    error_list_next(text, first, sizeof(first));
    if (more == 0)
        text_copy(summary, size, first);
    else
        text_print(summary, size, more == 1 ? "%s (and %u more error)" : "%s (and %u more errors)", first, more);
}

void error_list_each(const char *text, void (*take)(const char *line))
{
    char line[ERROR_LIST_LINE_MAX];
    while (*text) {
        text = error_list_next(text, line, sizeof(line));
        take(line);
    }
}
