/* SPDX-License-Identifier: MIT */
#include "tools/gangctl/help.h"

#include <stdio.h>
#include <string.h>

/* Options with a title of their own; those for all commands and BOOK come before them. */
static const struct {
    unsigned options;
    const char *title;
} groups[] = {
    {FILTER, "Which rows"}, {EXPORT, "The file"}, {ROOT, "The machine"}, {LEARN, "Names"}, {WAIT, "The verdict"},
};

static void print_options(unsigned needs)
{
    for (const struct option_row *o = option_rows; o->name; o++) {
        char letter[8] = "", name[48];
        if (o->needs != needs)
            continue;
        if (o->letter)
            snprintf(letter, sizeof(letter), "-%c,", o->letter);
        snprintf(name, sizeof(name), "--%s%s%s", o->name, o->value ? " " : "", o->value ? o->value : "");
        printf("  %-3s %-18s %s\n", letter, name, o->help);
    }
}

/* Those whose names begin with `prefix`. */
static void print_commands(const char *prefix)
{
    for (const struct command_row *row = command_rows; row->name; row++) {
        char name[32];
        if (strncmp(row->name, prefix, strlen(prefix)) != 0)
            continue;
        snprintf(name, sizeof(name), "%s %s", row->name, row->arguments);
        printf("  %-22s %s\n", name, row->help);
    }
}

static void print_usage(const struct command_row *command)
{
    char prefix[32];
    bool has_subcommands = false;
    snprintf(prefix, sizeof(prefix), "%s ", command->name);
    for (const struct command_row *row = command_rows; row->name; row++)
        has_subcommands = has_subcommands || strncmp(row->name, prefix, strlen(prefix)) == 0;
    printf("Usage: gangctl %s [OPTION]...%s%s\nTo %s.\n", command->name, command->arguments[0] ? " " : "",
           command->arguments, command->help);
    if (has_subcommands) {
        puts("\nCommands:");
        print_commands(prefix);
    }
}

/* "attempts, units, export": the commands that take `options`. */
static void print_takers(unsigned options)
{
    const char *separator = "";
    for (const struct command_row *row = command_rows; row->name; row++) {
        if (!(row->options & options))
            continue;
        printf("%s%s", separator, row->name);
        separator = ", ";
    }
}

static void print_groups(const struct command_row *command)
{
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        if (command && !(command->options & groups[i].options))
            continue;
        printf("\n%s", groups[i].title);
        if (!command) {
            printf(" (");
            print_takers(groups[i].options);
            putchar(')');
        }
        puts(":");
        print_options(groups[i].options);
    }
}

void print_help(const struct command_row *command)
{
    if (command) {
        print_usage(command);
    } else {
        puts("Usage: gangctl COMMAND [OPTION]...\nTalks to gangd, the gang programmer.\n\nCommands:");
        print_commands("");
    }
    puts("\nOptions:");
    print_options(0);
    if (!command || (command->options & BOOK))
        print_options(BOOK);
    print_groups(command);
    puts("\nExit status: 0 done, 1 gangd refused, a board did not pass (--wait), doctor found a fault or an image\n"
         "is wrong, 2 wrong usage or unknown slot, 3 gangd or the book cannot be reached, 4 the answer is invalid\n"
         "or incomplete, 5 the output cannot be written, 6 no verdict within --timeout.");
    if (!command)
        puts("\n'gangctl help COMMAND' explains a command, gangctl(1) all of them.");
}
