/* SPDX-License-Identifier: MIT */
/* watch: a line for the station at once, then one for each change, until it is interrupted. A lost connection is made
 * again. */
#include "daemon/base/memory.h"
#include "proto/link/text.h"
#include "tools/gangctl/base/client.h"
#include "tools/gangctl/base/complain.h"
#include "tools/gangctl/base/options.h"
#include "tools/gangctl/base/print.h"
#include "tools/gangctl/commands/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A snapshot of a full station is some hundred kilobytes. */
#define EVENT_MAX 4194304

struct watch {
    const struct options *options;
    char *line;
    size_t len, capacity;
    char id[64], type[32];
    json_t *data;        /* of the event that is being read */
    json_t *shown;       /* by slot: what was printed last */
    char trouble[800];   /* printed last: see print_trouble() */
    bool begun;          /* the first line was printed */
    bool connected_once; /* gangd answered once: from then on a lost connection is made again */
    bool received;       /* something, in this connection */
    bool bad;
};

static void print_time(void)
{
    char text[16] = "";
    time_t now = time(NULL);
    struct tm tm;
    if (localtime_r(&now, &tm))
        strftime(text, sizeof(text), "%H:%M:%S", &tm);
    printf("%s  ", text);
}

static void print_line(const char *slot, enum colour colour, const char *word, const char *text)
{
    print_time();
    print_text(PLAIN, slot);
    printf("  ");
    print_text(colour, word);
    if (text[0]) {
        printf("  ");
        print_text(PLAIN, text);
    }
    putchar('\n');
}

static bool is_verdict(const char *state)
{
    return strcmp(state, "pass") == 0 || strcmp(state, "fail") == 0 || strcmp(state, "interrupted") == 0;
}

/* Prints changes of state and sentence, not of the percentage. A verdict has an event of its own. */
static void show_slot(struct watch *watch, const json_t *slot)
{
    const char *name = text_of(slot, "slot"), *state = text_of(slot, "state");
    const char *prompt = text_of(slot, "prompt");
    char text[512];
    snprintf(text, sizeof(text), "%s%s%s", text_of(slot, "sentence"), prompt[0] ? ": " : "", prompt);
    json_t *now = json_pack("[s,s]", state, text);
    const json_t *before = json_object_get(watch->shown, name);
    bool first_and_empty = !before && strcmp(state, "empty") == 0;
    if (!json_equal(now, before) && !first_and_empty && !is_verdict(state))
        print_line(name, colour_of(state), state, text);
    json_object_set_new(watch->shown, name, now);
}

static void show_verdict(const json_t *attempt)
{
    const char *verdict = text_of(attempt, "verdict");
    char text[512];
    result_of(text, sizeof(text), attempt);
    print_line(text_of(attempt, "slot"), colour_of(verdict), verdict, text);
}

/* The errors of the book and the golden image, and a pause; "": none. */
static void print_trouble(char *out, size_t size, const json_t *status)
{
    const char *const parts[] = {text_of(json_object_get(status, "book"), "error"),
                                 text_of(json_object_get(status, "golden"), "error"),
                                 json_is_true(json_object_get(status, "held")) ? text_of(status, "blocked") : ""};
    out[0] = '\0';
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        size_t len = strlen(out);
        text_print(out + len, size - len, "%s%.250s", len && parts[i][0] ? "; " : "", parts[i]);
    }
}

static void show_station(struct watch *watch, const json_t *status)
{
    char text[sizeof(watch->trouble)];
    print_trouble(text, sizeof(text), status);
    if (strcmp(text, watch->trouble) != 0)
        print_line(text_of(status, "station"), text[0] ? RED : GREEN, text[0] ? "trouble" : "ok", text);
    memcpy(watch->trouble, text, sizeof(text));
}

/* The first line, which comes at once: the station and the number of its slots. */
static void show_start(struct watch *watch, const json_t *status)
{
    const json_t *slots = json_object_get(status, "slots");
    size_t n = json_array_size(slots), used = 0;
    char text[sizeof(watch->trouble) + 64];
    for (size_t i = 0; i < n; i++)
        used += strcmp(text_of(json_array_get(slots, i), "state"), "empty") != 0;
    print_trouble(watch->trouble, sizeof(watch->trouble), status);
    snprintf(text, sizeof(text), "%zu slot%s, %zu with an adapter%s%s", n, n == 1 ? "" : "s", used,
             watch->trouble[0] ? "; " : "", watch->trouble);
    print_line(text_of(status, "station"), watch->trouble[0] ? RED : GREEN, watch->trouble[0] ? "trouble" : "ok", text);
    watch->begun = true;
}

