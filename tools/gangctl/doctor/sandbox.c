/* SPDX-License-Identifier: MIT */
/* What the unit of gangd hides from it: a file that everybody else sees is missing then. */
#include "tools/gangctl/doctor/doctor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK "sandbox"

/* A setting of gangd.service, and the directories that it hides. */
static const struct sandbox {
    const char *key;
    const char *hiding; /* its values that hide them, each between blanks. ProtectHome=read-only does not */
    const char *directories[4];
} sandboxes[] = {
    {"PrivateTmp", " yes true on 1 disconnected ", {"/tmp", "/var/tmp"}},
    {"ProtectHome", " yes true on 1 tmpfs ", {"/home", "/root", "/run/user"}},
};

static bool lies_in(const char *path, const char *directory)
{
    size_t len = strlen(directory);
    return strncmp(path, directory, len) == 0 && path[len] == '/';
}

static bool is_in_force(const struct doctor *doctor, const struct sandbox *sandbox, char *value, size_t size)
{
    char word[66];
    doctor_unit_value(doctor, sandbox->key, value, size);
    snprintf(word, sizeof(word), " %.63s ", value);
    return value[0] && strstr(sandbox->hiding, word);
}

/* Where the path leads in the end, without the root before it; as it is if there is nothing. */
static void resolve(const struct doctor *doctor, const char *path, char real[PATH_MAX])
{
    char rooted[PATH_MAX];
    size_t root = strlen(doctor->root);
    doctor_path(doctor, rooted, "%s", path);
    if (!realpath(rooted, real))
        snprintf(real, PATH_MAX, "%s", path);
    else if (strncmp(real, doctor->root, root) == 0)
        memmove(real, real + root, strlen(real + root) + 1);
}

static void check_path(struct doctor *doctor, const char *path)
{
    char real[PATH_MAX], value[64];
    resolve(doctor, path, real);
    for (size_t i = 0; i < sizeof(sandboxes) / sizeof(sandboxes[0]); i++) {
        const struct sandbox *sandbox = &sandboxes[i];
        for (const char *const *directory = sandbox->directories; *directory; directory++)
            if (lies_in(real, *directory) && is_in_force(doctor, sandbox, value, sizeof(value)))
                doctor_note(doctor, DOCTOR_WARN, CHECK,
                            "move it, for example below /var/lib/gangd, and name it there in gangd.conf",
                            "the service does not see %s: gangd.service hides %s (%s=%s)", path, *directory,
                            sandbox->key, value);
    }
}

void doctor_check_sandbox(struct doctor *doctor, const struct config *config)
{
    for (size_t i = 0; i < config->n_files; i++)
        check_path(doctor, config->files[i].path);
    if (strcmp(config->stub, "builtin") != 0)
        check_path(doctor, config->stub);
    if (config->address[0] || config->watch_address[0])
        check_path(doctor, config->web);
    if (!doctor_has_noted(doctor, CHECK))
        doctor_note(doctor, DOCTOR_OK, CHECK, NULL, "the service sees the golden image, the stub and the dashboard");
}
