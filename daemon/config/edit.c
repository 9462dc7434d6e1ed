/* SPDX-License-Identifier: MIT */
#include "daemon/config/edit.h"

#include "daemon/base/file.h"
#include "daemon/base/memory.h"
#include "daemon/base/write_all.h"
#include "daemon/config/config.h"
#include "proto/link/text.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A line of the old text: what is between blanks, and the end with its '\r' or '\n'. */
struct text_line {
    const char *start, *end; /* without the blanks around it */
    const char *next;        /* the one behind it */
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* The line at `at`, as config.c cuts it. */
static struct text_line line_at(const char *at, const char *end)
{
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    struct text_line line = {at, newline ? newline : end, newline ? newline + 1 : end};
    while (line.start < line.end && is_blank(line.start[0]))
        line.start++;
    while (line.end > line.start && is_blank(line.end[-1]))
        line.end--;
    return line;
}

static bool is_section(const struct text_line *line)
{
    return line->start < line->end && line->start[0] == '[';
}

/* What follows `word` at the beginning of the line and the blanks behind it; NULL if the line begins otherwise, or if
 * nothing follows. `*blanks`: how many. */
static const char *behind(const struct text_line *line, const char *word, size_t *blanks)
{
    size_t len = strlen(word);
    if ((size_t)(line->end - line->start) <= len || strncmp(line->start, word, len) != 0)
        return NULL;
    const char *at = line->start + len;
    while (at < line->end && is_blank(at[0]))
        at++;
    *blanks = (size_t)(at - (line->start + len));
    return at;
}

/* "[slot  NAME]" */
static bool is_slot(const struct text_line *line, const char *name)
{
    size_t blanks, len = strlen(name);
    const char *at = behind(line, "[slot", &blanks);
    return at && blanks > 0 && (size_t)(line->end - at) == len + 1 && strncmp(at, name, len) == 0 && at[len] == ']';
}

/* "path = …" or "path: …" */
static bool is_path(const struct text_line *line)
{
    size_t blanks;
    const char *at = behind(line, "path", &blanks);
    return at && at < line->end && (at[0] == '=' || at[0] == ':');
}

/* The new text. */
struct text_buffer {
    char *text;
    size_t len, capacity;
};

static void add(struct text_buffer *out, const char *bytes, size_t len)
{
    if (!out->text || out->len + len + 1 > out->capacity) {
        out->capacity = 2 * (out->len + len + 1);
        out->text = must_realloc(out->text, out->capacity, 1);
    }
    memcpy(out->text + out->len, bytes, len);
    out->len += len;
    out->text[out->len] = '\0';
}

static void add_text(struct text_buffer *out, const char *text)
{
    add(out, text, strlen(text));
}

static const struct config_place *place_of(const struct text_line *line, const struct config_place *places, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (is_slot(line, places[i].name))
            return &places[i];
    return NULL;
}

/* Whether the section that continues at `at` gives its path. */
static bool has_path(const char *at, const char *end)
{
    while (at < end) {
        struct text_line line = line_at(at, end);
        if (is_section(&line))
            return false;
        if (is_path(&line))
            return true;
        at = line.next;
    }
    return false;
}

/* A text that is being edited. */
struct edit {
    const struct config_place *places;
    size_t n;
    bool *found;                   /* which of the places have a section in the old text */
    const struct config_place *in; /* the one whose section is being copied; NULL: another section */
    const char *end;               /* of the old text */
    const char *newline;           /* as the old text has it */
    struct text_buffer out;
};

static void add_path(struct edit *edit, const char *path)
{
    add_text(&edit->out, "path = ");
    add_text(&edit->out, path);
}

/* Copies the first line of a section. One without a path gets it there. */
static void copy_section(struct edit *edit, const char *at, const struct text_line *line)
{
    edit->in = place_of(line, edit->places, edit->n);
    add(&edit->out, at, (size_t)(line->next - at));
    if (!edit->in)
        return;
    edit->found[edit->in - edit->places] = true;
    if (has_path(line->next, edit->end))
        return;
    if (line->next == edit->end && edit->end[-1] != '\n')
        add_text(&edit->out, edit->newline);
    add_path(edit, edit->in->path);
    add_text(&edit->out, edit->newline);
}

/* Puts the new path in, between the blanks and the end of the old line. */
static void replace_path(struct edit *edit, const char *at, const struct text_line *line)
{
    add(&edit->out, at, (size_t)(line->start - at));
    add_path(edit, edit->in->path);
    add(&edit->out, line->end, (size_t)(line->next - line->end));
}

static void copy_lines(struct edit *edit, const char *at)
{
    while (at < edit->end) {
        struct text_line line = line_at(at, edit->end);
        if (is_section(&line))
            copy_section(edit, at, &line);
        else if (edit->in && is_path(&line))
            replace_path(edit, at, &line);
        else
            add(&edit->out, at, (size_t)(line.next - at));
        at = line.next;
    }
}

/* A section at the end, behind an empty line. */
static void append_section(struct edit *edit, const struct config_place *place)
{
    struct text_buffer *out = &edit->out;
    if (out->len > 0 && out->text[out->len - 1] != '\n')
        add_text(out, edit->newline);
    const char *const words[] = {out->len > 0 ? edit->newline : "", "[slot ", place->name, "]", edit->newline};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        add_text(out, words[i]);
    add_path(edit, place->path);
    add_text(out, edit->newline);
}

/* The end of a line as the text has it. */
static const char *newline_of(const char *text, size_t len)
{
    const char *first_end = memchr(text, '\n', len);
    return first_end && first_end > text && first_end[-1] == '\r' ? "\r\n" : "\n";
}

char *config_edit_text(const char *text, size_t len, const struct config_place *places, size_t n, size_t *new_len)
{
    static const char bom[] = "\xEF\xBB\xBF";
    size_t bom_len = len >= strlen(bom) && memcmp(text, bom, strlen(bom)) == 0 ? strlen(bom) : 0;
    struct edit edit = {.places = places, .n = n, .end = text + len, .newline = newline_of(text, len)};
    edit.found = must_calloc(n + 1, sizeof(*edit.found));
    add(&edit.out, text, bom_len);
    copy_lines(&edit, text + bom_len);
    for (size_t i = 0; i < n; i++)
        if (!edit.found[i])
            append_section(&edit, &places[i]);
    free(edit.found);
    *new_len = edit.out.len;
    return edit.out.text;
}

__attribute__((format(printf, 3, 4))) static int fail(char *error, size_t error_size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    text_vprint(error, error_size, format, arguments);
    va_end(arguments);
    return -1;
}

static int check(const char *file, const char *text, size_t len, char *error, size_t error_size)
{
    struct config *config = must_calloc(1, sizeof(*config));
    int result = config_parse(config, file, text, len, error, error_size);
    free(config);
    return result;
}

/* After this the new file survives a power cut. */
static void sync_directory(const char *file)
{
    char copy[PATH_MAX];
    text_copy(copy, sizeof(copy), file);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
}

/* The old file stays under another name: by link(), so that there is a configuration at every moment. */
static bool keep_old(const char *file)
{
    char kept[PATH_MAX];
    if (snprintf(kept, sizeof(kept), "%s~", file) >= (int)sizeof(kept)) {
        errno = ENAMETOOLONG;
        return false;
    }
    return (unlink(kept) == 0 || errno == ENOENT) && link(file, kept) == 0;
}

/* `temporary` is the new file's name until it replaces `file`; "" if it could not be made. */
static bool put(const char *file, char *temporary, const char *text, size_t len)
{
    struct stat old;
    int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0) {
        temporary[0] = '\0';
        return false;
    }
    /* fchown() clears the set-user-ID bits, so the mode is set after it. */
    bool fine = stat(file, &old) == 0 && write_all(fd, text, len) && fchown(fd, old.st_uid, old.st_gid) == 0 &&
                fchmod(fd, old.st_mode & 07777) == 0 && fsync(fd) == 0;
    fine = close(fd) == 0 && fine;
    if (!fine || !keep_old(file) || rename(temporary, file) != 0)
        return false;
    sync_directory(file);
    return true;
}

