/* SPDX-License-Identifier: MIT */
/* How full the USB host controllers are that have adapters: an xHCI controller bears a limited number of endpoints. */
#include "daemon/base/memory.h"
#include "tools/gangctl/doctor/doctor.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Common Intel controllers bear 96 endpoints in all; the kernel says this when they run out. */
#define ENDPOINTS_WARN 85
#define EXHAUSTED      "Not enough host controller resources"

struct controller {
    char path[PATH_MAX]; /* ROOT/sys/devices/…/0000:00:14.0 */
    unsigned devices, endpoints;
};

static unsigned read_number(const char *directory, const char *name)
{
    char path[PATH_MAX + 32], text[32];
    snprintf(path, sizeof(path), "%s/%s", directory, name);
    return doctor_read_line(path, text, sizeof(text)) ? (unsigned)strtoul(text, NULL, 16) : 0;
}

/* Devices, hubs among them, are in the directory of the hub that they are on, as "1-1.2"; interfaces in that of their
 * device, as "1-1.2:1.0". Each device has its control endpoint too. */
static void count(struct controller *controller, const char *directory)
{
    controller->devices++;
    controller->endpoints++;
    DIR *entries = opendir(directory);
    for (struct dirent *entry; entries && (entry = readdir(entries));) {
        char path[PATH_MAX];
        bool is_usb = strspn(entry->d_name, "0123456789") > 0 && strchr(entry->d_name, '-');
        if (!is_usb || (size_t)snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name) >= sizeof(path))
            continue;
        if (strchr(entry->d_name, ':'))
            controller->endpoints += read_number(path, "bNumEndpoints");
        else
            count(controller, path);
    }
    if (entries)
        closedir(entries);
}

/* Its root hubs: "usb1", and "usb2" for the SuperSpeed devices. */
static void count_all(struct controller *controller)
{
    DIR *entries = opendir(controller->path);
    for (struct dirent *entry; entries && (entry = readdir(entries));) {
        char path[PATH_MAX];
        if (strncmp(entry->d_name, "usb", 3) == 0 && strspn(entry->d_name + 3, "0123456789") > 0 &&
            (size_t)snprintf(path, sizeof(path), "%s/%s", controller->path, entry->d_name) < sizeof(path))
            count(controller, path);
    }
    if (entries)
        closedir(entries);
}

/* Cuts "/usb1/1-1/1-1.2" off the device's path. False if there is no root hub in it. */
static bool find_controller(const char *device, char controller[PATH_MAX])
{
    snprintf(controller, PATH_MAX, "%s", device);
    char *hub = strstr(controller, "/usb");
    while (hub && strspn(hub + 4, "0123456789") == 0)
        hub = strstr(hub + 4, "/usb");
    if (hub)
        *hub = '\0';
    return hub;
}

/* Whether the kernel has refused a device for want of endpoints. Its log can be read by root, and where the system
 * allows it by all. */
static bool was_exhausted(const struct doctor *doctor)
{
    char path[PATH_MAX], text[8192];
    doctor_path(doctor, path, "/dev/kmsg");
    int log = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    bool found = false;
    ssize_t n;
    while (log >= 0 && !found && (n = read(log, text, sizeof(text) - 1)) > 0) {
        text[n] = '\0';
        found = strstr(text, EXHAUSTED);
    }
    if (log >= 0)
        close(log);
    return found;
}

static void note_controller(struct doctor *doctor, const char *check, const struct controller *controller)
{
    bool full = controller->endpoints >= ENDPOINTS_WARN;
    doctor_note(doctor, full ? DOCTOR_WARN : DOCTOR_OK, check,
                full ? "many xHCI controllers bear 96 endpoints: spread the hubs over controllers, or add one" : NULL,
                "controller %s has %u devices with %u endpoints", strrchr(controller->path, '/') + 1,
                controller->devices, controller->endpoints);
}

void doctor_check_controllers(struct doctor *doctor)
{
    static const char check[] = "usb";
    struct doctor_port *ports = must_calloc(DOCTOR_PORTS_MAX, sizeof(*ports));
    size_t n = doctor_ports(doctor, ports, DOCTOR_PORTS_MAX);
    for (size_t i = 0; i < n; i++) {
        struct controller controller = {0};
        char other[PATH_MAX];
        bool first = find_controller(ports[i].device, controller.path);
        for (size_t k = 0; k < i && first; k++)
            first = !find_controller(ports[k].device, other) || strcmp(other, controller.path) != 0;
        if (!first)
            continue;
        count_all(&controller);
        note_controller(doctor, check, &controller);
    }
    free(ports);
    if (was_exhausted(doctor))
        doctor_note(doctor, DOCTOR_FAIL, check, "spread the hubs over controllers, then plug the adapters in again",
                    "the kernel has refused a device: \"" EXHAUSTED " for new device state\"");
    if (!doctor_has_noted(doctor, check))
        doctor_note(doctor, DOCTOR_OK, check, NULL, "no adapter is plugged in");
}
