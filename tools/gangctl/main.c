/* SPDX-License-Identifier: MIT */
#include "tools/gangctl/gangctl.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Which options a command takes, besides those that all take. */
enum { FILTER = 1, BOOK = 2, EXPORT = 4, ROOT = 8 };

static const struct command {
    const char *name;
    const char *arguments; /* for the help */
    int n_arguments;
    unsigned options;
    int (*run)(const struct options *options, char **arguments);
    const char *help;
} commands[] = {
    {"status", "", 0, 0, command_status, "show the station and its slots"},
    {"watch", "", 0, 0, command_watch, "follow what happens, a line for each change"},
    {"attempts", "", 0, FILTER | BOOK, command_attempts, "list attempts in the book, oldest first"},
    {"units", "", 0, FILTER | BOOK, command_units, "list units: one line for each MAC address"},
    {"export", "", 0, FILTER | BOOK | EXPORT, command_export, "write the book to a file or to standard output"},
    {"retry", "SLOT", 1, 0, command_retry, "start a new attempt at a slot"},
    {"doctor", "", 0, ROOT, command_doctor, "look for what keeps this bench from working"},
};

#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

/* Those with FILTER (and format) are parameters of the API: query.c knows what they may be. */
static const struct option_row {
    const char *name;
    const char *value; /* NULL: takes none */
    unsigned needs;    /* commands with one of these take it; 0: all do */
    char letter;       /* 0: none */
    const char *help;
} option_rows[] = {
    {"since", "TIME", FILTER, 0, "from this date (2026-03-02) or time (2026-03-02T09:00) on"},
    {"until", "TIME", FILTER, 0, "before this date or time"},
    {"slot", "NAME", FILTER, 0, "of this slot"},
    {"verdict", "VERDICT", FILTER, 0, "pass, fail, interrupted or open"},
    {"mac", "MAC", FILTER, 0, "of this board"},
    {"limit", "N", FILTER, 0, "at most so many"},
    {"format", "FORMAT", EXPORT, 0, "csv (default), json or ndjson"},
    {"units", NULL, EXPORT, 0, "units instead of attempts"},
    {"output", "FILE", EXPORT, 'o', "replace FILE when all is written; without it, standard output"},
    {"book", "FILE", BOOK, 0, "read this book without a gangd"},
    {"root", "DIR", ROOT, 0, "look at the machine whose files are under DIR"},
    {"socket", "PATH", 0, 0, "gangd's socket; default: $GANGD_SOCKET, or " DEFAULT_SOCKET},
    {"json", NULL, 0, 0, "print JSON"},
    {"help", NULL, 0, 'h', "print this help"},
    {"version", NULL, 0, 'V', "print the version"},
};

#define N_OPTIONS (sizeof(option_rows) / sizeof(option_rows[0]))

void complain(const char *format, ...)
{
    char text[1400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7F)
            *c = '?';
    fprintf(stderr, "gangctl: %s\n", text);
}

static void print_options(unsigned needs)
{
    for (size_t i = 0; i < N_OPTIONS; i++) {
        const struct option_row *o = &option_rows[i];
        char letter[8] = "", name[48];
        if (o->needs != needs)
            continue;
        if (o->letter)
            snprintf(letter, sizeof(letter), "-%c,", o->letter);
        snprintf(name, sizeof(name), "--%s%s%s", o->name, o->value ? " " : "", o->value ? o->value : "");
        printf("  %-3s %-18s %s\n", letter, name, o->help);
    }
}