static void show_event(struct watch *watch)
{
    if (strcmp(watch->type, "slot") == 0) {
        show_slot(watch, watch->data);
    } else if (strcmp(watch->type, "verdict") == 0) {
        show_verdict(watch->data);
    } else if (strcmp(watch->type, "station") == 0) {
        show_station(watch, watch->data);
    } else if (strcmp(watch->type, "snapshot") == 0) {
        const json_t *slots = json_object_get(watch->data, "slots");
        if (watch->begun)
            show_station(watch, watch->data);
        else
            show_start(watch, watch->data);
        for (size_t i = 0; i < json_array_size(slots); i++)
            show_slot(watch, json_array_get(slots, i));
    }
}

/* An empty line ends an event. */
static void end_event(struct watch *watch)
{
    if (watch->data && watch->options->json) {
        json_t *event = json_pack("{s:s,s:O}", "event", watch->type, "data", watch->data);
        json_dumpf(event, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(event);
    } else if (watch->data) {
        show_event(watch);
    }
    fflush(stdout);
    json_decref(watch->data);
    watch->data = NULL;
    watch->type[0] = '\0';
}

/* The value of a "name: value" line, or NULL. */
static const char *field(const char *line, const char *name)
{
    size_t len = strlen(name);
    return strncmp(line, name, len) == 0 && strncmp(line + len, ": ", 2) == 0 ? line + len + 2 : NULL;
}

/* One line of the stream, without its end. Comments and unknown fields are ignored. */
static bool take_line(struct watch *watch, const char *line)
{
    const char *value;
    if (line[0] == '\0') {
        end_event(watch);
    } else if ((value = field(line, "id"))) {
        snprintf(watch->id, sizeof(watch->id), "%s", value);
    } else if ((value = field(line, "event"))) {
        snprintf(watch->type, sizeof(watch->type), "%s", value);
    } else if ((value = field(line, "data"))) {
        json_decref(watch->data);
        watch->data = json_loads(value, 0, NULL);
        watch->bad = !watch->data;
    }
    return !watch->bad;
}

static bool grow(struct watch *watch)
{
    size_t capacity = watch->capacity ? 2 * watch->capacity : 8192;
    if (capacity > EVENT_MAX)
        return false;
    watch->line = must_realloc(watch->line, capacity, 1);
    watch->capacity = capacity;
    return true;
}

static bool take_stream(void *data, const char *text, size_t len)
{
    struct watch *watch = data;
    watch->connected_once = watch->received = true;
    for (size_t i = 0; i < len; i++) {
        if (watch->len + 1 >= watch->capacity && !grow(watch)) {
            watch->bad = true;
            return false;
        }
        if (text[i] != '\n') {
            watch->line[watch->len++] = text[i];
            continue;
        }
        watch->line[watch->len] = '\0';
        watch->len = 0;
        if (!take_line(watch, watch->line) || ferror(stdout))
            return false;
    }
    return true;
}

/* Begins a stream, from where the last one broke off. */
static int follow(struct watch *watch)
{
    struct client_request request = {.socket = watch->options->socket,
                                     .target = "/api/v1/events",
                                     .last_id = watch->id,
                                     .stream = true,
                                     .quiet = watch->connected_once,
                                     .take = take_stream,
                                     .data = watch};
    watch->len = 0;
    json_decref(watch->data);
    watch->data = NULL;
    return client_run(&request);
}

int command_watch(const struct options *options, char **arguments)
{
    (void)arguments;
    struct watch watch = {.options = options, .shown = json_object()};
    int result = follow(&watch);
    while (watch.connected_once && !watch.bad && !ferror(stdout) && result != REFUSED) {
        if (watch.received)
            complain("the connection to gangd ended; reconnecting");
        watch.received = false;
        sleep(1);
        result = follow(&watch);
    }
    if (watch.bad) {
        complain("gangd sent an invalid event");
        result = BROKEN;
    }
    json_decref(watch.data);
    json_decref(watch.shown);
    free(watch.line);
    return result;
}
