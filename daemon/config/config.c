/* SPDX-License-Identifier: MIT */
#include "daemon/config/config.h"

#include "daemon/base/file.h"
#include "daemon/base/utf8.h"
#include "daemon/config/hint.h"
#include "daemon/config/keys.h"
#include "proto/link/text.h"

#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Room for `file = PATH @ OFFSET` with the longest path. inih splits longer lines silently; we refuse them. */
#define LINE_MAX_BYTES 1024
#define FILE_MAX_BYTES (1U << 20)

/*
 * inih splits lines into keys and values, but does not pass line numbers to its handler, truncates long section names
 * and does not report empty sections. So the reader that gives it the lines keeps track of line and section.
 */
struct config_reader {
    struct config *config;
    const char *at, *end; /* the text that is left */
    unsigned line;
    char section[LINE_MAX_BYTES]; /* "station", "slot A1" as written; "" before the first */
    unsigned section_line;
    struct config_slot *slot; /* the one that is being read, or NULL */
    bool section_bad;         /* its keys are passed over: they would only repeat the error */
    bool section_missing;     /* a key stands in no known section: it may be any */
    /* config->lines of a slot's keys begin anew with each slot, and remain here as bits. */
    uint32_t slot_given[CONFIG_SLOTS_MAX];
    struct error_list *errors;
};

void config_vcomplain(struct error_list *errors, const struct config *config, unsigned line, const char *format,
                      va_list arguments)
{
    char what[1024];
    text_vprint(what, sizeof(what), format, arguments);
    if (line > 0)
        error_list_add(errors, "%s:%u: %s", config->source, line, what);
    else
        error_list_add(errors, "%s: %s", config->source, what);
}

void config_complain(struct error_list *errors, const struct config *config, unsigned line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    config_vcomplain(errors, config, line, format, arguments);
    va_end(arguments);
}

__attribute__((format(printf, 3, 4))) static void fail(struct config_reader *reader, unsigned line, const char *format,
                                                       ...)
{
    va_list arguments;
    va_start(arguments, format);
    config_vcomplain(reader->errors, reader->config, line, format, arguments);
    va_end(arguments);
}

static bool is_slot_key(const struct config_key *key)
{
    return strcmp(key->section, CONFIG_SLOT_SECTION) == 0;
}

/* Checks the slot whose section ends here. */
static void end_slot(struct config_reader *reader)
{
    struct config_slot *slot = reader->slot;
    if (!slot)
        return;
    reader->slot = NULL;
    if (slot->path[0] == '\0') {
        if (config_key_line(reader->config, CONFIG_SLOT_SECTION, "path") == 0)
            fail(reader, reader->section_line, "[slot %s] has no path", slot->name);
        return;
    }
    for (const struct config_slot *other = reader->config->slots; other < slot; other++)
        if (strcmp(other->path, slot->path) == 0) {
            fail(reader, reader->section_line, "[slot %s] has the same path as [slot %s]: %s", slot->name, other->name,
                 slot->path);
            return;
        }
}

static bool has_slot(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->n_slots; i++)
        if (strcmp(config->slots[i].name, name) == 0)
            return true;
    return false;
}

static bool begin_slot(struct config_reader *reader, const char *name)
{
    struct config *config = reader->config;
    bool name_ok = config_slot_name_ok(name);
    if (!name_ok)
        fail(reader, reader->line, "a slot is [slot NAME], its name 1 to 63 letters, digits, '-', '_', '.'; not \"%s\"",
             name);
    else if (has_slot(config, name))
        fail(reader, reader->line, "there is a [slot %s] already", name);
    else if (config->n_slots == CONFIG_SLOTS_MAX)
        fail(reader, reader->line, "there are more than %d slots", CONFIG_SLOTS_MAX);
    if (!name_ok || has_slot(config, name) || config->n_slots == CONFIG_SLOTS_MAX)
        return false;
    reader->slot = &config->slots[config->n_slots++];
    utf8_copy(reader->slot->name, sizeof(reader->slot->name), name);
    for (size_t i = 0; i < config_keys_count; i++)
        if (is_slot_key(&config_keys[i]))
            config->lines[i] = 0;
    return true;
}

static bool is_section(const char *name)
{
    for (size_t i = 0; i < config_keys_count; i++)
        if (strcmp(config_keys[i].section, name) == 0)
            return true;
    return false;
}

