/* SPDX-License-Identifier: MIT */
#include "daemon/config/check.h"

#include "daemon/base/file.h"
#include "daemon/config/hint.h"
#include "proto/link/text.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <unistd.h>

/* A key whose value is a path. */
struct place {
    const char *section, *key, *value;
};

static void complain_of(struct error_list *errors, const struct config *config, const struct place *place,
                        const char *path, int error)
{
    config_complain(errors, config, config_key_line(config, place->section, place->key), "%s = %s: %s: %s%s",
                    place->key, place->value, path, file_error(error), config_hint(place->value));
}

static void check_directory(struct error_list *errors, const struct config *config, const struct place *place, int mode)
{
    char copy[PATH_MAX];
    text_copy(copy, sizeof(copy), place->value);
    const char *directory = dirname(copy);
    int error = file_access(directory, mode);
    if (error)
        complain_of(errors, config, place, directory, error);
}

void config_check_places(const struct config *config, struct error_list *errors)
{
    const struct place book = {"station", "book", config->book}, socket = {"http", "socket", config->socket},
                       web = {"http", "web", config->web};
    check_directory(errors, config, &book, W_OK | X_OK);
    int error = file_access(config->book, R_OK | W_OK);
    if (error && error != ENOENT && error != ENOTDIR)
        complain_of(errors, config, &book, config->book, error);
    if (config->socket[0])
        check_directory(errors, config, &socket, X_OK);
    error = config->address[0] || config->watch_address[0] ? file_access(config->web, R_OK | X_OK) : 0;
    if (error)
        complain_of(errors, config, &web, config->web, error);
}

int config_check_book(const struct config *config, char *error, size_t error_size)
{
    struct error_list errors;
    int answer = file_access(config->book, F_OK);
    if (answer != ETIMEDOUT)
        return 0;
    error_list_init(&errors, error, error_size);
    config_complain(&errors, config, config_key_line(config, "station", "book"), "book = %s: %s", config->book,
                    file_error(answer));
    return -1;
}
