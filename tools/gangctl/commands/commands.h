/* SPDX-License-Identifier: MIT */
/*
 * gangctl's commands.
 */
#ifndef TOOLS_GANGCTL_COMMANDS_COMMANDS_H
#define TOOLS_GANGCTL_COMMANDS_COMMANDS_H

#include "tools/gangctl/base/options.h"

/* `arguments`, which end with NULL, are those of the command itself, as many as the table in main.c allows.
 * They return an exit code, and have printed what is wrong on standard error if it is not DONE. */
int command_status(const struct options *options, char **arguments) __attribute__((warn_unused_result));
int command_watch(const struct options *options, char **arguments) __attribute__((warn_unused_result));
int command_attempts(const struct options *options, char **arguments) __attribute__((warn_unused_result));
int command_attempt(const struct options *options, char **arguments) __attribute__((warn_unused_result));
int command_units(const struct options *options, char **arguments) __attribute__((warn_unused_result));
int command_export(const struct options *options, char **arguments) __attribute__((warn_unused_result));
int command_doctor(const struct options *options, char **arguments) __attribute__((warn_unused_result));
int command_image(const struct options *options, char **arguments) __attribute__((warn_unused_result));
int command_start(const struct options *options, char **arguments) __attribute__((warn_unused_result));
int command_retry(const struct options *options, char **arguments) __attribute__((warn_unused_result));
int command_page(const struct options *options, char **arguments) __attribute__((warn_unused_result));
int command_slots(const struct options *options, char **arguments) __attribute__((warn_unused_result));
int command_reload(const struct options *options, char **arguments) __attribute__((warn_unused_result));
int command_learn(const struct options *options, char **arguments) __attribute__((warn_unused_result));

#endif
