/* SPDX-License-Identifier: MIT */
#include "daemon/port/hotplug.h"

#include "daemon/base/log.h"
#include "daemon/base/memory.h"
#include "daemon/base/utf8.h"
#include "proto/link/text.h"

#include <errno.h>
#include <libudev.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A hub with 64 adapters that is switched on sends them all within a second. */
#define MONITOR_BUFFER (4 << 20)

/* A device that `added` was called for. */
struct known_adapter {
    struct known_adapter *next;
    bool seen;      /* in the enumeration that is going on */
    char since[24]; /* USEC_INITIALIZED: another one is another adapter at the same place */
    char syspath[sizeof(((struct adapter *)0)->syspath)];
};

struct hotplug {
    struct udev *udev;
    struct udev_monitor *monitor;
    uv_poll_t poll;
    const struct hotplug_events *events;
    void *data;
    struct known_adapter *known;
};

/* Properties of a device */

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

static struct udev_device *usb_parent(struct udev_device *device, const char *type)
{
    return udev_device_get_parent_with_subsystem_devtype(device, "usb", type);
}

/* A property of the device; if udev's rules did not set it, an attribute that the kernel shows for `parent`. */
static const char *property_or(struct udev_device *device, const char *property, struct udev_device *parent,
                               const char *attribute)
{
    const char *value = udev_device_get_property_value(device, property);
    return or_empty(value ? value : udev_device_get_sysattr_value(parent, attribute));
}

/* A property with its escapes decoded. The kernel's attributes "product" and "serial" are not read, because reading
 * them waits for the USB device's lock, which the driver of a hung adapter may hold for half a minute. */
static void copy_text(char *to, size_t size, struct udev_device *device, const char *property)
{
    const char *value = or_empty(udev_device_get_property_value(device, property));
    size_t n = 0;
    char text[512];
    while (*value && n < sizeof(text) - 1) {
        unsigned byte;
        int used = 0;
        /* As in ID_MODEL_ENC, where a blank is \x20. */
        if (sscanf(value, "\\x%2x%n", &byte, &used) == 1 && used == 4) {
            text[n++] = (char)byte;
            value += used;
        } else {
            text[n++] = *value++;
        }
    }
    text[n] = '\0';
    utf8_copy(to, size, text);
}

static unsigned number(const char *text, int base)
{
    return text ? (unsigned)strtoul(text, NULL, base) : 0;
}

static const char *driver_of(struct udev_device *device, struct udev_device *port, struct udev_device *interface)
{
    const char *driver = udev_device_get_property_value(device, "ID_USB_DRIVER");
    if (!driver && port)
        driver = udev_device_get_driver(port);
    return or_empty(driver ? driver : udev_device_get_driver(interface));
}

__attribute__((format(printf, 3, 4))) static void print(char *to, size_t size, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    text_vprint(text, sizeof(text), format, arguments);
    va_end(arguments);
    utf8_copy(to, size, text);
}

