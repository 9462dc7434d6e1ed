/* SPDX-License-Identifier: MIT */
#include "tools/gangctl/commands/learn.h"

#include "daemon/config/keys.h"
#include "tools/gangctl/base/complain.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_BYTES sizeof(((struct config_place *)0)->name)

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

/* The name of number `i`; "" if it is too long. */
static void name_at(const struct learn *learn, size_t i, char name[NAME_MAX_BYTES])
{
    int len = learn->names[0] ? snprintf(name, NAME_MAX_BYTES, "%s", learn->names[i])
                              : snprintf(name, NAME_MAX_BYTES, "%s%zu", learn->prefix, i + 1);
    if (len >= (int)NAME_MAX_BYTES)
        name[0] = '\0';
}

static const struct config_place *find_learned(const struct learn *learn, const char *name)
{
    for (size_t i = 0; i < learn->n; i++)
        if (strcmp(learn->places[i].name, name) == 0)
            return &learn->places[i];
    return NULL;
}

static const struct config_slot *find_configured(const struct learn *learn, const char *name)
{
    for (size_t i = 0; i < learn->config->n_slots; i++)
        if (strcmp(learn->config->slots[i].name, name) == 0)
            return &learn->config->slots[i];
    return NULL;
}

/* Whether a name is asked for now or later. */
static bool is_to_come(const struct learn *learn, const char *wanted)
{
    char name[NAME_MAX_BYTES];
    for (size_t i = learn->next; i < learn->count; i++) {
        name_at(learn, i, name);
        if (strcmp(name, wanted) == 0)
            return true;
    }
    return false;
}

/* The slot that has a place: one that was learned, or one of the configuration that will not be learned anew. NULL:
 * none. */
static const char *owner_of(const struct learn *learn, const struct adapter *adapter)
{
    for (size_t i = 0; i < learn->n; i++)
        if (strcmp(learn->places[i].path, adapter->path) == 0)
            return learn->places[i].name;
    for (size_t i = 0; i < learn->config->n_slots; i++) {
        const struct config_slot *slot = &learn->config->slots[i];
        if (adapter_is_at(adapter, slot->path) && !find_learned(learn, slot->name) && !is_to_come(learn, slot->name))
            return slot->name;
    }
    return NULL;
}

/* Another slot that was learned at the place of this one; NULL if there is none. */
static const struct config_place *who_took(const struct learn *learn, const struct config_slot *slot)
{
    for (size_t i = 0; i < learn->n; i++)
        if (strcmp(learn->places[i].path, slot->path) == 0 && strcmp(learn->places[i].name, slot->name) != 0)
            return &learn->places[i];
    return NULL;
}

bool learn_check(const struct learn *learn)
{
    char name[NAME_MAX_BYTES];
    for (size_t i = 0; i < learn->count; i++) {
        name_at(learn, i, name);
        if (!config_slot_name_ok(name)) {
            complain("%s: a name is 1 to 63 letters, digits, '-', '_', '.'",
                     learn->names[0] ? learn->names[i] : learn->prefix);
            return false;
        }
        for (size_t k = 0; learn->names[0] && k < i; k++)
            if (strcmp(learn->names[k], name) == 0) {
                complain("%s: is named twice", name);
                return false;
            }
    }
    return true;
}

static void ask(struct learn *learn)
{
    char name[NAME_MAX_BYTES] = "";
    for (; learn->next < learn->count; learn->next++) {
        name_at(learn, learn->next, name);
        if (!find_learned(learn, name))
            break;
    }
    if (learn->next == learn->count) {
        learn->ended = true;
        return;
    }
    const struct config_slot *slot = find_configured(learn, name);
    if (slot)
        say("%s (now %s): plug the adapter of this position in (Enter: keep, q: end)", name, slot->path);
    else
        say("%s: plug the adapter of this position in (Enter: skip, q: end)", name);
}

void learn_begin(struct learn *learn)
{
    ask(learn);
}

static void take(struct learn *learn, const char *name, const struct adapter *adapter)
{
    struct config_place *place = &learn->places[learn->n++];
    snprintf(place->name, sizeof(place->name), "%s", name);
    snprintf(place->path, sizeof(place->path), "%s", adapter->path);
    say("%s is %s: %s %s%s%s at %s", name, place->path, adapter->driver, adapter->model, adapter->serial[0] ? " " : "",
        adapter->serial, adapter->devnode);
}

static void ask_ports(const struct learn *learn)
{
    char name[NAME_MAX_BYTES];
    say("This adapter has %zu ports that have no names:", learn->n_ports);
    for (size_t i = 0, k = learn->next; i < learn->n_ports; i++, k++) {
        while (k < learn->count && (name_at(learn, k, name), find_learned(learn, name)))
            k++;
        say("  %s  %s (%s)", k < learn->count ? name : "-", learn->ports[i].path, learn->ports[i].devnode);
    }
    say("Is that right? (Enter: yes; or their names in this order, \"-\" for one without; n: none of them)");
}

