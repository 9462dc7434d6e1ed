/* SPDX-License-Identifier: MIT */
/* Checks of gangd itself: the service, its configuration, the golden image, room for the book. */
#include "daemon/base/memory.h"
#include "daemon/config/config.h"
#include "daemon/config/paths.h"
#include "daemon/config/product.h"
#include "tools/gangctl/doctor/doctor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* An attempt takes about half a kilobyte; a migration and the write-ahead log need some room, too. */
#define ROOM_FAIL (16ULL << 20)
#define ROOM_WARN (256ULL << 20)

void doctor_check_service(struct doctor *doctor)
{
    static const char check[] = "service";
    int pid = doctor_process(doctor, "gangd");
    if (!pid)
        doctor_note(doctor, DOCTOR_FAIL, check, "systemctl start gangd; if it ends again: journalctl -u gangd -n 20",
                    "gangd does not run");
    else if (!doctor_exists(doctor, "/etc/systemd/system/multi-user.target.wants/gangd.service"))
        doctor_note(doctor, DOCTOR_WARN, check, "systemctl enable gangd", "gangd (pid %d) runs, but not after a reboot",
                    pid);
    else
        doctor_note(doctor, DOCTOR_OK, check, NULL, "gangd (pid %d) runs, and starts at boot", pid);
}

/* Puts the root before an absolute path. A path that becomes too long stays, and is not found later. */
static void move_under(const struct doctor *doctor, char *path, size_t size)
{
    size_t root = strlen(doctor->root), len = strlen(path);
    if (path[0] != '/' || root + len >= size)
        return;
    memmove(path + root, path, len + 1);
    memcpy(path, doctor->root, root);
}

static bool is_forbidden(const struct config *config)
{
    for (size_t i = 0; i < config->n_files; i++)
        if (access(config->files[i].path, R_OK) != 0 && errno == EACCES)
            return true;
    return false;
}

/* Whether the user of the service may read the files of the product. */
static bool has_rights(struct doctor *doctor, const char *check, const struct config *config,
                       const struct doctor_user *user)
{
    bool may = true;
    for (size_t i = 0; i < config->n_files; i++)
        may = doctor_check_right(doctor, check, user, config->files[i].path, R_OK) && may;
    if (strcmp(config->stub, "builtin") != 0)
        may = doctor_check_right(doctor, check, user, config->stub, R_OK) && may;
    return may;
}

/* It can be loaded. */
static void note_product(struct doctor *doctor, const struct config *config, const struct product *product)
{
    static const char check[] = "golden";
    char warning[512];
    error_list_summary(product->warnings, warning, sizeof(warning));
    if (warning[0])
        doctor_note(doctor, DOCTOR_WARN, check, "gangctl image FILE tells more of it", "%s", warning);
    else
        doctor_note(doctor, DOCTOR_OK, check, NULL, "%s, %llu bytes, md5 %s", config->files[0].path,
                    (unsigned long long)product->golden->size, product->golden->md5);
}

/* Sets `md5` to that of the image, or to "" if it cannot be loaded. `user`: NULL if there is none. */
static void check_golden(struct doctor *doctor, struct config *config, const struct doctor_user *user, char md5[33])
{
    static const char check[] = "golden";
    char errors[CONFIG_ERRORS_MAX], error[512];
    md5[0] = '\0';
    for (size_t i = 0; i < config->n_files; i++)
        move_under(doctor, config->files[i].path, sizeof(config->files[i].path));
    if (strcmp(config->stub, "builtin") != 0)
        move_under(doctor, config->stub, sizeof(config->stub));
    if (is_forbidden(config)) {
        doctor_note(doctor, DOCTOR_WARN, check, "ask again as root: sudo gangctl doctor", "you may not read %s",
                    config->files[0].path);
        return;
    }
    if (user && !has_rights(doctor, check, config, user))
        return;
    struct product *product = product_load(config, errors, sizeof(errors));
    error_list_summary(product ? "" : errors, error, sizeof(error));
    if (product) {
        snprintf(md5, 33, "%s", product->golden->md5);
        note_product(doctor, config, product);
    } else
        doctor_note(doctor, DOCTOR_FAIL, check,
                    "name the golden image in " CONFIG_DEFAULT_PATH " or put it there, then: systemctl reload gangd",
                    "%s", error);
    product_unref(product);
}

/* SQLite makes its log beside the book. */
static void check_book_rights(struct doctor *doctor, const struct config *config, const char *directory,
                              const struct doctor_user *user)
{
    static const char check[] = "book";
    if (doctor_check_right(doctor, check, user, directory, R_OK | W_OK | X_OK))
        doctor_check_right(doctor, check, user, config->book, R_OK | W_OK);
}

/* `user`: NULL if there is none. */
static void check_room(struct doctor *doctor, struct config *config, const struct doctor_user *user)
{
    static const char check[] = "disk";
    char directory[PATH_MAX];
    struct statvfs disk;
    move_under(doctor, config->book, sizeof(config->book));
    snprintf(directory, sizeof(directory), "%s", config->book);
    char *slash = strrchr(directory, '/');
    if (slash)
        slash[slash == directory] = '\0';
    if (statvfs(slash ? directory : ".", &disk) != 0) {
        doctor_note(doctor, DOCTOR_FAIL, check, "make the directory for the book, or put the package right", "%s: %s",
                    directory, strerror(errno));
        return;
    }
    unsigned long long room = (unsigned long long)disk.f_bavail * disk.f_frsize;
    enum doctor_level level = room < ROOM_FAIL ? DOCTOR_FAIL : room < ROOM_WARN ? DOCTOR_WARN : DOCTOR_OK;
    doctor_note(doctor, level, check,
                level == DOCTOR_OK ? NULL : "make room: no board is flashed that cannot be booked",
                "%llu MB are left for the book in %s", room >> 20, directory);
    if (user)
        check_book_rights(doctor, config, slash ? directory : ".", user);
}

void doctor_check_configuration(struct doctor *doctor)
{
    static const char check[] = "configuration";
    char path[PATH_MAX], errors[CONFIG_ERRORS_MAX], error[512], md5[33];
    struct config *config = must_calloc(1, sizeof(*config));
    doctor_path(doctor, path, CONFIG_DEFAULT_PATH);
    if (config_read(config, path, errors, sizeof(errors)) != 0) {
        error_list_summary(errors, error, sizeof(error));
        doctor_note(doctor, DOCTOR_FAIL, check, "put it right; sudo -u gangd gangd --check-config tests it", "%s",
                    error);
    } else {
        struct doctor_user service = {0};
        const struct doctor_user *user = doctor_service_user(doctor, &service) ? &service : NULL;
        if (!user || doctor_check_right(doctor, check, user, path, R_OK))
            doctor_note(doctor, DOCTOR_OK, check, NULL, "%s is right", path);
        doctor_check_sandbox(doctor, config);
        check_golden(doctor, config, user, md5);
        check_room(doctor, config, user);
        doctor_check_rates(doctor, config);
        doctor_path(doctor, path, "%s", config->socket);
        doctor_check_gangd(doctor, config, doctor->socket ? doctor->socket : config->socket[0] ? path : "", md5);
    }
    free(config);
}
