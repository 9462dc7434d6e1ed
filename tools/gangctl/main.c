/* SPDX-License-Identifier: MIT */
#include "daemon/base/memory.h"
#include "daemon/config/config.h"
#include "daemon/config/paths.h"
#include "tools/gangctl/base/complain.h"
#include "tools/gangctl/base/options.h"
#include "tools/gangctl/commands/commands.h"

#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Which options a command takes, besides those that all take. */
enum { FILTER = 1, BOOK = 2, EXPORT = 4, ROOT = 8, LEARN = 16 };

#define MANY 1000

static const struct command_row {
    const char *name;      /* one word, or two */
    const char *arguments; /* for the help */
    int least, most;       /* of them */
    unsigned options;
    int (*run)(const struct options *options, char **arguments);
    const char *help;
} commands[] = {
    {"status", "", 0, 0, 0, command_status, "show the station and its slots"},
    {"watch", "", 0, 0, 0, command_watch, "follow what happens, a line for each change"},
    {"attempts", "", 0, 0, FILTER | BOOK, command_attempts, "list attempts in the book, oldest first"},
    {"attempt", "ID", 1, 1, BOOK, command_attempt, "show one attempt and each of its tries"},
    {"units", "", 0, 0, FILTER | BOOK, command_units, "list units: one line for each MAC address"},
    {"export", "", 0, 0, FILTER | BOOK | EXPORT, command_export, "write the book to a file or to standard output"},
    {"start", "[SLOT]...", 0, MANY, 0, command_start, "start attempts; without SLOT, where presence = start"},
    {"retry", "SLOT", 1, 1, 0, command_retry, "start a new attempt at a slot"},
    {"slots", "", 0, 0, 0, command_slots, "list the places of the fixture"},
    {"slots learn", "[NAME]...", 0, MANY, LEARN, command_learn, "name them: plug an adapter into one after the other"},
    {"doctor", "", 0, 0, ROOT, command_doctor, "look for what keeps this bench from working"},
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
    {"prefix", "TEXT", LEARN, 0, "without names: TEXT1, TEXT2, ...; default: A"},
    {"count", "N", LEARN, 0, "without names: so many; default: until you end it"},
    {"write", NULL, LEARN, 0, "put them into the configuration, not on standard output"},
    {"config", "FILE", LEARN, 0, "the configuration; default: " CONFIG_DEFAULT_PATH},
    {"socket", "PATH", 0, 0, "gangd's socket; default: $GANGD_SOCKET, or " CONFIG_DEFAULT_SOCKET},
    {"json", NULL, 0, 0, "print JSON"},
    {"help", NULL, 0, 'h', "print this help"},
    {"version", NULL, 0, 'V', "print the version"},
};

#define N_OPTIONS (sizeof(option_rows) / sizeof(option_rows[0]))

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
static void print_help(const struct command_row *command)
{
    static const struct {
        unsigned options;
        const char *title, *commands;
    } groups[] = {
        {FILTER, "Which rows", "attempts, units, export"},
        {EXPORT, "The file", "export"},
        {ROOT, "The machine", "doctor"},
        {LEARN, "Names", "slots learn"},
    };
    unsigned options = ~0U;
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
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        if (!(options & groups[i].options))
            continue;
        printf("\n%s%s%s%s:\n", groups[i].title, command ? "" : " (", command ? "" : groups[i].commands,
               command ? "" : ")");
        print_options(groups[i].options);
    }
    puts("\nExit status: 0 done, 1 gangd refused or doctor found what fails, 2 wrong usage, 3 gangd or the book cannot "
         "be reached,\n"
         "4 the answer makes no sense or broke off, 5 the output cannot be written.");
}

/* The one that the first words name, or NULL. `*used` becomes how many these are. */
static const struct command_row *find_command(char **words, int n, int *used)
{
    for (*used = n < 2 ? n : 2; *used > 0; --*used) {
        char name[64];
        snprintf(name, sizeof(name), "%s%s%s", words[0], *used == 2 ? " " : "", *used == 2 ? words[1] : "");
        for (size_t i = 0; i < N_COMMANDS; i++)
            if (strcmp(commands[i].name, name) == 0)
                return &commands[i];
    }
    return NULL;
}

struct command_line {
    struct options options;
    unsigned given; /* one bit for each of option_rows */
    bool help, version;
};

/* Takes option `index` with its value. False: said what is wrong. */
static bool take_option(struct command_line *line, int index, const char *value)
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
    if (strcmp(o->name, "count") == 0) {
        char *end;
        options->count = strtoul(value, &end, 10);
        if (*end == '\0' && value[0] != '-' && options->count > 0 && options->count <= CONFIG_SLOTS_MAX)
            return true;
        complain("--count %s: must be a number from 1 to %d", value, CONFIG_SLOTS_MAX);
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
    else if (strcmp(o->name, "prefix") == 0)
        options->prefix = value;
    else if (strcmp(o->name, "write") == 0)
        options->write = true;
    else if (strcmp(o->name, "config") == 0)
        options->config = value;
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
static bool read_options(struct command_line *line, int argc, char **argv)
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
static bool check(const struct command_line *line, const struct command_row *command, int n_arguments)
{
    for (size_t i = 0; i < N_OPTIONS; i++) {
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
    if (!check(&line, command, argc - words))
        return usage();
    return flushed(command->run(&line.options, argv + words));
}
