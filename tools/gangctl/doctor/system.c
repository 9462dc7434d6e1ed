/* SPDX-License-Identifier: MIT */
/* Checks of the machine and of the user's rights. */
#include "daemon/base/memory.h"
#include "daemon/config/paths.h"
#include "tools/gangctl/doctor/doctor.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

/* "gangd:x:998:anna,bert" of the machine's groups. */
struct group_line {
    char text[4096];
    const char *name, *members;
    long number;
};

static bool next_group(FILE *file, struct group_line *line)
{
    while (file && fgets(line->text, sizeof(line->text), file)) {
        char *rest = line->text;
        rest[strcspn(rest, "\n")] = '\0';
        line->name = strsep(&rest, ":");
        if (!strsep(&rest, ":") || !rest)
            continue;
        line->number = strtol(rest, &rest, 10);
        line->members = rest + strspn(rest, ":");
        return true;
    }
    return false;
}

static FILE *open_groups(const struct doctor *doctor)
{
    char path[PATH_MAX];
    doctor_path(doctor, path, "/etc/group");
    return fopen(path, "re");
}

static bool find_group(const struct doctor *doctor, const char *name, struct group_line *line)
{
    FILE *file = open_groups(doctor);
    bool found = false;
    while (!found && next_group(file, line))
        found = strcmp(line->name, name) == 0;
    if (file)
        fclose(file);
    return found;
}

long doctor_group(const struct doctor *doctor, const char *name)
{
    struct group_line line;
    return find_group(doctor, name, &line) ? line.number : -1;
}

void doctor_group_name(const struct doctor *doctor, gid_t number, char *name, size_t size)
{
    struct group_line line;
    FILE *file = open_groups(doctor);
    snprintf(name, size, "%u", number);
    while (next_group(file, &line))
        if ((gid_t)line.number == number)
            snprintf(name, size, "%s", line.name);
    if (file)
        fclose(file);
}

static bool has_member(const struct group_line *line, const char *user)
{
    size_t len = strlen(user);
    for (const char *at = line->members; *at; at += strspn(at, ",")) {
        size_t n = strcspn(at, ",");
        if (n == len && strncmp(at, user, n) == 0)
            return true;
        at += n;
    }
    return false;
}

size_t doctor_groups_of(const struct doctor *doctor, const char *user, gid_t *groups, size_t max)
{
    struct group_line line;
    FILE *file = open_groups(doctor);
    size_t n = 0;
    while (n < max && next_group(file, &line))
        if (has_member(&line, user))
            groups[n++] = (gid_t)line.number;
    if (file)
        fclose(file);
    return n;
}

static bool is_in_group(gid_t wanted)
{
    gid_t groups[256];
    int n = getgroups(256, groups);
    for (int i = 0; i < n; i++)
        if (groups[i] == wanted)
            return true;
    return getegid() == wanted;
}

void doctor_check_group(struct doctor *doctor)
{
    static const char check[] = "group";
    const struct passwd *entry = getpwuid(getuid());
    const char *user = entry ? entry->pw_name : "you";
    struct group_line group;
    bool there = find_group(doctor, "gangd", &group);
    char remedy[128];
    snprintf(remedy, sizeof(remedy), "sudo adduser %s gangd, then log out and in again", user);
    if (!there)
        doctor_note(doctor, DOCTOR_FAIL, check, "install the package, or run systemd-sysusers",
                    "there is no group gangd: its socket cannot be given to anybody");
    else if (geteuid() == 0)
        doctor_note(doctor, DOCTOR_OK, check, NULL, "root may use gangctl");
    else if (is_in_group((gid_t)group.number))
        doctor_note(doctor, DOCTOR_OK, check, NULL, "%s may use gangctl", user);
    else if (has_member(&group, user))
        doctor_note(doctor, DOCTOR_WARN, check, "log out and in again", "%s joined group gangd after logging in", user);
    else
        doctor_note(doctor, DOCTOR_WARN, check, remedy, "%s is not in group gangd and may not use gangctl", user);
}

/* The kernel keeps the status for whatever program sets the clock; in a tree of files there is only timesyncd's file.
 */
static bool is_synchronised(const struct doctor *doctor)
{
    struct timex state = {0};
    if (doctor_exists(doctor, "/run/systemd/timesync/synchronized"))
        return true;
    return doctor->root[0] == '\0' && adjtimex(&state) != -1 && !(state.status & STA_UNSYNC);
}