/* Fills `adapter`; false if the device is no USB adapter's port. */
static bool describe(struct udev_device *device, struct adapter *adapter)
{
    struct udev_device *interface = usb_parent(device, "usb_interface"), *usb = usb_parent(device, "usb_device");
    const char *devnode = udev_device_get_devnode(device);
    if (!interface || !usb || !devnode)
        return false;
    *adapter = (struct adapter){0};
    print(adapter->devnode, sizeof(adapter->devnode), "%s", devnode);
    print(adapter->syspath, sizeof(adapter->syspath), "%s", udev_device_get_syspath(device));

    /* Drivers for several ports on one interface number them below it, as in the names of /dev/serial/by-path. The
     * first port, nearly always the only one, gets no suffix here. */
    struct udev_device *port = udev_device_get_parent_with_subsystem_devtype(device, "usb-serial", NULL);
    unsigned port_number = port ? number(udev_device_get_sysattr_value(port, "port_number"), 10) : 0;
    char suffix[16] = "";
    if (port_number > 0)
        snprintf(suffix, sizeof(suffix), "-port%u", port_number);

    unsigned interface_number = number(udev_device_get_sysattr_value(interface, "bInterfaceNumber"), 16);
    const char *name = or_empty(udev_device_get_sysname(usb));
    if (interface_number > 0)
        print(adapter->place, sizeof(adapter->place), "%s:%u%s", name, interface_number, suffix);
    else
        print(adapter->place, sizeof(adapter->place), "%s%s", name, suffix);

    const char *path = udev_device_get_property_value(device, "ID_PATH");
    if (path)
        print(adapter->path, sizeof(adapter->path), "%s%s", path, suffix);
    else /* No udev rules ran. Good as long as the controllers are numbered the same at each boot. */
        print(adapter->path, sizeof(adapter->path), "%s", adapter->place);

    print(adapter->driver, sizeof(adapter->driver), "%s", driver_of(device, port, interface));
    copy_text(adapter->model, sizeof(adapter->model), device,
              udev_device_get_property_value(device, "ID_MODEL_ENC") ? "ID_MODEL_ENC" : "ID_MODEL");
    copy_text(adapter->serial, sizeof(adapter->serial), device, "ID_SERIAL_SHORT");
    print(adapter->vid, sizeof(adapter->vid), "%s", property_or(device, "ID_VENDOR_ID", usb, "idVendor"));
    print(adapter->pid, sizeof(adapter->pid), "%s", property_or(device, "ID_MODEL_ID", usb, "idProduct"));
    return true;
}

bool adapter_is_at(const struct adapter *adapter, const char *path)
{
    return strcmp(adapter->path, path) == 0 || strcmp(adapter->place, path) == 0;
}

/* Reported adapters */

static struct known_adapter **find(struct hotplug *hotplug, const char *syspath)
{
    struct known_adapter **at = &hotplug->known;
    while (*at && strcmp((*at)->syspath, syspath) != 0)
        at = &(*at)->next;
    return at;
}

/* Takes `*at` off the list. */
static void disappeared(struct hotplug *hotplug, struct known_adapter **at)
{
    struct known_adapter *known = *at;
    *at = known->next;
    hotplug->events->removed(hotplug->data, known->syspath);
    free(known);
}

static void appeared(struct hotplug *hotplug, struct udev_device *device)
{
    struct adapter adapter;
    if (!describe(device, &adapter))
        return;
    const char *since = or_empty(udev_device_get_property_value(device, "USEC_INITIALIZED"));
    struct known_adapter **at = find(hotplug, adapter.syspath);
    if (*at && strcmp((*at)->since, since) == 0) {
        (*at)->seen = true;
        return;
    }
    /* Its "remove" was lost. */
    if (*at)
        disappeared(hotplug, at);
    struct known_adapter *known = must_calloc(1, sizeof(*known));
    *known = (struct known_adapter){.next = hotplug->known, .seen = true};
    memcpy(known->syspath, adapter.syspath, sizeof(known->syspath));
    text_copy(known->since, sizeof(known->since), since);
    hotplug->known = known;
    hotplug->events->added(hotplug->data, &adapter);
}

/* Whether udev has not finished with the device: its `add` with all properties will come. */
static bool is_half_done(struct udev_device *device)
{
    return !udev_device_get_is_initialized(device) && !udev_device_get_property_value(device, "ID_PATH") &&
           access("/run/udev/control", F_OK) == 0;
}

