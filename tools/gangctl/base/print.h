/* SPDX-License-Identifier: MIT */
/*
 * Standard output for people: aligned tables, words in colour on a terminal, and no control characters from outside.
 */
#ifndef TOOLS_GANGCTL_BASE_PRINT_H
#define TOOLS_GANGCTL_BASE_PRINT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Only on a terminal, and unless NO_COLOR is set. The word that is coloured says the same. */
enum colour { PLAIN, GREEN, RED, YELLOW, DIM };

/* For a slot's state or a verdict. */
enum colour colour_of(const char *word);

/* Prints `text` (UTF-8 from anywhere) in a colour; control characters become '?'. */
void print_text(enum colour colour, const char *text);

/* A line of a name and a text: "book      ok". The longest name is "image_sha256". */
void print_field(const char *name, enum colour colour, const char *text);

/* "2026-03-02T09:15:04.120Z" as local "2026-03-02 10:15:04"; "-" if it is none. */
void local_time(char *out, size_t size, const char *iso);

/* As the API gives it, in lines. */
void print_json(const json_t *json);

/* Of an object's member; "" and 0 where there is none. */
const char *text_of(const json_t *object, const char *key);
double number_of(const json_t *object, const char *key);

/* Why an attempt (or unit, or try) did not pass: "md5-mismatch: The flash does not … (detail)"; that it passed without
 * being written, or what its first try failed by; or "". */
void reason_of(char *out, size_t size, const json_t *attempt);

/* Of an attempt with a verdict: its MAC, if one was read, and the reason. */
void result_of(char *out, size_t size, const json_t *attempt);

/* The SLOT with this name in a status object; NULL if there is none. */
const json_t *slot_of(const json_t *status, const char *name);

/* A table: as wide as its first rows need; a later row that is wider is out of line, but whole. */
struct table;

/* `titles` end with NULL, and outlive it; 1 to 12. */
struct table *table_new(const char *const *titles);
/* The next cell, from left to right. */
void table_cell(struct table *table, enum colour colour, const char *text);
/* Prints what is left, and frees. Without a row, not even the titles are printed. */
void table_end(struct table *table);

#endif
