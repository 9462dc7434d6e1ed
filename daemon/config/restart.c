/* SPDX-License-Identifier: MIT */
#include "daemon/config/restart.h"

#include "daemon/config/config.h"
#include "daemon/config/keys.h"
#include "proto/link/text.h"

#include <string.h>

#define VALUE_MAX 600 /* bytes of a value in a message */

/* An address, and behind it the port. */
static bool is_socket(const struct config_key *key)
{
    return key->max == UINT16_MAX;
}

static void print_value(const struct config_key *key, const char *member, char *value, size_t size)
{
    uint16_t port;
    if (key->word) {
        text_copy(value, size, key->word(member));
        return;
    }
    memcpy(&port, member + key->size - sizeof(port), sizeof(port));
    if (member[0] == '\0')
        text_copy(value, size, is_socket(key) ? "none" : "empty");
    else if (is_socket(key))
        text_print(value, size, strchr(member, ':') ? "[%s]:%u" : "%s:%u", member, port);
    else
        text_copy(value, size, member);
}

static void keep(const struct config_key *key, struct config *fresh, const struct config *in_force,
                 struct error_list *kept)
{
    char *member = (char *)fresh + key->offset, value[VALUE_MAX];
    const char *old = (const char *)in_force + key->offset;
    if (memcmp(member, old, key->size) == 0)
        return;
    memcpy(member, old, key->size);
    print_value(key, old, value, sizeof(value));
    config_complain(kept, fresh, fresh->lines[key - config_keys], "%s in [%s] needs a restart; until then it is %s",
                    key->name, key->section, value);
}

void config_keep(struct config *fresh, const struct config *in_force, struct error_list *kept)
{
    for (size_t i = 0; i < config_keys_count; i++)
        if (config_keys[i].restart)
            keep(&config_keys[i], fresh, in_force, kept);
}
