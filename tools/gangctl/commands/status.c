/* SPDX-License-Identifier: MIT */
/* The station at a glance. */
#include "daemon/book/query.h"
#include "tools/gangctl/base/client.h"
#include "tools/gangctl/base/options.h"
#include "tools/gangctl/base/print.h"
#include "tools/gangctl/commands/commands.h"

#include <stdio.h>
#include <string.h>

/* "ok", or what is wrong; `json` is the book or the golden image. */
static void print_health(const char *name, const json_t *json, const char *well)
{
    bool ok = json_is_true(json_object_get(json, "ok"));
    const char *error = text_of(json, "error");
    print_field(name, ok ? PLAIN : RED, ok ? well : error);
    if (ok && error[0]) /* a reload was refused */
        print_field("", YELLOW, error);
}

/* Those of the golden image that is in force. */
static void print_warnings(const json_t *golden)
{
    const json_t *warnings = json_object_get(golden, "warnings");
    for (size_t i = 0; i < json_array_size(warnings); i++)
        print_field("", YELLOW, json_string_value(json_array_get(warnings, i)));
}

/* ", yield 98.3 %"; "" where nothing was decided. */
static void describe_share(char *out, size_t size, const char *what, const json_t *share)
{
    out[0] = '\0';
    if (json_is_number(share))
        snprintf(out, size, ", %s %.1f %%", what, 100 * json_number_value(share));
}

/* Units, and the attempts that they took. */
static void print_today(const json_t *today)
{
    char text[256], yield[32], first_pass[48];
    describe_share(yield, sizeof(yield), "yield", json_object_get(today, "yield"));
    describe_share(first_pass, sizeof(first_pass), "first-pass yield", json_object_get(today, "first_pass_yield"));
    snprintf(text, sizeof(text), "%.0f units passed, %.0f failed%s%s, %.0f units an hour",
             number_of(today, "units_passed"), number_of(today, "units_failed"), yield, first_pass,
             number_of(today, "units_per_hour"));
    print_field("today", PLAIN, text);
    snprintf(text, sizeof(text), "attempts: %.0f pass, %.0f fail, %.0f interrupted", number_of(today, "pass"),
             number_of(today, "fail"), number_of(today, "interrupted"));
    print_field("", PLAIN, text);
}

static void print_head(const json_t *status)
{
    char text[256], started[32];
    local_time(started, sizeof(started), text_of(status, "started"));
    snprintf(text, sizeof(text), "%s, gangd %s, since %s", text_of(status, "station"), text_of(status, "gangd"),
             started);
    print_field("station", PLAIN, text);
    if (text_of(status, "lot")[0])
        print_field("lot", PLAIN, text_of(status, "lot"));
    if (text_of(status, "operator")[0])
        print_field("operator", PLAIN, text_of(status, "operator"));
    if (text_of(status, "blocked")[0])
        print_field("blocked", RED, text_of(status, "blocked"));
    print_health("book", json_object_get(status, "book"), "ok");

    const json_t *golden = json_object_get(status, "golden");
    const json_t *file = json_array_get(json_object_get(golden, "files"), 0);
    size_t more = json_array_size(json_object_get(golden, "files"));
    char others[32] = "";
    if (more > 1)
        snprintf(others, sizeof(others), " and %zu more", more - 1);
    snprintf(text, sizeof(text), "%.100s%s, %.0f bytes, md5 %s", text_of(file, "file"), others,
             number_of(golden, "size"), text_of(golden, "md5"));
    print_health("golden", golden, text);
    print_warnings(golden);

    print_today(json_object_get(status, "today"));
}

/* The state of a slot in one line. */
static void describe(char *out, size_t size, const json_t *slot)
{
    const char *state = text_of(slot, "state"), *prompt = text_of(slot, "prompt");
    const json_t *attempt = json_object_get(slot, "attempt");
    const json_t *left = json_object_get(attempt, "seconds_left");
    char time_left[48] = "";
    if (json_is_number(left))
        snprintf(time_left, sizeof(time_left), ", %.0f s left", json_number_value(left));
    if (strcmp(state, "flashing") == 0)
        snprintf(out, size, "%s: %.0f %%%s", text_of(slot, "sentence"), number_of(attempt, "percent"), time_left);
    else if (strcmp(state, "fail") == 0 || strcmp(state, "interrupted") == 0)
        reason_of(out, size, attempt);
    else if (prompt[0])
        snprintf(out, size, "%s: %s", text_of(slot, "sentence"), prompt);
    else
        snprintf(out, size, "%s", text_of(slot, "sentence"));
}

static void print_slots(const json_t *slots)
{
    static const char *const titles[] = {"SLOT", "STATE", "PORT", "MAC", "", NULL};
    struct table *table = table_new(titles);
    for (size_t i = 0; i < json_array_size(slots); i++) {
        const json_t *slot = json_array_get(slots, i);
        char text[400];
        const char *state = text_of(slot, "state");
        table_cell(table, PLAIN, text_of(slot, "slot"));
        table_cell(table, colour_of(state), state);
        table_cell(table, PLAIN, text_of(json_object_get(slot, "adapter"), "devnode"));
        /* An empty slot still has its latest attempt; its board has gone. */
        bool there = strcmp(state, "empty") != 0 && strcmp(state, "ready") != 0 && strcmp(state, "settling") != 0;
        table_cell(table, PLAIN, there ? text_of(json_object_get(slot, "attempt"), "mac") : "");
        describe(text, sizeof(text), slot);
        table_cell(table, PLAIN, text);
    }
    table_end(table);
}

int command_status(const struct options *options, char **arguments)
{
    (void)arguments;
    json_t *status;
    int result = client_json(options->socket, "/api/v1/status", false, &status);
    if (result != DONE)
        return result;
    if (options->json) {
        print_json(status);
    } else {
        print_head(status);
        const json_t *slots = json_object_get(status, "slots");
        putchar('\n');
        if (json_array_size(slots) == 0)
            puts("no slots: plug an adapter in");
        print_slots(slots);
    }
    json_decref(status);
    return DONE;
}
