/* SPDX-License-Identifier: MIT */
/* Checks of the adapters, of the hubs above them, and of other programs that use them. */
#include "daemon/base/memory.h"
#include "daemon/port/holder.h"
#include "tools/gangctl/doctor/doctor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NO_ADAPTER "no adapter is plugged in"

/* All ports, or NULL: then `check` has noted that there is none. free() them. */
static struct doctor_port *ports_of(struct doctor *doctor, const char *check, size_t *n)
{
    struct doctor_port *ports = must_calloc(DOCTOR_PORTS_MAX, sizeof(*ports));
    *n = doctor_ports(doctor, ports, DOCTOR_PORTS_MAX);
    if (*n > 0)
        return ports;
    free(ports);
    doctor_note(doctor, DOCTOR_OK, check, NULL, NO_ADAPTER);
    return NULL;
}

/* gangd's own use of a port is right. */
void doctor_check_holders(struct doctor *doctor)
{
    static const char check[] = "ports";
    size_t n;
    struct doctor_port *ports = ports_of(doctor, check, &n);
    for (size_t i = 0; i < n; i++) {
        char node[PATH_MAX], who[128], remedy[256];
        doctor_path(doctor, node, "/dev/%s", ports[i].name);
        if (!port_holder_find(node, false, who, sizeof(who)) || strncmp(who, "gangd (", 7) == 0)
            continue;
        snprintf(remedy, sizeof(remedy), "end %s: boards on this port cannot be flashed meanwhile", who);
        doctor_note(doctor, DOCTOR_FAIL, check, remedy, "/dev/%s is held by %s", ports[i].name, who);
    }
    if (ports && !doctor_has_noted(doctor, check))
        doctor_note(doctor, DOCTOR_OK, check, NULL, "%zu port%s, held by no other program%s", n, n == 1 ? "" : "s",
                    geteuid() == 0 ? "" : " that you may see (root sees all)");
    free(ports);
}

void doctor_check_latency(struct doctor *doctor)
{
    static const char check[] = "latency";
    size_t n;
    struct doctor_port *ports = ports_of(doctor, check, &n);
    for (size_t i = 0; i < n; i++) {
        char text[32];
        if (strcmp(ports[i].driver, "ftdi_sio") != 0 ||
            !doctor_read(doctor, text, sizeof(text), "/sys/bus/usb-serial/devices/%s/latency_timer", ports[i].name) ||
            atoi(text) <= 1)
            continue;
        doctor_note(doctor, DOCTOR_WARN, check,
                    "60-gangd.rules sets it: udevadm trigger --action=change --subsystem-match=usb-serial",
                    "%s: the FTDI adapter holds each short answer back for %d ms", ports[i].name, atoi(text));
    }
    if (ports && !doctor_has_noted(doctor, check))
        doctor_note(doctor, DOCTOR_OK, check, NULL, "no FTDI adapter holds answers back");
    free(ports);
}

static bool attribute_is(const char *device, const char *name, const char *value)
{
    char path[PATH_MAX + 32], text[32];
    snprintf(path, sizeof(path), "%s/%s", device, name);
    return doctor_read_line(path, text, sizeof(text)) && strcmp(text, value) == 0;
}

void doctor_check_power(struct doctor *doctor)
{
    static const char check[] = "power";
    size_t n;
    struct doctor_port *ports = ports_of(doctor, check, &n);
    for (size_t i = 0; i < n; i++)
        if (attribute_is(ports[i].device, "power/control", "auto"))
            doctor_note(
                doctor, DOCTOR_WARN, check,
                "60-gangd.rules sets it to \"on\" for the usual vendors: plug it in again; if that does not help, "
                "exclude it in the power saver (TLP: USB_DENYLIST)",
                "%s: the adapter is put to sleep while its port is closed (power/control is \"auto\")", ports[i].name);
    if (ports && !doctor_has_noted(doctor, check))
        doctor_note(doctor, DOCTOR_OK, check, NULL, "no adapter is put to sleep");
    free(ports);
}

/* The nearest high-speed hub above a full-speed device: its transaction translator carries the device's traffic. */
static bool find_translator(const char *device, char hub[PATH_MAX])
{
    if (!attribute_is(device, "speed", "12"))
        return false;
    snprintf(hub, PATH_MAX, "%s", device);
    for (char *slash; (slash = strrchr(hub, '/')) && slash > hub;) {
        *slash = '\0';
        if (attribute_is(hub, "bDeviceClass", "09") && attribute_is(hub, "speed", "480"))
            return true;
    }
    return false;
}

/* Full-speed devices behind a hub with one translator share 12 Mbit/s. bDeviceProtocol of a high-speed hub: 1 for one
 * translator, 2 for one for each port (USB 2.0, 11.23.1). */