/* Of one command, or of all (NULL). */
static void print_help(const struct command *command)
{
    unsigned options = FILTER | BOOK | EXPORT | ROOT;
    if (command) {
        printf("Usage: gangctl %s [OPTION]...%s%s\nTo %s.\n", command->name, command->arguments[0] ? " " : "",
               command->arguments, command->help);
        options = command->options;
    } else {
        puts("Usage: gangctl COMMAND [OPTION]...\nTalks to gangd, the gang programmer.\n\nCommands:");
        for (size_t i = 0; i < N_COMMANDS; i++) {
            char name[32];
            snprintf(name, sizeof(name), "%s %s", commands[i].name, commands[i].arguments);
            printf("  %-22s %s\n", name, commands[i].help);
        }
    }
    puts("\nOptions:");
    print_options(0);
    if (options & BOOK)
        print_options(BOOK);
    if (options & FILTER) {
        puts(command ? "\nWhich rows:" : "\nWhich rows (attempts, units, export):");
        print_options(FILTER);
    }
    if (options & EXPORT) {
        puts(command ? "\nThe file:" : "\nThe file (export):");
        print_options(EXPORT);
    }
    if (options & ROOT) {
        puts(command ? "\nThe machine:" : "\nThe machine (doctor):");
        print_options(ROOT);
    }
    puts("\nExit status: 0 done, 1 gangd refused or doctor found what fails, 2 wrong usage, 3 gangd or the book cannot "
         "be reached,\n"
         "4 the answer makes no sense or broke off, 5 the output cannot be written.");
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < N_COMMANDS; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

struct line {
    struct options options;
    unsigned given; /* one bit for each of option_rows */
    bool help, version;
};

/* Takes option `index` with its value. False: said what is wrong. */
static bool take_option(struct line *line, int index, const char *value)
{
    const struct option_row *o = &option_rows[index];
    struct options *options = &line->options;
    char error[256];
    line->given |= 1U << index;
    if ((o->needs & FILTER) || strcmp(o->name, "format") == 0) {
        if (query_set(&options->query, o->name, strlen(o->name), value, strlen(value), error, sizeof(error)) == 0)
            return true;
        complain("--%s", error);
        return false;
    }
    if (strcmp(o->name, "units") == 0)
        options->units = true;
    else if (strcmp(o->name, "output") == 0)
        options->output = value;
    else if (strcmp(o->name, "book") == 0)
        options->book = value;
    else if (strcmp(o->name, "root") == 0)
        options->root = value;
    else if (strcmp(o->name, "socket") == 0)
        options->socket = value;
    else if (strcmp(o->name, "json") == 0)
        options->json = true;
    else if (strcmp(o->name, "help") == 0)
        line->help = true;
    else
        line->version = true;
    return true;
}

/* Leaves what is no option behind optind. */
static bool read_options(struct line *line, int argc, char **argv)
{
    struct option longs[N_OPTIONS + 1];
    char shorts[2 * N_OPTIONS + 1];
    size_t n = 0;
    for (size_t i = 0; i < N_OPTIONS; i++) {
        const struct option_row *o = &option_rows[i];
        longs[i] = (struct option){o->name, o->value ? required_argument : no_argument, NULL, o->letter};
        if (o->letter)
            shorts[n++] = o->letter;
        if (o->letter && o->value)
            shorts[n++] = ':';
    }
    longs[N_OPTIONS] = (struct option){NULL, 0, NULL, 0};
    shorts[n] = '\0';

    int letter, index = 0;
    while ((letter = getopt_long(argc, argv, shorts, longs, &index)) != -1) {
        if (letter == '?')
            return false; /* getopt_long() has said what is wrong */
        for (int i = 0; letter != 0 && i < (int)N_OPTIONS; i++)
            if (option_rows[i].letter == letter)
                index = i;
        if (!take_option(line, index, optarg))
            return false;
    }
    return true;
}

/* Do options and arguments go with the command? */
static bool check(const struct line *line, const struct command *command, int n_arguments)
{
    for (size_t i = 0; i < N_OPTIONS; i++) {
        const struct option_row *o = &option_rows[i];
        if (!(line->given & 1U << i) || o->needs == 0 || (o->needs & command->options))
            continue;
        complain("%s takes no --%s", command->name, o->name);
        return false;
    }
    if (n_arguments != command->n_arguments) {
        complain(n_arguments < command->n_arguments ? "%s needs %s" : "%s takes %s and nothing else", command->name,
                 command->n_arguments ? command->arguments : "no argument");
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

int main(int argc, char **argv)
{
    const char *socket = getenv("GANGD_SOCKET");
    struct line line = {.options.socket = socket && socket[0] ? socket : DEFAULT_SOCKET};
    query_init(&line.options.query, false);
    line.options.query.format = STORE_CSV; /* of an export that does not say */
    if (!read_options(&line, argc, argv))
        return usage();
    argv += optind;
    argc -= optind;
    const struct command *command = argc > 0 ? find_command(argv[0]) : NULL;
    if (line.version) {
        puts("gangctl " GANGD_VERSION);
        return flushed(DONE);
    }
    if (argc > 0 && !command) {
        complain("there is no command \"%s\"", argv[0]);
        return usage();
    }
    if (line.help) {
        print_help(command);
        return flushed(DONE);
    }
    if (!command) {
        complain("a command is needed");
        return usage();
    }
    if (!check(&line, command, argc - 1))
        return usage();
    return flushed(command->run(&line.options, argv + 1));
}