/* With a wrong clock attempts are booked at a wrong time; one that starts in 1970 sorts them before all others. */
void doctor_check_clock(struct doctor *doctor)
{
    static const char check[] = "clock";
    static const char *const files[] = {CONFIG_DEFAULT_BOOK, CONFIG_DEFAULT_PATH};
    static const char remedy[] = "set the clock: apt install systemd-timesyncd, timedatectl set-ntp true";
    time_t now = time(NULL);
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        char path[PATH_MAX];
        struct stat st;
        doctor_path(doctor, path, "%s", files[i]);
        if (stat(path, &st) == 0 && st.st_mtime > now + 60) {
            doctor_note(doctor, DOCTOR_FAIL, check, remedy, "it is behind: %s was written later than it shows",
                        files[i]);
            return;
        }
    }
    if (is_synchronised(doctor))
        doctor_note(doctor, DOCTOR_OK, check, NULL, "it is synchronised");
    else
        doctor_note(doctor, DOCTOR_WARN, check, remedy, "nothing synchronises it: the book's times may be wrong");
}

static bool has_rules(const struct doctor *doctor, const char *name)
{
    static const char *const places[] = {"/etc/udev/rules.d", "/run/udev/rules.d", "/usr/local/lib/udev/rules.d",
                                         "/usr/lib/udev/rules.d", "/lib/udev/rules.d"};
    char path[PATH_MAX];
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", places[i], name);
        if (doctor_exists(doctor, path))
            return true;
    }
    return false;
}

/* Whether udev's database has ID_MM_DEVICE_IGNORE for a USB device, which ModemManager respects. */
static bool is_marked(const struct doctor *doctor, const char *device)
{
    char path[PATH_MAX + 8], number[32], line[256];
    snprintf(path, sizeof(path), "%s/dev", device);
    if (!doctor_read_line(path, number, sizeof(number)))
        return false;
    doctor_path(doctor, path, "/run/udev/data/c%s", number);
    FILE *file = fopen(path, "re");
    bool found = false;
    while (file && !found && fgets(line, sizeof(line), file))
        found = strcmp(line, "E:ID_MM_DEVICE_IGNORE=1\n") == 0;
    if (file)
        fclose(file);
    return found;
}

void doctor_check_modem_manager(struct doctor *doctor)
{
    static const char check[] = "modem-manager";
    int pid = doctor_process(doctor, "ModemManager");
    if (!pid) {
        doctor_note(doctor, DOCTOR_OK, check, NULL, "ModemManager does not run");
        return;
    }
    if (!has_rules(doctor, "60-gangd.rules")) {
        doctor_note(doctor, DOCTOR_FAIL, check,
                    "install 60-gangd.rules (it is in the package), or: apt remove modemmanager",
                    "ModemManager (pid %d) runs, and no udev rules keep it from the adapters", pid);
        return;
    }
    struct doctor_port *ports = must_calloc(DOCTOR_PORTS_MAX, sizeof(*ports));
    size_t n = doctor_ports(doctor, ports, DOCTOR_PORTS_MAX);
    for (size_t i = 0; i < n; i++)
        if (!is_marked(doctor, ports[i].device))
            doctor_note(doctor, DOCTOR_FAIL, check,
                        "plug it in again; if that does not help, its vendor is not in 60-gangd.rules: add it",
                        "%s is not marked: ModemManager (pid %d) sends it modem commands", ports[i].name, pid);
    free(ports);
    if (!doctor_has_noted(doctor, check))
        doctor_note(doctor, DOCTOR_OK, check, NULL, "ModemManager runs, and leaves the adapters alone");
}

/* brltty takes CP2102, FT232 and CH340 for Braille displays, and detaches them from their driver; no udev property
 * stops it. */
void doctor_check_brltty(struct doctor *doctor)
{
    static const char check[] = "brltty";
    static const char remedy[] =
        "unless somebody here reads Braille: apt remove brltty, then plug the adapters in again";
    int pid = doctor_process(doctor, "brltty");
    if (pid)
        doctor_note(doctor, DOCTOR_FAIL, check, remedy, "brltty (pid %d) runs: ports of adapters vanish", pid);
    else if (doctor_exists(doctor, "/usr/bin/brltty") || doctor_exists(doctor, "/sbin/brltty"))
        doctor_note(doctor, DOCTOR_WARN, check, remedy, "brltty is installed, and may be started by an adapter");
    else
        doctor_note(doctor, DOCTOR_OK, check, NULL, "brltty is not there");
}