void doctor_check_hubs(struct doctor *doctor)
{
    static const char check[] = "hubs";
    size_t n;
    struct doctor_port *ports = ports_of(doctor, check, &n);
    for (size_t i = 0; i < n; i++) {
        char hub[PATH_MAX], other[PATH_MAX];
        unsigned sharing = 0;
        bool first = true; /* of the ports that share it */
        if (!find_translator(ports[i].device, hub) || !attribute_is(hub, "bDeviceProtocol", "01"))
            continue;
        for (size_t k = 0; k < n; k++) {
            if (!find_translator(ports[k].device, other) || strcmp(hub, other) != 0)
                continue;
            first = first && k >= i;
            /* A device with several ports counts once. */
            sharing += k == 0 || strcmp(ports[k].device, ports[k - 1].device) != 0;
        }
        if (first && sharing > 1)
            doctor_note(doctor, DOCTOR_WARN, check, "use a hub that has a translator for each port (\"multi-TT\")",
                        "%u adapters behind hub %s share one transaction translator, 12 Mbit/s in all", sharing,
                        strrchr(hub, '/') + 1);
    }
    if (ports && !doctor_has_noted(doctor, check))
        doctor_note(doctor, DOCTOR_OK, check, NULL, "no adapters share one transaction translator");
    free(ports);
}

/* What the kernel's drivers or the chips' documents name as the highest rate (docs/linux-serial.md). `product` is the
 * beginning of what the USB device calls itself. */
static const struct rate_limit {
    const char *driver, *product, *chip;
    unsigned max;
    const char *why;
} rate_limits[] = {
    {"cp210x", "CP2102 ", "CP2102", 921600, ": asked for 1000000 it runs at 923077"},
    {"cp210x", "CP2104 ", "CP2104", 2000000, ""},
    {"ch341", "", "CH340", 2000000, " by its data sheet"},
    {"ftdi_sio", "FT232R ", "FT232R", 3000000, ""},
};

static const struct rate_limit *find_limit(const struct doctor_port *port)
{
    char path[PATH_MAX + 16], product[128];
    snprintf(path, sizeof(path), "%s/product", port->device);
    if (!doctor_read_line(path, product, sizeof(product)))
        product[0] = '\0';
    for (size_t i = 0; i < sizeof(rate_limits) / sizeof(rate_limits[0]); i++)
        if (strncmp(port->driver, rate_limits[i].driver, strlen(rate_limits[i].driver)) == 0 &&
            strncmp(product, rate_limits[i].product, strlen(rate_limits[i].product)) == 0)
            return &rate_limits[i];
    return NULL;
}

void doctor_check_rates(struct doctor *doctor, const struct config *config)
{
    static const char check[] = "rates";
    size_t n;
    struct doctor_port *ports = ports_of(doctor, check, &n);
    for (size_t i = 0; i < n; i++) {
        const struct rate_limit *limit = find_limit(&ports[i]);
        if (limit && config->bauds[0] > limit->max)
            doctor_note(doctor, DOCTOR_WARN, check,
                        "take the higher rates out of \"baud\", or use an adapter that does them",
                        "%s: a %s does %u baud at most%s; [flashing] baud begins with %u", ports[i].name, limit->chip,
                        limit->max, limit->why, (unsigned)config->bauds[0]);
    }
    if (ports && !doctor_has_noted(doctor, check))
        doctor_note(doctor, DOCTOR_OK, check, NULL, "no adapter is known that cannot do the configured baud rates");
    free(ports);
}

/* Kernels whose ch341 driver does not work with boards. First and last of each branch. */
static const struct bad_kernel {
    unsigned major, minor, first, last;
    const char *what;
} bad_kernels[] = {
    /* lkml.indiana.edu/hypermail/linux/kernel/2002.3/05401.html: "fix receiver regression" is in the queue of 5.5.7. */
    {5, 5, 0, 6, "receives garbage at 115200 baud"},
    /* bugzilla.kernel.org 214131: from 5.10.58 and 5.13.10 on; github.com/espressif/esptool issues 660 (5.10.61 has it)
     * and 653 (5.13.14 has it no longer). */
    {5, 10, 58, 61, "holds answers back until 32 bytes have come: an ESP8266 is never heard"},
    {5, 13, 10, 13, "holds answers back until 32 bytes have come: an ESP8266 is never heard"},
};

void doctor_check_ch340(struct doctor *doctor)
{
    static const char check[] = "ch340";
    size_t n, ch340 = 0;
    struct doctor_port *ports = ports_of(doctor, check, &n);
    if (!ports)
        return;
    for (size_t i = 0; i < n; i++)
        ch340 += strncmp(ports[i].driver, "ch341", 5) == 0;
    free(ports);

    char release[128];
    unsigned major = 0, minor = 0, patch = 0;
    if (doctor_read(doctor, release, sizeof(release), "/proc/sys/kernel/osrelease"))
        sscanf(release, "%u.%u.%u", &major, &minor, &patch);
    for (size_t i = 0; ch340 > 0 && i < sizeof(bad_kernels) / sizeof(bad_kernels[0]); i++) {
        const struct bad_kernel *bad = &bad_kernels[i];
        if (major == bad->major && minor == bad->minor && patch >= bad->first && patch <= bad->last)
            doctor_note(doctor, DOCTOR_FAIL, check, "install a newer kernel, or use adapters of another kind",
                        "the CH340 driver of kernel %s %s", release, bad->what);
    }
    if (!doctor_has_noted(doctor, check))
        doctor_note(doctor, DOCTOR_OK, check, NULL,
                    ch340 > 0 ? "nothing bad is known of this kernel's driver" : "no CH340 is plugged in");
}
