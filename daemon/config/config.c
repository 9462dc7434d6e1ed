/* SPDX-License-Identifier: MIT */
#include "daemon/config/config.h"

#include "daemon/base/file.h"
#include "daemon/base/memory.h"
#include "daemon/base/utf8.h"
#include "daemon/config/keys.h"
#include "proto/link/text.h"

#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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
    const char *name;     /* of the file, for messages */
    const char *at, *end; /* the text that is left */
    unsigned line;
    char section[LINE_MAX_BYTES]; /* "station", "slot A1" as written; "" before the first */
    unsigned section_line;
    struct config_slot *slot; /* the one that is being read, or NULL */
    /* The line that gave config_keys[i]; 0: none. Those of a slot begin anew with each, and remain as bits. */
    unsigned given[CONFIG_KEYS_MAX];
    uint32_t slot_given[CONFIG_SLOTS_MAX];
    bool failed;
    char *error;
    size_t error_size;
};

/* Keeps the first error: "FILE:LINE: …", or "FILE: …" for line 0. */
__attribute__((format(printf, 3, 4))) static void fail(struct config_reader *reader, unsigned line, const char *format,
                                                       ...)
{
    if (reader->failed)
        return;
    reader->failed = true;
    char what[512], text[1024];
    va_list arguments;
    va_start(arguments, format);
    text_vprint(what, sizeof(what), format, arguments);
    va_end(arguments);
    if (line > 0)
        text_print(text, sizeof(text), "%s:%u: %s", reader->name, line, what);
    else
        text_print(text, sizeof(text), "%s: %s", reader->name, what);
    if (reader->error_size > 0)
        utf8_copy(reader->error, reader->error_size, text);
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
    if (slot->path[0] == '\0')
        fail(reader, reader->section_line, "[slot %s] has no path", slot->name);
    for (const struct config_slot *other = reader->config->slots; other < slot; other++)
        if (!reader->failed && strcmp(other->path, slot->path) == 0)
            fail(reader, reader->section_line, "[slot %s] has the same path as [slot %s]: %s", slot->name, other->name,
                 slot->path);
}

static void begin_slot(struct config_reader *reader, const char *name)
{
    struct config *config = reader->config;
    if (!config_slot_name_ok(name)) {
        fail(reader, reader->line, "a slot is [slot NAME], its name 1 to 63 letters, digits, '-', '_', '.'; not \"%s\"",
             name);
        return;
    }
    for (size_t i = 0; i < config->n_slots; i++)
        if (strcmp(config->slots[i].name, name) == 0) {
            fail(reader, reader->line, "there is a [slot %s] already", name);
            return;
        }
    if (config->n_slots == CONFIG_SLOTS_MAX) {
        fail(reader, reader->line, "there are more than %d slots", CONFIG_SLOTS_MAX);
        return;
    }
    reader->slot = &config->slots[config->n_slots++];
    utf8_copy(reader->slot->name, sizeof(reader->slot->name), name);
    for (size_t i = 0; i < config_keys_count; i++)
        if (is_slot_key(&config_keys[i]))
            reader->given[i] = 0;
}

/* A line that begins with '['; trailing blanks are gone. */
static void begin_section(struct config_reader *reader, const char *line)
{
    end_slot(reader);
    size_t length = strlen(line);
    if (line[length - 1] != ']' || strchr(line, ']') != line + length - 1) {
        fail(reader, reader->line, "a section is [NAME] on a line of its own");
        return;
    }
    reader->section_line = reader->line;
    snprintf(reader->section, sizeof(reader->section), "%.*s", (int)length - 2, line + 1);

    size_t word = strcspn(reader->section, " \t");
    if (word == strlen(CONFIG_SLOT_SECTION) && strncmp(reader->section, CONFIG_SLOT_SECTION, word) == 0) {
        begin_slot(reader, reader->section + word + strspn(reader->section + word, " \t"));
        return;
    }
    for (size_t i = 0; i < config_keys_count; i++)
        if (strcmp(config_keys[i].section, reader->section) == 0)
            return;
    fail(reader, reader->line, "unknown section [%s]", reader->section);
}

/* fgets() for inih, one line of `size` bytes at most. Ends the parsing at the first error. */
static char *next_line(char *line, int size, void *data)
{
    struct config_reader *reader = data;
    if (reader->failed || reader->at == reader->end)
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
    if (length + 3 > (size_t)size) {
        fail(reader, reader->line, "the line is longer than %d bytes", size - 3);
        return NULL;
    }
    for (const char *c = start; c < end;) {
        size_t n = *c == '\t' ? 1 : utf8_char(c, (size_t)(end - c));
        if (n == 0) {
            fail(reader, reader->line, "byte 0x%02x is no printable UTF-8 text", (unsigned char)*c);
            return NULL;
        }
        c += n;
    }
    memcpy(line, start, length);
    line[length] = '\0';
    if (line[0] == '[')
        begin_section(reader, line);
    memcpy(line + length, "\n", 2);
    return reader->failed ? NULL : line;
}

