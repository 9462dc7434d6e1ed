/* SPDX-License-Identifier: MIT */
/* What the user that gangd runs as may read and write: what the caller may says nothing about it. */
#include "tools/gangctl/doctor/doctor.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define DEFAULT_USER "gangd"

enum right { ALLOWED, DENIED, UNKNOWN };

struct answer {
    enum right right;
    char path[PATH_MAX]; /* the first part that is not ALLOWED */
};

/* Whether `user` may do `mode` (R_OK, W_OK, X_OK) with the one file or directory `path`. */
typedef enum right (*right_of)(const char *path, int mode, const struct doctor_user *user);

/* As far as the kernel allows this process. */
static enum right right_of_process(const char *path, int mode, const struct doctor_user *user)
{
    (void)user;
    return access(path, mode) == 0 || errno == ENOENT ? ALLOWED : DENIED;
}

static bool is_in_group(const struct doctor_user *user, gid_t gid)
{
    for (size_t i = 0; i < user->n_groups; i++)
        if (user->groups[i] == gid)
            return true;
    return false;
}

/* By owner, group and mode bits. An access control list may give more or less. */
static enum right right_by_mode(const char *path, int mode, const struct doctor_user *user)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return errno == ENOENT ? ALLOWED : UNKNOWN;
    if (user->uid == 0)
        return ALLOWED;
    if (getxattr(path, "system.posix_acl_access", NULL, 0) > 0)
        return UNKNOWN;
    unsigned bits = st.st_uid == user->uid         ? st.st_mode >> 6
                    : is_in_group(user, st.st_gid) ? st.st_mode >> 3
                                                   : st.st_mode;
    return ((unsigned)mode & ~bits) == 0 ? ALLOWED : DENIED;
}

/* Each directory on the way must be open, too. */
static void walk(struct answer *answer, const char *path, int mode, const struct doctor_user *user, right_of right)
{
    for (const char *end = path + strcspn(path, "/"); *end && answer->right == ALLOWED; end += strcspn(end, "/")) {
        int len = (int)(++end - path);
        snprintf(answer->path, sizeof(answer->path), "%.*s", len > 1 ? len - 1 : 1, path);
        answer->right = right(answer->path, X_OK, user);
    }
    if (answer->right != ALLOWED)
        return;
    snprintf(answer->path, sizeof(answer->path), "%s", path);
    answer->right = right(path, mode, user);
}

static bool become(const struct doctor_user *user)
{
    return setgroups(user->n_groups, user->groups) == 0 && setgid(user->gid) == 0 && setuid(user->uid) == 0;
}

/* Walks in a child that becomes the user, and asks the kernel. */
static void walk_as(struct answer *answer, const char *path, int mode, const struct doctor_user *user)
{
    int ends[2];
    answer->right = UNKNOWN;
    if (pipe(ends) != 0)
        return;
    pid_t child = fork();
    if (child == 0) {
        if (become(user)) {
            answer->right = ALLOWED;
            walk(answer, path, mode, user, right_of_process);
        }
        _exit(write(ends[1], answer, sizeof(*answer)) == (ssize_t)sizeof(*answer) ? 0 : 1);
    }
    close(ends[1]);
    if (child > 0) {
        if (read(ends[0], answer, sizeof(*answer)) != (ssize_t)sizeof(*answer))
            answer->right = UNKNOWN;
        waitpid(child, NULL, 0);
    }
    close(ends[0]);
}

static void ask(struct answer *answer, const char *path, int mode, const struct doctor_user *user)
{
    char real[PATH_MAX];
    *answer = (struct answer){.right = ALLOWED};
    if (!realpath(path, real)) {
        answer->right = errno == ENOENT ? ALLOWED : UNKNOWN;
        snprintf(answer->path, sizeof(answer->path), "%s", path);
    } else if (geteuid() == user->uid)
        walk(answer, real, mode, user, right_of_process);
    else if (geteuid() == 0)
        walk_as(answer, real, mode, user);
    else
        walk(answer, real, mode, user, right_by_mode);
}

