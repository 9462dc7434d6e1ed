/* SPDX-License-Identifier: MIT */
#include "daemon/base/memory.h"
#include "daemon/config/config.h"
#include "daemon/config/paths.h"
#include "tools/gangctl/base/complain.h"
#include "tools/gangctl/base/options.h"
#include "tools/gangctl/commands/commands.h"
#include "tools/gangctl/help.h"
#include "tools/gangctl/table.h"

#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct command_line {
    struct options options;
    unsigned given; /* one bit for each of option_rows */
    bool help, version;
};

static bool take_number(const char *name, const char *value, unsigned long max, unsigned long *number)
{
    char *end;
    *number = strtoul(value, &end, 10);
    if (*end == '\0' && value[0] != '-' && *number > 0 && *number <= max)
        return true;
    complain("--%s %s: must be a number from 1 to %lu", name, value, max);
    return false;
}

/* A parameter of the API. */
static bool take_parameter(struct options *options, const char *name, const char *value)
{
    char error[256];
    options->ordered = options->ordered || strcmp(name, "order") == 0;
    if (query_set(&options->query, name, strlen(name), value, strlen(value), error, sizeof(error)) == 0)
        return true;
    complain("--%s", error);
    return false;
}

/* Takes option `index` with its value. False: said what is wrong. */
static bool take_option(struct command_line *line, int index, const char *value)
{
    struct options *options = &line->options;
    const struct option_row *o = &option_rows[index];
    const struct {
        const char *name, **text; /* its value goes there */
        bool *flag;               /* or it has none, and sets this */
    } places[] = {
        {"output", &options->output, NULL}, {"book", &options->book, NULL},     {"root", &options->root, NULL},
        {"prefix", &options->prefix, NULL}, {"config", &options->config, NULL}, {"socket", &options->socket, NULL},
        {"units", NULL, &options->units},   {"write", NULL, &options->write},   {"json", NULL, &options->json},
        {"wait", NULL, &options->wait},     {"help", NULL, &line->help},        {"version", NULL, &line->version},
    };
    line->given |= 1U << index;
    if (strcmp(o->name, "count") == 0)
        return take_number(o->name, value, CONFIG_SLOTS_MAX, &options->count);
    if (strcmp(o->name, "timeout") == 0)
        return take_number(o->name, value, TIMEOUT_MAX, &options->timeout);
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (strcmp(o->name, places[i].name) != 0)
            continue;
        if (places[i].text)
            *places[i].text = value;
        else
            *places[i].flag = true;
        return true;
    }
    return take_parameter(options, o->name, value);
}

/* Leaves what is no option behind optind. */
static bool read_options(struct command_line *line, int argc, char **argv)
{
    struct option longs[OPTIONS_MAX] = {0};
    char shorts[2 * OPTIONS_MAX + 1];
    size_t n = 0;
    for (size_t i = 0; option_rows[i].name; i++) {
        const struct option_row *o = &option_rows[i];
        longs[i] = (struct option){o->name, o->value ? required_argument : no_argument, NULL, o->letter};
        if (o->letter)
            shorts[n++] = o->letter;
        if (o->letter && o->value)
            shorts[n++] = ':';
    }
    shorts[n] = '\0';

    int letter, index = 0;
    while ((letter = getopt_long(argc, argv, shorts, longs, &index)) != -1) {
        if (letter == '?')
            return false; /* getopt_long() has said what is wrong */
        for (int i = 0; letter != 0 && option_rows[i].name; i++)
            if (option_rows[i].letter == letter)
                index = i;
        if (!take_option(line, index, optarg))
            return false;
    }
    return true;
}

/* Do options and arguments go with the command? */
static bool check(const struct command_line *line, const struct command_row *command, int n_arguments)
{
    for (size_t i = 0; option_rows[i].name; i++) {
        const struct option_row *o = &option_rows[i];
        if (!(line->given & 1U << i) || o->needs == 0 || (o->needs & command->options))
            continue;
        complain("%s takes no --%s", command->name, o->name);
        return false;
    }
    if (n_arguments < command->least || n_arguments > command->most) {
        complain(n_arguments < command->least ? "%s needs %s" : "%s takes %s and nothing else", command->name,
                 command->most ? command->arguments : "no argument");
        return false;
    }
    if (line->options.timeout && !line->options.wait) {
        complain("--timeout needs --wait");
        return false;
    }
    char error[256];
    if (query_check(&line->options.query, error, sizeof(error)) != 0) {
        complain("%s", error);
        return false;
    }
    /* A unit bears the verdict of its latest closed attempt. */
    bool units = command->run == command_units || line->options.units;
    if (units && line->options.query.filter.has_verdict && line->options.query.filter.verdict == VERDICT_OPEN) {
        complain("--verdict=open: a unit is never open");
        return false;
    }
    return true;
}

static int usage(void)
{
    fputs("Try 'gangctl --help'.\n", stderr);
    return USAGE;
}

/* What was printed may still be on its way to a full disk. */
static int flushed(int result)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return result;
    complain("standard output: %s", strerror(errno));
    return NO_OUTPUT;
}

static int unknown_command(const char *name)
{
    complain("there is no command \"%s\"", name);
    return usage();
}

/* gangctl help [COMMAND] */
static int help_about(char **words, int n)
{
    int used = 0;
    const struct command_row *command = find_command(words, n, &used);
    if (used < n)
        return unknown_command(words[used]);
    print_help(command);
    return flushed(DONE);
}

int main(int argc, char **argv)
{
    json_set_alloc_funcs(must_malloc, free);
    const char *socket = getenv("GANGD_SOCKET");
    struct command_line line = {.options.socket = socket && socket[0] ? socket : CONFIG_DEFAULT_SOCKET};
    query_init(&line.options.query, false);
    line.options.query.format = BOOK_CSV; /* of an export that does not say */
    if (!read_options(&line, argc, argv))
        return usage();
    argv += optind;
    argc -= optind;
    int words = 0;
    const struct command_row *command = find_command(argv, argc, &words);
    if (line.version) {
        puts("gangctl " GANGD_VERSION);
        return flushed(DONE);
    }
    if (argc > 0 && !command)
        return unknown_command(argv[0]);
    if (command && !command->run)
        return help_about(argv + words, argc - words);
    if (line.help) {
        print_help(command);
        return flushed(DONE);
    }
    if (!command) {
        complain("a command is needed");
        return usage();
    }
    if (!check(&line, command, argc - words))
        return usage();
    return flushed(command->run(&line.options, argv + words));
}