void learn_plugged(struct learn *learn, const struct adapter *ports, size_t n)
{
    if (learn->n_ports > 0) {
        say("(%s came too; first: what are the ports called?)", ports[0].path);
        return;
    }
    size_t room = CONFIG_SLOTS_MAX - learn->n;
    size_t most = room < LEARN_PORTS_MAX ? room : LEARN_PORTS_MAX;
    for (size_t i = 0; i < n && learn->n_ports < most; i++) {
        const char *owner = owner_of(learn, &ports[i]);
        if (owner)
            say("%s is %s already: not taken again", ports[i].path, owner);
        else
            learn->ports[learn->n_ports++] = ports[i];
    }
    if (learn->n_ports > 1) {
        ask_ports(learn);
        return;
    }
    if (learn->n_ports == 1) {
        char name[NAME_MAX_BYTES];
        name_at(learn, learn->next, name);
        take(learn, name, &learn->ports[0]);
        learn->n_ports = 0;
    }
    ask(learn);
}

void learn_unplugged(struct learn *learn, const char *syspath)
{
    for (size_t i = 0; i < learn->n_ports; i++)
        if (strcmp(learn->ports[i].syspath, syspath) == 0) {
            say("It was pulled out.");
            learn->n_ports = 0;
            ask(learn);
        }
}

/* Gives the ports the next names in order. */
static void name_ports_in_turn(struct learn *learn)
{
    for (size_t i = 0; i < learn->n_ports && learn->next < learn->count; learn->next++) {
        char name[NAME_MAX_BYTES];
        name_at(learn, learn->next, name);
        if (!find_learned(learn, name))
            take(learn, name, &learn->ports[i++]);
    }
}

/* Splits the answer. Returns the number of names, or 0 after printing what is wrong. */
static size_t read_names(const struct learn *learn, char *line, char *names[LEARN_PORTS_MAX])
{
    size_t n = 0;
    char *rest = NULL;
    for (char *word = strtok_r(line, " \t,", &rest); word; word = strtok_r(NULL, " \t,", &rest)) {
        if (n == learn->n_ports) {
            n++;
            break;
        }
        const struct config_slot *slot = find_configured(learn, word);
        bool none = strcmp(word, "-") == 0, twice = false;
        for (size_t i = 0; i < n && !none; i++)
            twice |= strcmp(names[i], word) == 0;
        if (!config_slot_name_ok(word) || twice || (!none && find_learned(learn, word)) ||
            (!none && slot && !is_to_come(learn, word))) {
            say("%s: %s", word, config_slot_name_ok(word) ? "that name is taken" : "that is no name for a slot");
            return 0;
        }
        names[n++] = word;
    }
    if (n == learn->n_ports)
        return n;
    say("There are %zu ports: that many names, please.", learn->n_ports);
    return 0;
}

static void answer_ports(struct learn *learn, char *line)
{
    char *names[LEARN_PORTS_MAX];
    if (line[0] == '\0') {
        name_ports_in_turn(learn);
    } else if (strcmp(line, "n") != 0) {
        size_t n = read_names(learn, line, names);
        if (n == 0) {
            ask_ports(learn);
            return;
        }
        for (size_t i = 0; i < n; i++)
            if (strcmp(names[i], "-") != 0)
                take(learn, names[i], &learn->ports[i]);
    }
    learn->n_ports = 0;
    ask(learn);
}

static void skip(struct learn *learn)
{
    char name[NAME_MAX_BYTES];
    name_at(learn, learn->next, name);
    const struct config_slot *slot = find_configured(learn, name);
    const struct config_place *other = slot ? who_took(learn, slot) : NULL;
    if (other)
        say("%s cannot keep its place: it is that of %s.", name, other->name);
    else
        learn->next++;
    ask(learn);
}

void learn_line(struct learn *learn, const char *text)
{
    char line[1024];
    text += strspn(text, " \t");
    snprintf(line, sizeof(line), "%s", text);
    for (size_t len = strlen(line); len > 0 && strchr(" \t\r", line[len - 1]); len--)
        line[len - 1] = '\0';
    if (strcmp(line, "q") == 0) {
        learn->ended = true;
    } else if (learn->n_ports > 0) {
        answer_ports(learn, line);
    } else if (line[0] == '\0') {
        skip(learn);
    } else {
        say("\"%s\"? Plug an adapter in, or press Enter, or q and Enter.", line);
        ask(learn);
    }
}

bool learn_left_one_without(const struct learn *learn)
{
    for (size_t i = 0; i < learn->config->n_slots; i++) {
        const struct config_slot *slot = &learn->config->slots[i];
        const struct config_place *other = find_learned(learn, slot->name) ? NULL : who_took(learn, slot);
        if (other) {
            complain("%s has lost its place to %s, and has no other: learn it too", slot->name, other->name);
            return true;
        }
    }
    return false;
}
