/* SPDX-License-Identifier: MIT */
#include "tools/gangctl/commands/wait.h"

#include "daemon/base/memory.h"
#include "tools/gangctl/base/client.h"
#include "tools/gangctl/base/complain.h"
#include "tools/gangctl/base/print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TIMEOUT_DEFAULT 900

/* Between two requests for the status. */
static const struct timespec pause_time = {.tv_nsec = 200000000};

struct wait_slot {
    const char *name;
    json_int_t after; /* the attempt that this slot had before */
    json_int_t id;    /* the one that is waited for; 0: not begun yet */
    bool ended;
};

struct wait {
    const struct options *options;
    struct wait_slot *slots;
    size_t n, n_ended;
    json_t *attempts;
    int result;
};

static json_int_t id_of(const json_t *attempt)
{
    return json_integer_value(json_object_get(attempt, "id"));
}

int wait_prepare(const struct options *options, json_t **latest)
{
    json_t *status;
    int result = client_json(options->socket, "/api/v1/status", false, &status);
    *latest = result == DONE ? json_object() : NULL;
    const json_t *slots = json_object_get(status, "slots");
    for (size_t i = 0; i < json_array_size(slots); i++) {
        const json_t *slot = json_array_get(slots, i);
        json_object_set_new(*latest, text_of(slot, "slot"), json_integer(id_of(json_object_get(slot, "attempt"))));
    }
    json_decref(status);
    return result;
}

static void end_slot(struct wait *wait, struct wait_slot *slot, bool passed)
{
    slot->ended = true;
    wait->n_ended++;
    if (!passed && wait->result == DONE)
        wait->result = REFUSED;
}

static void print_verdict(const char *slot, const char *verdict, const json_t *attempt)
{
    char text[512];
    result_of(text, sizeof(text), attempt);
    print_text(PLAIN, slot);
    printf("  ");
    print_text(colour_of(verdict), verdict);
    printf("%s", text[0] ? "  " : "");
    print_text(PLAIN, text);
    putchar('\n');
    fflush(stdout);
}

static void take_verdict(struct wait *wait, struct wait_slot *slot, json_t *attempt)
{
    const char *verdict = text_of(attempt, "verdict");
    if (!wait->options->json)
        print_verdict(slot->name, verdict, attempt);
    json_array_append(wait->attempts, attempt);
    end_slot(wait, slot, strcmp(verdict, "pass") == 0);
}

/* The attempt was followed by another one, or gangd was restarted: the book knows its verdict. */
static int look_up(struct wait *wait, struct wait_slot *slot)
{
    char target[64];
    json_t *attempt;
    snprintf(target, sizeof(target), "/api/v1/attempts/%lld", (long long)slot->id);
    int result = client_json(wait->options->socket, target, false, &attempt);
    if (result == DONE && text_of(attempt, "verdict")[0])
        take_verdict(wait, slot, attempt);
    json_decref(attempt);
    return result;
}

/* Whether no attempt will begin there without another start. */
static bool is_over(const char *state)
{
    return state[0] == '\0' || strcmp(state, "empty") == 0 || strcmp(state, "muted") == 0 ||
           strcmp(state, "blocked") == 0;
}

/* `shown` is the SLOT of the status; NULL: an unconfigured slot that was unplugged. */
static int look_at(struct wait *wait, struct wait_slot *slot, const json_t *shown)
{
    json_t *attempt = json_object_get(shown, "attempt");
    if (slot->id == 0 && id_of(attempt) > slot->after)
        slot->id = id_of(attempt);
    if (slot->id && id_of(attempt) != slot->id)
        return look_up(wait, slot);
    if (slot->id && text_of(attempt, "verdict")[0]) {
        take_verdict(wait, slot, attempt);
    } else if (slot->id == 0 && is_over(text_of(shown, "state"))) {
        complain("slot %s: no attempt began: %s", slot->name, shown ? text_of(shown, "sentence") : "it was unplugged");
        end_slot(wait, slot, false);
    }
    return DONE;
}

/* One status for all slots. `last`: the time is over. */
static int look_at_all(struct wait *wait, bool last)
{
    json_t *status;
    int result = client_json(wait->options->socket, "/api/v1/status", false, &status);
    for (size_t i = 0; i < wait->n && result == DONE; i++) {
        struct wait_slot *slot = &wait->slots[i];
        const json_t *shown = slot_of(status, slot->name);
        if (!slot->ended)
            result = look_at(wait, slot, shown);
        if (last && !slot->ended)
            complain("slot %s: no verdict in time: %s", slot->name, text_of(shown, "sentence"));
    }
    json_decref(status);
    return result;
}

static int run(struct wait *wait)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    time_t end = now.tv_sec + (time_t)(wait->options->timeout ? wait->options->timeout : TIMEOUT_DEFAULT);
    int result = DONE;
    while (result == DONE && wait->n_ended < wait->n) {
        clock_gettime(CLOCK_MONOTONIC, &now);
        bool last = now.tv_sec >= end;
        result = look_at_all(wait, last);
        if (last && result == DONE && wait->n_ended < wait->n)
            return TIMED_OUT;
        if (result == DONE && wait->n_ended < wait->n)
            nanosleep(&pause_time, NULL);
    }
    return result == DONE ? wait->result : result;
}

int wait_for_verdicts(const struct options *options, const json_t *names, const json_t *latest, json_t *attempts)
{
    struct wait wait = {.options = options, .n = json_array_size(names), .attempts = attempts};
    wait.slots = must_calloc(wait.n + 1, sizeof(wait.slots[0]));
    for (size_t i = 0; i < wait.n; i++) {
        const char *name = json_string_value(json_array_get(names, i));
        wait.slots[i].name = name ? name : "";
        wait.slots[i].after = json_integer_value(json_object_get(latest, wait.slots[i].name));
    }
    int result = run(&wait);
    free(wait.slots);
    return result;
}
