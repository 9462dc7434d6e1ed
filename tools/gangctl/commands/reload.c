/* SPDX-License-Identifier: MIT */
/* Has gangd read its files again; ends with the reload. */
#include "tools/gangctl/base/client.h"
#include "tools/gangctl/base/options.h"
#include "tools/gangctl/base/print.h"
#include "tools/gangctl/commands/commands.h"

#include <stdio.h>

static void print_kept(const json_t *kept)
{
    const json_t *sentence;
    size_t i;
    puts("reloaded");
    json_array_foreach((json_t *)kept, i, sentence)
    {
        print_text(YELLOW, json_string_value(sentence) ? json_string_value(sentence) : "");
        putchar('\n');
    }
}

int command_reload(const struct options *options, char **arguments)
{
    (void)arguments;
    json_t *answer = NULL;
    int result = client_json(options->socket, "/api/v1/reload", true, &answer);
    if (answer && options->json)
        print_json(answer);
    else if (answer)
        print_kept(json_object_get(answer, "needs_restart"));
    json_decref(answer);
    return result;
}
