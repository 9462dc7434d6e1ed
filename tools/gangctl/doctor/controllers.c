/* SPDX-License-Identifier: MIT */
/* How full the USB host controllers are that have adapters: xHCI controllers bear few devices and few endpoints. */
#include "daemon/base/memory.h"
#include "tools/gangctl/doctor/doctor.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* No register tells how many endpoints a controller bears. Intel's of the 8 Series and later: 96 (Microchip's note "Not
 * enough USB controller resources" says so of the 8 Series; uhubctl issue 276). Of the 7 Series (8086:1e31): 64, which
 * the kernel itself counts (drivers/usb/host/xhci-pci.c, limit_active_eps). */
#define ENDPOINTS          96
#define ENDPOINTS_OF_SEVEN 64
#define INTEL              0x8086
#define INTEL_SEVEN        0x1e31

/* Fewer than three adapters more, of up to four endpoints each. */
#define ADAPTERS_TO_COME  3
#define ENDPOINTS_TO_COME (4 * ADAPTERS_TO_COME)

/* What xhci.c (Linux 6.12) says when a controller refuses a device, when the kernel does so for one of the 7 Series,
 * and when there are too many devices. */
static const char *const refusals[] = {
    "Not enough host controller resources for new device state",
    "Not enough host resources, active endpoint contexts",
    "Max number of devices this xHCI host supports is",
};

struct controller {
    char path[PATH_MAX]; /* ROOT/sys/devices/…/0000:00:14.0 */
    unsigned devices, endpoints, root_hubs;
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
            controller->root_hubs++, count(controller, path);
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

static unsigned endpoint_limit(const struct controller *controller)
{
    bool seven =
        read_number(controller->path, "vendor") == INTEL && read_number(controller->path, "device") == INTEL_SEVEN;
    return seven ? ENDPOINTS_OF_SEVEN : ENDPOINTS;
}

/* The devices that it bears, hubs among them, but for its root hubs: MaxSlots, the lowest byte of HCSPARAMS1 (xHCI 1.2,
 * 5.3.3), which debugfs shows to root. 32 with the VL805 of a Raspberry Pi 4. 0 if it cannot be read. */
static unsigned device_limit(const struct doctor *doctor, const struct controller *controller)
{
    static const char key[] = "HCSPARAMS1 = ";
    char path[PATH_MAX], line[128];
    doctor_path(doctor, path, "/sys/kernel/debug/usb/xhci/%s/reg-cap", strrchr(controller->path, '/') + 1);
    FILE *file = fopen(path, "re");
    unsigned limit = 0;
    while (file && limit == 0 && fgets(line, sizeof(line), file))
        if (strncmp(line, key, strlen(key)) == 0)
            limit = strtoul(line + strlen(key), NULL, 16) & 0xff;
    if (file)
        fclose(file);
    return limit;
}

/* The refusal in a text of the kernel's, or NULL. */
static const char *find_refusal(const char *text)
{
    for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++)
        if (strstr(text, refusals[i]))
            return refusals[i];
    return NULL;
}

/* Of the kernel's log, which root can read, and where the system allows it all. NULL if nothing was refused. */
static const char *read_refusal(const struct doctor *doctor)
{
    char path[PATH_MAX], text[8192];
    doctor_path(doctor, path, "/dev/kmsg");
    int log = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    const char *found = NULL;
    ssize_t n;
    while (log >= 0 && !found && (n = read(log, text, sizeof(text) - 1)) > 0) {
        text[n] = '\0';
        found = find_refusal(text);
    }
    if (log >= 0)
        close(log);
    return found;
}

static void note_controller(struct doctor *doctor, const char *check, const struct controller *controller)
{
    const char *name = strrchr(controller->path, '/') + 1;
    unsigned endpoints = endpoint_limit(controller), limit = device_limit(doctor, controller);
    unsigned devices = controller->devices - controller->root_hubs;
    char remedy[160] = "", most[32] = "";
    if (controller->endpoints + ENDPOINTS_TO_COME > endpoints)
        snprintf(remedy, sizeof(remedy), "%s %u endpoints: spread the hubs over controllers, or add one",
                 endpoints == ENDPOINTS ? "many xHCI controllers bear" : "this controller bears", endpoints);
    if (limit && devices + ADAPTERS_TO_COME > limit)
        snprintf(remedy, sizeof(remedy),
                 "this controller bears %u devices, hubs among them: spread the hubs over "
                 "controllers, or add one",
                 limit);
    if (limit)
        snprintf(most, sizeof(most), " of %u", limit);
    doctor_note(doctor, *remedy ? DOCTOR_WARN : DOCTOR_OK, check, *remedy ? remedy : NULL,
                "controller %s has %u%s devices with %u endpoints", name, devices, most, controller->endpoints);
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
    const char *refusal = read_refusal(doctor);
    if (refusal)
        doctor_note(doctor, DOCTOR_FAIL, check, "spread the hubs over controllers, then plug the adapters in again",
                    "the kernel has refused a device: \"%s\"", refusal);
    if (!doctor_has_noted(doctor, check))
        doctor_note(doctor, DOCTOR_OK, check, NULL, "no adapter is plugged in");
}
