/* SPDX-License-Identifier: MIT */
/* slots: the places of the fixture, and what is plugged in there. */
#include "tools/gangctl/base/client.h"
#include "tools/gangctl/base/options.h"
#include "tools/gangctl/base/print.h"
#include "tools/gangctl/commands/commands.h"

#include <stdio.h>
#include <string.h>

int command_slots(const struct options *options, char **arguments)
{
    static const char *const titles[] = {"SLOT", "PATH", "STATE", "PORT", "ADAPTER", NULL};
    (void)arguments;
    json_t *status;
    int result = client_json(options->socket, "/api/v1/status", false, &status);
    if (result != DONE)
        return result;
    const json_t *slots = json_object_get(status, "slots");
    struct table *table = options->json ? NULL : table_new(titles);
    if (options->json)
        print_json(slots);
    else if (json_array_size(slots) == 0)
        puts("no slots: name them by \"gangctl slots learn\", or plug an adapter in");
    for (size_t i = 0; table && i < json_array_size(slots); i++) {
        const json_t *slot = json_array_get(slots, i), *adapter = json_object_get(slot, "adapter");
        const char *serial = text_of(adapter, "serial");
        char what[256] = "";
        if (json_is_object(adapter))
            snprintf(what, sizeof(what), "%s %s%s%s", text_of(adapter, "driver"), text_of(adapter, "model"),
                     serial[0] ? " " : "", serial);
        table_cell(table, PLAIN, text_of(slot, "slot"));
        table_cell(table, PLAIN, text_of(slot, "path"));
        table_cell(table, colour_of(text_of(slot, "state")), text_of(slot, "state"));
        table_cell(table, PLAIN, text_of(adapter, "devnode"));
        table_cell(table, PLAIN, what);
    }
    if (table)
        table_end(table);
    json_decref(status);
    return DONE;
}