int config_edit_file(const char *name, const struct config_place *places, size_t n, char *error, size_t error_size)
{
    char file[PATH_MAX], temporary[PATH_MAX + 8];
    size_t len, new_len;
    if (!realpath(name, file))
        return fail(error, error_size, "%s: %s", name, strerror(errno));
    char *text = config_text(file, &len);
    if (!text)
        return fail(error, error_size, "%s: %s", file, file_error(errno));
    char *new_text = config_edit_text(text, len, places, n, &new_len);
    free(text);
    int result = check(file, new_text, new_len, error, error_size);
    snprintf(temporary, sizeof(temporary), "%s.XXXXXX", file);
    if (result == 0 && !put(file, temporary, new_text, new_len)) {
        result = fail(error, error_size, "%s: cannot be replaced: %s", file, strerror(errno));
        if (temporary[0])
            unlink(temporary);
    }
    free(new_text);
    return result;
}

int config_edit_allowed(const char *name, char *error, size_t error_size)
{
    char file[PATH_MAX], directory[PATH_MAX];
    struct stat st;
    if (!realpath(name, file) || stat(file, &st) != 0)
        return fail(error, error_size, "%s: %s", name, strerror(errno));
    memcpy(directory, file, sizeof(directory));
    if (access(dirname(directory), W_OK | X_OK) != 0)
        return fail(error, error_size, "%s: cannot be replaced: %s", file, strerror(errno));
    if (geteuid() != 0 && geteuid() != st.st_uid)
        return fail(error, error_size, "%s: cannot be replaced: it is another user's", file);
    return 0;
}
