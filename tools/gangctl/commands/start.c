/* SPDX-License-Identifier: MIT */
/* What a person begins. start: attempts in fixtures. retry: a new attempt in one slot. */
#include "tools/gangctl/base/client.h"
#include "tools/gangctl/base/complain.h"
#include "tools/gangctl/base/options.h"
#include "tools/gangctl/base/print.h"
#include "tools/gangctl/commands/commands.h"
#include "tools/gangctl/commands/wait.h"

#include <curl/curl.h>
#include <stdio.h>

static int start_slot(const struct options *options, const char *name, json_t **slot)
{
    char target[512];
    char *escaped = curl_easy_escape(NULL, name, 0);
    snprintf(target, sizeof(target), "/api/v1/slots/%s/start", escaped ? escaped : "");
    curl_free(escaped);
    return client_json(options->socket, target, true, slot);
}

int command_retry(const struct options *options, char **arguments)
{
    if (options->wait)
        return command_start(options, arguments);
    json_t *slot;
    int result = start_slot(options, arguments[0], &slot);
    if (result != DONE)
        return result;
    if (options->json) {
        print_json(slot);
    } else {
        print_text(PLAIN, text_of(slot, "slot"));
        printf(": ");
        print_text(PLAIN, text_of(slot, "state"));
        putchar('\n');
    }
    json_decref(slot);
    return DONE;
}

/* Each of `names`; the answer as gangd gives it for all. Goes on where one is refused. */
static int start_named(const struct options *options, char **names, json_t **answer)
{
    json_t *started = json_array();
    int result = DONE;
    for (char **name = names; *name && (result == DONE || result == REFUSED); name++) {
        json_t *slot;
        int one = start_slot(options, *name, &slot);
        if (one == DONE) {
            json_array_append(started, json_object_get(slot, "slot"));
            json_decref(slot);
        } else {
            result = one;
            if (names[1])
                complain("slot %s was not started", *name);
        }
    }
    *answer = json_pack("{s:o}", "started", started);
    return result;
}

static void print_names(const json_t *names)
{
    for (size_t i = 0; i < json_array_size(names); i++) {
        const char *name = json_string_value(json_array_get(names, i));
        print_text(PLAIN, name ? name : "");
        putchar('\n');
    }
}

/* Adds "attempts" to the answer. `result` is that of the start. */
static int wait_for(const struct options *options, int result, json_t *answer, const json_t *latest)
{
    json_t *attempts = json_array();
    int waited = wait_for_verdicts(options, json_object_get(answer, "started"), latest, attempts);
    json_object_set_new(answer, "attempts", attempts);
    return result == DONE || waited > REFUSED ? waited : result;
}

int command_start(const struct options *options, char **arguments)
{
    json_t *answer = NULL, *latest = NULL;
    int result = options->wait ? wait_prepare(options, &latest) : DONE;
    if (result != DONE)
        return result;
    result = arguments[0] ? start_named(options, arguments, &answer)
                          : client_json(options->socket, "/api/v1/start", true, &answer);
    const json_t *started = json_object_get(answer, "started");
    if (result == DONE && json_array_size(started) == 0) {
        const char *reason = text_of(answer, "refused");
        complain("no slot was started: %s", reason[0] ? reason : "none is ready");
        result = REFUSED;
    }
    if (answer && options->wait)
        result = wait_for(options, result, answer, latest);
    if (answer && options->json)
        print_json(answer);
    else if (!options->wait)
        print_names(started);
    json_decref(answer);
    json_decref(latest);
    return result;
}
