/* SPDX-License-Identifier: MIT */
/* The operator's script: what to do at which time. */
#include "tools/boardsim/script.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct script_line {
    unsigned number;
    double at; /* not before this time, in seconds; negative: at once */
    char *command;
};

struct script {
    char *path;
    struct script_line *lines;
    size_t count, next;
    bool waiting;
    struct operator_wait wait;
};

void script_free(struct script *script)
{
    if (!script)
        return;
    for (size_t i = 0; i < script->count; i++)
        free(script->lines[i].command);
    free(script->lines);
    free(script->path);
    free(script);
}

/* Takes "at SECONDS" off the front of the line. Returns the rest, NULL if the time is none. */
static const char *read_time(const char *text, double *at)
{
    *at = -1;
    text += strspn(text, " \t");
    if (strncmp(text, "at", 2) != 0 || !strchr(" \t", text[2]))
        return text;
    text += 2;
    text += strspn(text, " \t");
    char time[32];
    size_t length = strcspn(text, " \t\r\n");
    if (length >= sizeof time)
        return NULL;
    memcpy(time, text, length);
    time[length] = '\0';
    return spec_real(time, 0, 1e6, at) ? text + length : NULL;
}

static int add_line(struct script *script, unsigned number, const char *text, char answer[OPERATOR_ANSWER])
{
    struct script_line line = {number, -1, NULL};
    const char *command = read_time(text, &line.at);
    if (!command) {
        snprintf(answer, OPERATOR_ANSWER, "at: not a number of seconds");
        return -1;
    }
    struct operator_wait wait;
    if (operator_command(NULL, command, &wait, answer) != OPERATOR_DONE)
        return -1;
    line.command = strdup(command);
    struct script_line *lines = realloc(script->lines, (script->count + 1) * sizeof *lines);
    if (lines)
        script->lines = lines;
    if (!lines || !line.command) {
        free(line.command);
        snprintf(answer, OPERATOR_ANSWER, "out of memory");
        return -1;
    }
    lines[script->count++] = line;
    return 0;
}

struct script *script_load(const char *path, char *error, size_t size)
{
    FILE *file = fopen(path, "r");
    if (!file) {
        snprintf(error, size, "%s: %s", path, strerror(errno));
        return NULL;
    }
    struct script *script = calloc(1, sizeof *script);
    if (script)
        script->path = strdup(path);
    bool good = script && script->path;
    if (!good)
        snprintf(error, size, "%s: out of memory", path);
    char text[512];
    for (unsigned number = 1; good && fgets(text, sizeof text, file); number++) {
        char answer[OPERATOR_ANSWER];
        text[strcspn(text, "\r\n")] = '\0';
        good = add_line(script, number, text, answer) == 0;
        if (!good)
            snprintf(error, size, "%s:%u: %s", path, number, answer);
    }
    if (good && ferror(file)) {
        snprintf(error, size, "%s: %s", path, strerror(errno));
        good = false;
    }
    fclose(file);
    if (good)
        return script;
    script_free(script);
    return NULL;
}

enum operator_result script_tick(struct script *script, struct rack *rack, char answer[OPERATOR_ANSWER])
{
    *answer = '\0';
    while (script->next < script->count) {
        const struct script_line *line = &script->lines[script->next];
        if (rack_time(rack) < line->at)
            return OPERATOR_WAITS;
        char text[OPERATOR_ANSWER];
        enum operator_result result = script->waiting ? operator_wait(rack, &script->wait, text)
                                                      : operator_command(rack, line->command, &script->wait, text);
        script->waiting = result == OPERATOR_WAITS;
        if (result == OPERATOR_WAITS)
            return result;
        script->next++;
        if (result == OPERATOR_REFUSED)
            snprintf(answer, OPERATOR_ANSWER, "%.200s:%u: %.250s", script->path, line->number, text);
        if (result != OPERATOR_DONE)
            return result;
    }
    return OPERATOR_DONE;
}