static int take_value(void *data, const char *section, const char *name, const char *value)
{
    struct config_reader *reader = data;
    (void)section; /* cut off by inih if it is long */
    if (reader->section[0] == '\0') {
        fail(reader, reader->line, "\"%s\" stands before the first [section]", name);
        return 0;
    }
    for (size_t i = 0; i < config_keys_count; i++) {
        const struct config_key *key = &config_keys[i];
        if (strcmp(key->name, name) != 0 ||
            (reader->slot ? !is_slot_key(key) : strcmp(key->section, reader->section) != 0))
            continue;
        char shown[81];
        text_copy(shown, sizeof(shown), value);
        if (reader->given[i] > 0 && !key->repeats) {
            fail(reader, reader->line, "%s = %s: was given in line %u already", name, shown, reader->given[i]);
            return 0;
        }
        reader->given[i] = reader->line;
        void *target = reader->slot ? (void *)reader->slot : (void *)reader->config;
        char why[160];
        if (key->parse(key, value, target, why, sizeof(why))) {
            fail(reader, reader->line, "%s = %s: %s", name, shown, why);
            return 0;
        }
        if (reader->slot)
            reader->slot_given[reader->slot - reader->config->slots] |= 1U << i;
        return 1;
    }
    fail(reader, reader->line, "unknown key \"%s\" in [%s]", name, reader->section);
    return 0;
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
    for (size_t i = 0; i < config_keys_count && !reader->failed; i++) {
        const struct config_key *key = &config_keys[i];
        char why[160];
        if (key->fallback && reader->given[i] == 0 && key->parse(key, key->fallback, config, why, sizeof(why)))
            fail(reader, 0, "%s = %s (the default): %s", key->name, key->fallback, why);
    }
    if (config->name[0] == '\0') {
        char host[256] = "";
        gethostname(host, sizeof(host) - 1);
        utf8_copy(config->name, sizeof(config->name), host[0] ? host : "gangd");
    }
    for (size_t i = 0; i < config->n_slots; i++)
        fill_in_slot(config, &config->slots[i], reader->slot_given[i]);
    if (config->watch_address[0] && config->watch_token_file[0] == '\0')
        fail(reader, 0, "[http] watch needs watch_token_file = PATH, a file with the token");
    if (config->n_files == 0)
        fail(reader, 0, "[product] names no image: it needs file = PATH");
}

int config_parse(struct config *config, const char *name, const char *text, size_t len, char *error, size_t error_size)
{
    *config = (struct config){0};
    struct config_reader reader = {
        .config = config, .name = name, .at = text, .end = text + len, .error = error, .error_size = error_size};
    static const char bom[] = "\xEF\xBB\xBF";
    if (len >= 3 && memcmp(text, bom, 3) == 0)
        reader.at += 3;

    ini_max_line = LINE_MAX_BYTES;
    ini_stop_on_first_error = true;
    /* A comment is a line of its own: the "#12" of "lot = order #12" belongs to the value. */
    ini_allow_inline_comments = false;
    if (ini_parse_stream(next_line, &reader, take_value, &reader) != 0)
        fail(&reader, reader.line, "is neither KEY = VALUE nor [SECTION]");
    end_slot(&reader);
    if (!reader.failed)
        fill_in(&reader);
    return reader.failed ? -1 : 0;
}

/* NULL with errno: EFBIG if it is larger than that, or the error of a read. */
static char *read_to_end(FILE *file, size_t *length)
{
    char *text = must_malloc(FILE_MAX_BYTES + 1);
    *length = fread(text, 1, FILE_MAX_BYTES + 1, file);
    if (!ferror(file) && *length <= FILE_MAX_BYTES) {
        text[*length] = '\0';
        return text;
    }
    int error = ferror(file) ? errno : EFBIG;
    free(text);
    errno = error;
    return NULL;
}

static char *read_pipe(const char *path, size_t *length)
{
    FILE *file = fopen(path, "re");
    char *text = file ? read_to_end(file, length) : NULL;
    int error = errno;
    if (file)
        fclose(file);
    errno = error;
    return text;
}

/* The size of a pipe or of a device is not known before its end. */
char *config_text(const char *path, size_t *length)
{
    struct stat info;
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode))
        return read_pipe(path, length);
    return file_read(AT_FDCWD, path, FILE_MAX_BYTES, length);
}

int config_read(struct config *config, const char *path, char *error, size_t error_size)
{
    size_t length;
    char *text = config_text(path, &length);
    if (!text) {
        struct config_reader reader = {.name = path, .error = error, .error_size = error_size};
        fail(&reader, 0, "cannot be read: %s", file_error(errno));
        return -1;
    }
    int result = config_parse(config, path, text, length, error, error_size);
    free(text);
    return result;
}
