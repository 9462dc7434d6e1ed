/* SPDX-License-Identifier: MIT */
/* Any bytes as gangd.conf are accepted or refused without a crash. An accepted configuration fulfils config.h, also
 * after slots have been written into it. */
#include "daemon/base/utf8.h"
#include "daemon/config/config.h"
#include "daemon/config/edit.h"
#include "daemon/config/keys.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool promise)
{
    if (!promise)
        abort();
}

static void check_text(const char *text, size_t room)
{
    size_t length = strnlen(text, room);
    check(length < room);
    for (size_t i = 0; i < length;) {
        size_t n = text[i] == '\t' ? 1 : utf8_char(text + i, length - i);
        check(n > 0);
        i += n;
    }
}

static const struct config_slot *find_slot(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->n_slots; i++)
        if (strcmp(config->slots[i].name, name) == 0)
            return &config->slots[i];
    return NULL;
}

/* Moves the first slot to another path and adds a slot. */
static void check_edit(const struct config *config, const char *text, size_t size)
{
    static struct config edited;
    struct config_place places[2] = {{"one-more", "place-1"}, {"", "place-2"}};
    char error[256];
    if (config->n_slots == 0 || config->n_slots == CONFIG_SLOTS_MAX)
        return;
    for (size_t i = 0; i < config->n_slots; i++)
        if (strncmp(config->slots[i].path, "place-", 6) == 0)
            return;
    memcpy(places[1].name, config->slots[0].name, sizeof(places[1].name));
    if (find_slot(config, places[0].name))
        return;
    size_t len;
    char *new_text = config_edit_text(text, size, places, 2, &len);
    check(new_text && config_parse(&edited, "edited", new_text, len, error, sizeof(error)) == 0);
    check(edited.n_slots == config->n_slots + 1);
    for (size_t i = 0; i < config->n_slots; i++)
        check(strcmp(edited.slots[i].name, config->slots[i].name) == 0 &&
              edited.slots[i].reset == config->slots[i].reset &&
              strcmp(edited.slots[i].path, i == 0 ? "place-2" : config->slots[i].path) == 0);
    const struct config_slot *more = find_slot(&edited, places[0].name);
    check(more && strcmp(more->path, "place-1") == 0);
    free(new_text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct config config;
    char error[256];
    if (config_parse(&config, "fuzz.conf", (const char *)data, size, error, sizeof(error))) {
        for (char *line = strtok(error, "\n"); line; line = strtok(NULL, "\n"))
            check_text(line, sizeof(error));
        check(strncmp(error, "fuzz.conf:", 10) == 0);
        return 0;
    }
    check_text(config.name, sizeof(config.name));
    check(config.name[0] && config.book[0] && config.web[0]);
    check(config.n_files >= 1 && config.n_files <= CONFIG_FILES_MAX);
    for (size_t i = 0; i < config.n_files; i++) {
        check_text(config.files[i].path, sizeof(config.files[i].path));
        check(config.files[i].path[0] && config.files[i].offset < 16 << 20 && config.files[i].offset % 4096 == 0);
    }
    check(config.n_bauds >= 1 && config.n_bauds <= CONFIG_BAUDS_MAX);
    for (size_t i = 0; i < config.n_bauds; i++)
        check(config.bauds[i] >= 9600 && config.bauds[i] <= 3000000 &&
              (i == 0 || config.bauds[i] < config.bauds[i - 1]));
    check(config.tries >= 1 && config.tries <= 10 && config.settle_ms <= 10000);
    check(config.n_slots <= CONFIG_SLOTS_MAX);
    for (size_t i = 0; i < config.n_slots; i++) {
        check_text(config.slots[i].path, sizeof(config.slots[i].path));
        check(config_slot_name_ok(config.slots[i].name) && config.slots[i].path[0]);
        for (size_t j = 0; j < i; j++)
            check(strcmp(config.slots[i].name, config.slots[j].name) != 0 &&
                  strcmp(config.slots[i].path, config.slots[j].path) != 0);
    }
    check(config.address[0] == '\0' || config.port > 0);
    check_edit(&config, (const char *)data, size);
    return 0;
}