/* A line that begins with '['; trailing blanks are gone. Whether it is right. */
static bool begin_section(struct config_reader *reader, const char *line)
{
    end_slot(reader);
    size_t length = strlen(line);
    if (line[length - 1] != ']' || strchr(line, ']') != line + length - 1) {
        fail(reader, reader->line, "a section is [NAME] on a line of its own");
        return false;
    }
    reader->section_line = reader->line;
    snprintf(reader->section, sizeof(reader->section), "%.*s", (int)length - 2, line + 1);

    size_t word = strcspn(reader->section, " \t");
    if (word == strlen(CONFIG_SLOT_SECTION) && strncmp(reader->section, CONFIG_SLOT_SECTION, word) == 0)
        return begin_slot(reader, reader->section + word + strspn(reader->section + word, " \t"));
    if (is_section(reader->section))
        return true;
    fail(reader, reader->line, "unknown section [%s]", reader->section);
    return false;
}

/* Whether all of the line, `length` bytes, is text that inih takes whole into `size` bytes. */
static bool check_text(struct config_reader *reader, const char *start, size_t length, size_t size)
{
    if (length + 3 > size) {
        fail(reader, reader->line, "the line is longer than %zu bytes", size - 3);
        return false;
    }
    for (const char *c = start; c < start + length;) {
        size_t n = *c == '\t' ? 1 : utf8_char(c, (size_t)(start + length - c));
        if (n == 0) {
            fail(reader, reader->line, "byte 0x%02x is no printable UTF-8 text", (unsigned char)*c);
            return false;
        }
        c += n;
    }
    return true;
}

/* Whether inih will find a section, a comment, nothing, or a key in the line. */
static bool check_form(struct config_reader *reader, const char *line)
{
    if (line[0] == '[') {
        reader->section_bad = !begin_section(reader, line);
        reader->section_missing |= reader->section_bad;
        return !reader->section_bad;
    }
    if (line[0] == '\0' || strchr("#;", line[0]) || strpbrk(line, "=:"))
        return true;
    fail(reader, reader->line, "is neither KEY = VALUE nor [SECTION]");
    return false;
}

