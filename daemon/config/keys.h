/* SPDX-License-Identifier: MIT */
/*
 * The keys of gangd.conf: one row each says where a value goes, how it is read, what it may be and what it is when it
 * is not given. config.c walks the file.
 */
#ifndef DAEMON_CONFIG_KEYS_H
#define DAEMON_CONFIG_KEYS_H

#include "daemon/config/settings.h"

/* The section of the keys of every [slot NAME]. Their target is a struct config_slot, that of all others the config.
 * If one is not given, it has the value of the key with the same name in another section, if there is such a key. */
#define CONFIG_SLOT_SECTION "slot"

struct config_key {
    const char *section, *name;
    /* Reads `value` into `target`. Returns 0, or -1 with the rest of the sentence "KEY = VALUE: …" in `why`. */
    int (*parse)(const struct config_key *key, const char *value, void *target, char *why, size_t why_size);
    const char *fallback; /* the value when the key is not given; NULL: the target stays all zero */
    size_t offset, size;  /* of the member in the target; 0, 0 where a key fills several members */
    uint32_t min, max;    /* of numbers; for text, min is the least number of bytes */
    bool repeats;         /* may be given more than once */
    bool restart;         /* a reload does not change it */
    const char *(*word)(
        const void *member); /* of a member that is no text, if `restart`; NULL: it is text, or a socket */
};

extern const struct config_key config_keys[];
extern const size_t config_keys_count;

/* Letters, digits, '-', '_', '.'; not only dots (an HTTP path would swallow it); 1 to 63 bytes. */
bool config_slot_name_ok(const char *name);

#endif