/* Compares with what is there now. Returns a negative errno if udev does not say. */
static int enumerate(struct hotplug *hotplug)
{
    struct udev_enumerate *enumeration = udev_enumerate_new(hotplug->udev);
    if (!enumeration)
        return -errno;
    int error = udev_enumerate_add_match_subsystem(enumeration, "tty");
    if (error >= 0)
        error = udev_enumerate_scan_devices(enumeration);
    for (struct known_adapter *known = hotplug->known; known; known = known->next)
        known->seen = false;
    struct udev_list_entry *entry;
    udev_list_entry_foreach(entry, error < 0 ? NULL : udev_enumerate_get_list_entry(enumeration))
    {
        struct udev_device *device = udev_device_new_from_syspath(hotplug->udev, udev_list_entry_get_name(entry));
        if (device && !is_half_done(device))
            appeared(hotplug, device);
        udev_device_unref(device);
    }
    udev_enumerate_unref(enumeration);
    for (struct known_adapter **at = &hotplug->known; error >= 0 && *at;)
        if ((*at)->seen)
            at = &(*at)->next;
        else
            disappeared(hotplug, at);
    return error < 0 ? error : 0;
}

static void on_event(struct hotplug *hotplug, struct udev_device *device)
{
    const char *action = or_empty(udev_device_get_action(device));
    if (strcmp(action, "add") == 0) {
        appeared(hotplug, device);
    } else if (strcmp(action, "remove") == 0) {
        struct known_adapter **at = find(hotplug, or_empty(udev_device_get_syspath(device)));
        if (*at)
            disappeared(hotplug, at);
    }
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    (void)events;
    struct hotplug *hotplug = poll->data;
    struct udev_device *device;
    errno = 0;
    while ((device = udev_monitor_receive_device(hotplug->monitor))) {
        on_event(hotplug, device);
        udev_device_unref(device);
        errno = 0;
    }
    if (errno == ENOBUFS) {
        /* More events than the buffer holds: some are lost. */
        log_warning("hotplug", "too many udev events at once; looking at all devices again");
        if (enumerate(hotplug))
            log_error("hotplug", "udev does not list its devices");
    }
    /* libuv stops to watch after an error on the socket, which ENOBUFS is. */
    if (status < 0)
        uv_poll_start(poll, UV_READABLE, on_readable);
}

static void free_hotplug(struct hotplug *hotplug)
{
    while (hotplug->known) {
        struct known_adapter *known = hotplug->known;
        hotplug->known = known->next;
        free(known);
    }
    udev_monitor_unref(hotplug->monitor);
    udev_unref(hotplug->udev);
    free(hotplug);
}

static int start(struct hotplug *hotplug, uv_loop_t *loop)
{
    hotplug->udev = udev_new();
    hotplug->monitor = hotplug->udev ? udev_monitor_new_from_netlink(hotplug->udev, "udev") : NULL;
    if (!hotplug->monitor)
        return -errno;
    /* May be refused: then the system's default size stays. */
    udev_monitor_set_receive_buffer_size(hotplug->monitor, MONITOR_BUFFER);
    int error = udev_monitor_filter_add_match_subsystem_devtype(hotplug->monitor, "tty", NULL);
    if (error >= 0)
        error = udev_monitor_enable_receiving(hotplug->monitor);
    if (error >= 0)
        error = uv_poll_init(loop, &hotplug->poll, udev_monitor_get_fd(hotplug->monitor));
    return error;
}

struct hotplug *hotplug_start(uv_loop_t *loop, const struct hotplug_events *events, void *data, char *error,
                              size_t error_size)
{
    struct hotplug *hotplug = must_calloc(1, sizeof(*hotplug));
    hotplug->events = events;
    hotplug->data = data;
    hotplug->poll.data = hotplug;
    int result = start(hotplug, loop);
    if (result < 0) {
        snprintf(error, error_size, "cannot subscribe to udev's events: %s", strerror(-result));
        free_hotplug(hotplug);
        return NULL;
    }
    uv_poll_start(&hotplug->poll, UV_READABLE, on_readable);
    result = enumerate(hotplug);
    if (result < 0) {
        snprintf(error, error_size, "udev does not list its devices: %s", strerror(-result));
        hotplug_stop(hotplug);
        return NULL;
    }
    return hotplug;
}

static void on_closed(uv_handle_t *handle)
{
    free_hotplug(handle->data);
}

void hotplug_stop(struct hotplug *hotplug)
{
    uv_close((uv_handle_t *)&hotplug->poll, on_closed);
}