/* fgets() for inih, one line of `size` bytes at most. A line that is wrong is empty for it. */
static char *next_line(char *line, int size, void *data)
{
    struct config_reader *reader = data;
    if (reader->at == reader->end)
        return NULL;
    reader->line++;
    const char *start = reader->at;
    const char *newline = memchr(start, '\n', (size_t)(reader->end - start));
    const char *end = newline ? newline : reader->end;
    reader->at = newline ? newline + 1 : end;

    /* inih takes a line with leading blanks for the continuation of the one before. */
    while (start < end && (*start == ' ' || *start == '\t'))
        start++;
    while (end > start && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
        end--;
    size_t length = (size_t)(end - start);
    if (!check_text(reader, start, length, (size_t)size))
        length = 0;
    memcpy(line, start, length);
    line[length] = '\0';
    if (!check_form(reader, line))
        length = 0;
    memcpy(line + length, "\n", 2);
    return line;
}

/* The key of this name in the section that is being read; NULL: there is none. */
static const struct config_key *find_key(const struct config_reader *reader, const char *name)
{
    for (const struct config_key *key = config_keys; key < config_keys + config_keys_count; key++)
        if (strcmp(key->name, name) == 0 &&
            (reader->slot ? is_slot_key(key) : strcmp(key->section, reader->section) == 0))
            return key;
    return NULL;
}

/* Gives the key its value from the line that is being read. */
static void take_key(struct config_reader *reader, const struct config_key *key, const char *value)
{
    unsigned *given = &reader->config->lines[key - config_keys];
    char shown[81], why[160];
    text_copy(shown, sizeof(shown), value);
    if (*given > 0 && !key->repeats) {
        fail(reader, reader->line, "%s = %s: was given in line %u already", key->name, shown, *given);
        return;
    }
    *given = reader->line;
    void *target = reader->slot ? (void *)reader->slot : (void *)reader->config;
    if (key->parse(key, value, target, why, sizeof(why)))
        fail(reader, reader->line, "%s = %s: %s%s", key->name, shown, why, config_hint(value));
    else if (reader->slot)
        reader->slot_given[reader->slot - reader->config->slots] |= 1U << (key - config_keys);
}

/* inih's handler: 1, go on. */
static int take_value(void *data, const char *section, const char *name, const char *value)
{
    struct config_reader *reader = data;
    (void)section; /* cut off by inih if it is long */
    if (reader->section_bad)
        return 1;
    const struct config_key *key = find_key(reader, name);
    if (key)
        take_key(reader, key, value);
    else if (reader->section[0] == '\0') {
        reader->section_missing = true;
        fail(reader, reader->line, "\"%s\" stands before the first [section]", name);
    } else
        fail(reader, reader->line, "unknown key \"%s\" in [%s]", name, reader->section);
    return 1;
}

/* Sets the keys that a slot does not give itself. */
static void fill_in_slot(struct config *config, struct config_slot *slot, uint32_t given)
{
    for (size_t i = 0; i < config_keys_count; i++) {
        const struct config_key *key = &config_keys[i];
        if (!is_slot_key(key) || (given & 1U << i))
            continue;
        for (const struct config_key *of_all = config_keys; of_all < config_keys + config_keys_count; of_all++)
            if (of_all != key && strcmp(of_all->name, key->name) == 0)
                memcpy((char *)slot + key->offset, (const char *)config + of_all->offset, key->size);
    }
}

/* Sets the keys that the file does not give. */
static void fill_in(struct config_reader *reader)
{
    struct config *config = reader->config;
    for (size_t i = 0; i < config_keys_count; i++) {
        const struct config_key *key = &config_keys[i];
        char why[160];
        if (key->fallback && config->lines[i] == 0 && key->parse(key, key->fallback, config, why, sizeof(why)))
            fail(reader, 0, "%s = %s (the default): %s", key->name, key->fallback, why);
    }
    if (config->name[0] == '\0') {
        char host[256] = "";
        gethostname(host, sizeof(host) - 1);
        utf8_copy(config->name, sizeof(config->name), host[0] ? host : "gangd");
    }
    for (size_t i = 0; i < config->n_slots; i++)
        fill_in_slot(config, &config->slots[i], reader->slot_given[i]);
}

/* What is missing in the whole file. A key that is in it, but wrong, has been complained of. */
static void check_whole(struct config_reader *reader)
{
    const struct config *config = reader->config;
    if (config->watch_address[0] && config->watch_token_file[0] == '\0')
        fail(reader, 0, "[http] watch needs watch_token_file = PATH, a file with the token");
    if (!reader->section_missing && config_key_line(config, "product", "file") == 0)
        fail(reader, 0, "[product] names no image: it needs file = PATH");
}

unsigned config_file_line(const struct config *config, uint32_t offset)
{
    for (size_t i = 0; i < config->n_files; i++)
        if (config->files[i].offset == offset)
            return config->files[i].line;
    return 0;
}

unsigned config_key_line(const struct config *config, const char *section, const char *name)
{
    for (size_t i = 0; i < config_keys_count; i++)
        if (strcmp(config_keys[i].section, section) == 0 && strcmp(config_keys[i].name, name) == 0)
            return config->lines[i];
    return 0;
}

int config_parse(struct config *config, const char *name, const char *text, size_t len, char *error, size_t error_size)
{
    static const char bom[] = "\xEF\xBB\xBF";
    struct error_list errors;
    struct config_reader reader = {.config = config, .at = text, .end = text + len, .errors = &errors};
    error_list_init(&errors, error, error_size);
    *config = (struct config){0};
    text_copy(config->source, sizeof(config->source), name);
    if (len >= 3 && memcmp(text, bom, 3) == 0)
        reader.at += 3;

    ini_max_line = LINE_MAX_BYTES;
    ini_stop_on_first_error = false;
    /* A comment is a line of its own: the "#12" of "lot = order #12" belongs to the value. */
    ini_allow_inline_comments = false;
    if (ini_parse_stream(next_line, &reader, take_value, &reader) != 0 && errors.count == 0)
        fail(&reader, reader.line, "is neither KEY = VALUE nor [SECTION]");
    end_slot(&reader);
    fill_in(&reader);
    check_whole(&reader);
    return errors.count > 0 ? -1 : 0;
}

char *config_text(const char *path, size_t *length)
{
    return file_read_any(path, FILE_MAX_BYTES, length);
}

int config_read(struct config *config, const char *path, char *error, size_t error_size)
{
    size_t length;
    char *text = config_text(path, &length);
    if (!text) {
        struct error_list errors;
        error_list_init(&errors, error, error_size);
        error_list_add(&errors, "%s: cannot be read: %s", path, file_error(errno));
        return -1;
    }
    int result = config_parse(config, path, text, length, error, error_size);
    free(text);
    return result;
}
