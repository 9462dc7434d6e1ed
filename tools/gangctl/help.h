/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_GANGCTL_HELP_H
#define TOOLS_GANGCTL_HELP_H

#include "tools/gangctl/table.h"

/* Prints the usage of one command, with its subcommands and its options, or of gangctl (NULL). The completions read the
 * lines of commands and options. */
void print_help(const struct command_row *command);

#endif
