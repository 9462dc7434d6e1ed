/* SPDX-License-Identifier: MIT */
/* page: the dashboard's address, with the right to start boards where [http] control = token asks for it. */
#include "tools/gangctl/base/client.h"
#include "tools/gangctl/base/options.h"
#include "tools/gangctl/base/print.h"
#include "tools/gangctl/commands/commands.h"

#include <stdio.h>

int command_page(const struct options *options, char **arguments)
{
    (void)arguments;
    json_t *page;
    int result = client_json(options->socket, "/api/v1/page", true, &page);
    if (result != DONE)
        return result;
    if (options->json) {
        print_json(page);
    } else {
        print_text(PLAIN, text_of(page, "url"));
        putchar('\n');
    }
    json_decref(page);
    return DONE;
}
