/* SPDX-License-Identifier: MIT */
/*
 * Waiting for the verdicts of attempts that gangctl has started.
 */
#ifndef TOOLS_GANGCTL_COMMANDS_WAIT_H
#define TOOLS_GANGCTL_COMMANDS_WAIT_H

#include "tools/gangctl/base/options.h"

#include <jansson.h>

/* To be called before the start: the id of each slot's latest attempt, a new object {"A1": 17}, so that an older
 * verdict is not taken for the new one. Returns an exit code; `*latest` is NULL unless it is DONE. */
int wait_prepare(const struct options *options, json_t **latest) __attribute__((warn_unused_result));

/* Waits until each of the slots `names` (an array of strings) has a verdict on an attempt later than `latest`, for at
 * most options->timeout seconds in all (0: 900). Prints a line for each, unless options->json, and appends its ATTEMPT
 * to `attempts`. Returns DONE if all passed; REFUSED if one did not, or if no attempt began there; TIMED_OUT; or
 * another exit code if gangd could not be asked. */
int wait_for_verdicts(const struct options *options, const json_t *names, const json_t *latest, json_t *attempts)
    __attribute__((warn_unused_result));

#endif
