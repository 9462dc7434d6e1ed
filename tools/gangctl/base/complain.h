/* SPDX-License-Identifier: MIT */
/*
 * Errors for people.
 */
#ifndef TOOLS_GANGCTL_BASE_COMPLAIN_H
#define TOOLS_GANGCTL_BASE_COMPLAIN_H

/* Prints "gangctl: …" and the end of the line on standard error, up to 1399 bytes; control characters become '?'. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
