/* SPDX-License-Identifier: MIT */
#include "tools/gangctl/doctor/doctor.h"

#include "daemon/base/utf8.h"

#include <ctype.h>
#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void doctor_note(struct doctor *doctor, enum doctor_level level, const char *check, const char *remedy,
                 const char *text, ...)
{
    if (doctor->n == DOCTOR_NOTES_MAX)
        return;
    struct doctor_note *note = &doctor->notes[doctor->n++];
    note->check = check;
    note->level = level;
    va_list arguments;
    char raw[sizeof(note->text)];
    va_start(arguments, text);
    vsnprintf(raw, sizeof(raw), text, arguments);
    va_end(arguments);
    utf8_copy(note->text, sizeof(note->text), raw);
    utf8_copy(note->remedy, sizeof(note->remedy), remedy ? remedy : "");
}

static bool has_note(const struct doctor *doctor, const char *check, enum doctor_level least)
{
    for (size_t i = 0; i < doctor->n; i++)
        if (strcmp(doctor->notes[i].check, check) == 0 && doctor->notes[i].level >= least)
            return true;
    return false;
}

bool doctor_has_noted(const struct doctor *doctor, const char *check)
{
    return has_note(doctor, check, DOCTOR_OK);
}

bool doctor_has_failed(const struct doctor *doctor, const char *check)
{
    return has_note(doctor, check, DOCTOR_FAIL);
}

__attribute__((format(printf, 3, 0))) static void make_path(const struct doctor *doctor, char path[PATH_MAX],
                                                            const char *format, va_list arguments)
{
    size_t len = (size_t)snprintf(path, PATH_MAX, "%s", doctor->root);
    if (len < PATH_MAX)
        vsnprintf(path + len, PATH_MAX - len, format, arguments);
}

void doctor_path(const struct doctor *doctor, char path[PATH_MAX], const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    make_path(doctor, path, format, arguments);
    va_end(arguments);
}

bool doctor_read_line(const char *path, char *text, size_t size)
{
    FILE *file = fopen(path, "re");
    bool fine = file && fgets(text, (int)size, file);
    if (file)
        fclose(file);
    if (!fine)
        text[0] = '\0';
    text[strcspn(text, "\n")] = '\0';
    return fine;
}

bool doctor_read(const struct doctor *doctor, char *text, size_t size, const char *format, ...)
{
    char path[PATH_MAX];
    va_list arguments;
    va_start(arguments, format);
    make_path(doctor, path, format, arguments);
    va_end(arguments);
    return doctor_read_line(path, text, size);
}

bool doctor_exists(const struct doctor *doctor, const char *name)
{
    char path[PATH_MAX];
    struct stat st;
    doctor_path(doctor, path, "%s", name);
    return lstat(path, &st) == 0;
}

int doctor_process(const struct doctor *doctor, const char *name)
{
    char path[PATH_MAX], comm[64];
    doctor_path(doctor, path, "/proc");
    DIR *processes = opendir(path);
    int found = 0;
    for (struct dirent *entry; processes && !found && (entry = readdir(processes));)
        if (isdigit((unsigned char)entry->d_name[0]) &&
            doctor_read(doctor, comm, sizeof(comm), "/proc/%s/comm", entry->d_name) && strcmp(comm, name) == 0)
            found = atoi(entry->d_name);
    if (processes)
        closedir(processes);
    return found;
}

static bool has_file(const char *directory, const char *name)
{
    char path[PATH_MAX + NAME_MAX];
    snprintf(path, sizeof(path), "%s/%s", directory, name);
    return access(path, F_OK) == 0;
}

/* From the port's own directory up to the one of the USB device, which is where idVendor is. */
static bool describe_port(const struct doctor *doctor, const char *name, struct doctor_port *port)
{
    char path[PATH_MAX], link[PATH_MAX + 16], target[PATH_MAX];
    doctor_path(doctor, path, "/sys/class/tty/%s/device", name);
    if (strlen(name) >= sizeof(port->name) || !realpath(path, port->device))
        return false;
    *port->driver = '\0';
    memcpy(port->name, name, strlen(name) + 1);
    while (!has_file(port->device, "idVendor")) {
        snprintf(link, sizeof(link), "%s/driver", port->device);
        ssize_t n = port->driver[0] ? -1 : readlink(link, target, sizeof(target) - 1);
        if (n > 0) {
            target[n] = '\0';
            const char *slash = strrchr(target, '/');
            snprintf(port->driver, sizeof(port->driver), "%.31s", slash ? slash + 1 : target);
        }
        char *slash = strrchr(port->device, '/');
        if (!slash || strlen(port->device) <= strlen(doctor->root))
            return false; /* not on USB */
        *slash = '\0';
    }
    return true;
}

static int compare_ports(const void *a, const void *b)
{
    return strverscmp(((const struct doctor_port *)a)->name, ((const struct doctor_port *)b)->name);
}

size_t doctor_ports(const struct doctor *doctor, struct doctor_port *ports, size_t max)
{
    char path[PATH_MAX];
    doctor_path(doctor, path, "/sys/class/tty");
    DIR *class = opendir(path);
    size_t n = 0;
    for (struct dirent *entry; class && n < max && (entry = readdir(class));) {
        const char *name = entry->d_name;
        if ((strncmp(name, "ttyUSB", 6) == 0 || strncmp(name, "ttyACM", 6) == 0) &&
            describe_port(doctor, name, &ports[n]))
            n++;
    }
    if (class)
        closedir(class);
    qsort(ports, n, sizeof(*ports), compare_ports);
    return n;
}
