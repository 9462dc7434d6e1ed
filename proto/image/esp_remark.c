/* SPDX-License-Identifier: MIT */
#include "proto/image/esp_remark.h"

#include "proto/link/text.h"

#include <stdarg.h>

static const struct {
    const char *code;
    enum esp_severity severity;
    const char *remedy;
} table[] = {
#define X(name, code, severity, remedy) [ESP_REMARK_##name] = {code, ESP_##severity, remedy},
    ESP_REMARKS(X)
#undef X
};

const char *esp_remark_code(enum esp_remark_id id)
{
    return table[id].code;
}

enum esp_severity esp_remark_severity(enum esp_remark_id id)
{
    return table[id].severity;
}

void esp_remark_sentence(const struct esp_remark *remark, char *sentence, size_t size)
{
    text_print(sentence, size, "%s; %s", remark->what, remark->remedy);
}

/* The place of a new one: behind the others, or that of the last warning where there is no room. NULL: no place. */
static struct esp_remark *find_room(struct esp_remarks *remarks, enum esp_remark_id id)
{
    if (remarks->n < ESP_REMARKS_MAX)
        return &remarks->list[remarks->n++];
    for (size_t i = remarks->n; esp_remark_severity(id) == ESP_ERROR && i > 0; i--)
        if (esp_remark_severity(remarks->list[i - 1].id) == ESP_WARNING)
            return &remarks->list[i - 1];
    return NULL;
}

__attribute__((format(printf, 4, 0))) static void add(struct esp_remarks *remarks, enum esp_remark_id id,
                                                      const char *remedy, const char *format, va_list arguments)
{
    struct esp_remark *remark = find_room(remarks, id);
    if (!remark)
        return;
    remark->id = id;
    remark->remedy = table[id].remedy ? table[id].remedy : remedy;
    text_vprint(remark->what, sizeof(remark->what), format, arguments);
}

void esp_remarks_add(struct esp_remarks *remarks, enum esp_remark_id id, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add(remarks, id, "", format, arguments);
    va_end(arguments);
}

void esp_remarks_add_with(struct esp_remarks *remarks, enum esp_remark_id id, const char *remedy, const char *format,
                          ...)
{
    va_list arguments;
    va_start(arguments, format);
    add(remarks, id, remedy, format, arguments);
    va_end(arguments);
}

bool esp_remarks_have(const struct esp_remarks *remarks, enum esp_remark_id id)
{
    for (size_t i = 0; i < remarks->n; i++)
        if (remarks->list[i].id == id)
            return true;
    return false;
}

const struct esp_remark *esp_remarks_first(const struct esp_remarks *remarks, enum esp_severity severity)
{
    for (size_t i = 0; i < remarks->n; i++)
        if (esp_remark_severity(remarks->list[i].id) == severity)
            return &remarks->list[i];
    return NULL;
}
