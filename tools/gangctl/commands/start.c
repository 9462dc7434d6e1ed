/* SPDX-License-Identifier: MIT */
/* What a person begins. start: attempts in fixtures. retry: a new attempt in one slot. */
#include "tools/gangctl/base/client.h"
#include "tools/gangctl/base/complain.h"
#include "tools/gangctl/base/options.h"
#include "tools/gangctl/base/print.h"
#include "tools/gangctl/commands/commands.h"

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

int command_start(const struct options *options, char **arguments)
{
    json_t *answer = NULL;
    int result = arguments[0] ? start_named(options, arguments, &answer)
                              : client_json(options->socket, "/api/v1/start", true, &answer);
    const json_t *started = json_object_get(answer, "started"), *name;
    size_t i;
    if (result == DONE && json_array_size(started) == 0) {
        const char *reason = text_of(answer, "refused");
        complain("no slot was started: %s", reason[0] ? reason : "none is ready");
        result = REFUSED;
    }
    if (answer && options->json)
        print_json(answer);
    else
        json_array_foreach((json_t *)started, i, name)
        {
            print_text(PLAIN, json_string_value(name) ? json_string_value(name) : "");
            putchar('\n');
        }
    json_decref(answer);
    return result;
}
