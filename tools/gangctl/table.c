/* SPDX-License-Identifier: MIT */
#include "tools/gangctl/table.h"

#include "daemon/config/paths.h"
#include "tools/gangctl/commands/commands.h"

#include <stdio.h>
#include <string.h>

#define MANY 1000

const struct command_row command_rows[] = {
    {"status", "", 0, 0, 0, command_status, "show the station and its slots"},
    {"watch", "", 0, 0, 0, command_watch, "follow the slots, a line for each change"},
    {"attempts", "", 0, 0, FILTER | BOOK, command_attempts, "list attempts in the book, newest first"},
    {"attempt", "ID", 1, 1, BOOK, command_attempt, "show one attempt and each of its tries"},
    {"units", "", 0, 0, FILTER | BOOK, command_units, "list units, a line for each MAC address, newest first"},
    {"export", "", 0, 0, FILTER | BOOK | EXPORT, command_export, "write the book to a file or to standard output"},
    {"start", "[SLOT]...", 0, MANY, WAIT, command_start, "start attempts; without SLOT, where presence = start"},
    {"retry", "SLOT", 1, 1, WAIT, command_retry, "start a new attempt at a slot"},
    {"reload", "", 0, 0, 0, command_reload, "have gangd read configuration and image again"},
    {"page", "", 0, 0, 0, command_page, "print the dashboard's address, to open in a browser"},
    {"slots", "", 0, 0, 0, command_slots, "list the slots"},
    {"slots learn", "[NAME]...", 0, MANY, LEARN, command_learn,
     "name the slots: plug an adapter into one after the other"},
    {"image", "FILE...", 1, MANY, 0, command_image, "tell what image files are, and what is wrong with them"},
    {"doctor", "", 0, 0, ROOT, command_doctor, "check this bench for faults"},
    {"help", "[COMMAND]", 0, 2, 0, NULL, "explain gangctl or a command"},
    {0},
};

const struct option_row option_rows[] = {
    {"since", "TIME", FILTER, 0, "from then on: 2026-03-02, 2026-03-02T09:00, today, yesterday, 2h, -7d"},
    {"until", "TIME", FILTER, 0, "before then"},
    {"slot", "NAME", FILTER, 0, "of this slot"},
    {"verdict", "VERDICT", FILTER, 0, "pass, fail, interrupted or open"},
    {"cause", "CODE", FILTER, 0, "with this cause, such as md5-mismatch"},
    {"image", "DIGEST", FILTER, 0, "with the golden image of this MD5 or SHA-256"},
    {"operator", "TEXT", FILTER, 0, "by this operator"},
    {"lot", "TEXT", FILTER, 0, "of this lot"},
    {"mac", "MAC", FILTER, 0, "of this board"},
    {"order", "ORDER", FILTER, 0, "newest or oldest first; default: newest, of an export oldest"},
    {"limit", "N", FILTER, 0, "at most so many"},
    {"format", "FORMAT", EXPORT, 0, "csv (default), json or ndjson"},
    {"units", NULL, EXPORT, 0, "units instead of attempts"},
    {"output", "FILE", EXPORT, 'o', "replace FILE when all is written; without it, standard output"},
    {"book", "FILE", BOOK, 0, "read this book without a gangd"},
    {"root", "DIR", ROOT, 0, "check the machine whose files are under DIR"},
    {"prefix", "TEXT", LEARN, 0, "without names: TEXT1, TEXT2, ...; default: A"},
    {"count", "N", LEARN, 0, "without names: so many; default: until you end it"},
    {"write", NULL, LEARN, 0, "put them into the configuration, not on standard output"},
    {"config", "FILE", LEARN, 0, "the configuration; default: " CONFIG_DEFAULT_PATH},
    {"wait", NULL, WAIT, 0, "print the verdicts; exit status 0 if all passed, else 1"},
    {"timeout", "SECONDS", WAIT, 0, "with --wait: at most so long; default: 900"},
    {"socket", "PATH", 0, 0, "gangd's socket; default: $GANGD_SOCKET, or " CONFIG_DEFAULT_SOCKET},
    {"json", NULL, 0, 0, "print JSON"},
    {"help", NULL, 0, 'h', "print this help"},
    {"version", NULL, 0, 'V', "print the version"},
    {0},
};

_Static_assert(sizeof(option_rows) / sizeof(option_rows[0]) <= OPTIONS_MAX, "one bit each in struct command_line");

const struct command_row *find_command(char **words, int n, int *used)
{
    for (*used = n < 2 ? n : 2; *used > 0; --*used) {
        char name[64];
        snprintf(name, sizeof(name), "%s%s%s", words[0], *used == 2 ? " " : "", *used == 2 ? words[1] : "");
        for (const struct command_row *row = command_rows; row->name; row++)
            if (strcmp(row->name, name) == 0)
                return row;
    }
    return NULL;
}