bool doctor_check_right(struct doctor *doctor, const char *check, const struct doctor_user *user, const char *path,
                        int mode)
{
    struct answer answer;
    char remedy[400];
    const char *deed = mode & W_OK ? "write to" : "read";
    ask(&answer, path, mode, user);
    if (answer.right == ALLOWED)
        return true;
    if (answer.right == UNKNOWN) {
        doctor_note(doctor, DOCTOR_WARN, check, "ask again as root: sudo gangctl doctor",
                    "it is not known whether user %s may %s %s", user->name, deed, path);
        return true;
    }
    snprintf(remedy, sizeof(remedy),
             "setfacl -m u:%s:%s %.200s, or put it below /var/lib/gangd; then: systemctl restart gangd", user->name,
             mode & W_OK ? "rwX" : "rX", answer.path);
    doctor_note(doctor, DOCTOR_FAIL, check, remedy, "user %s may not %s %s: no permission for %s", user->name, deed,
                path, answer.path);
    return false;
}

void doctor_unit_value(const struct doctor *doctor, const char *key, char *value, size_t size)
{
    static const char *const files[] = {
        "/lib/systemd/system/gangd.service",
        "/usr/lib/systemd/system/gangd.service",
        "/usr/local/lib/systemd/system/gangd.service",
        "/etc/systemd/system/gangd.service",
        "/etc/systemd/system/gangd.service.d/override.conf",
    };
    char path[PATH_MAX], line[512];
    size_t len = strlen(key);
    value[0] = '\0';
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        doctor_path(doctor, path, "%s", files[i]);
        FILE *file = fopen(path, "re");
        while (file && fgets(line, sizeof(line), file)) {
            line[strcspn(line, "\r\n")] = '\0';
            if (strncmp(line, key, len) == 0 && line[len] == '=')
                snprintf(value, size, "%s", line + len + 1);
        }
        if (file)
            fclose(file);
    }
}

/* "gangd:x:997:998:…" of the machine's users. */
static bool read_user(const struct doctor *doctor, struct doctor_user *user)
{
    char path[PATH_MAX], line[1024];
    unsigned uid, gid;
    size_t len = strlen(user->name);
    bool found = false;
    doctor_path(doctor, path, "/etc/passwd");
    FILE *file = fopen(path, "re");
    while (file && !found && fgets(line, sizeof(line), file))
        found = strncmp(line, user->name, len) == 0 && sscanf(line + len, ":%*[^:]:%u:%u:", &uid, &gid) == 2;
    if (file)
        fclose(file);
    if (found) {
        user->uid = uid;
        user->gid = gid;
    }
    return found;
}

bool doctor_service_user(struct doctor *doctor, struct doctor_user *user)
{
    char groups[512];
    doctor_unit_value(doctor, "User", user->name, sizeof(user->name));
    if (user->name[0] == '\0')
        snprintf(user->name, sizeof(user->name), DEFAULT_USER);
    if (!read_user(doctor, user)) {
        doctor_note(doctor, DOCTOR_FAIL, "user", "install the package, or run systemd-sysusers",
                    "there is no user %s: the service cannot start", user->name);
        return false;
    }
    user->n_groups = doctor_groups_of(doctor, user->name, user->groups, DOCTOR_GROUPS_MAX - 1);
    user->groups[user->n_groups++] = user->gid;
    doctor_unit_value(doctor, "SupplementaryGroups", groups, sizeof(groups));
    for (char *rest = groups, *name; (name = strsep(&rest, " "));) {
        long gid = name[0] ? doctor_group(doctor, name) : -1;
        if (gid >= 0 && user->n_groups < DOCTOR_GROUPS_MAX)
            user->groups[user->n_groups++] = (gid_t)gid;
    }
    return true;
}
