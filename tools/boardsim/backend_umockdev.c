/* SPDX-License-Identifier: MIT */
/*
 * The back ends that need no root: a umockdev test bed. Programs that run inside it see the adapters as /dev/ttyUSBn
 * and in libudev, with their USB parents and udev's properties, get plug and unplug events, and have modem lines. The
 * answers to ioctls come from a thread of umockdev's.
 *
 * umockdev's preload keeps track of 50 devices that have ioctls, and sends each read and write of them to that thread
 * first. So the ports of the back end "wire", with its many boards, are plain ptys: their modem lines come by
 * line_server.h, and all else is the kernel's.
 */
#include "tools/boardsim/backend.h"
#include "tools/boardsim/line_server.h"
#include "tools/boardsim/preload/port_lines.h"
#include "tools/boardsim/pty.h"
#include "tools/boardsim/usb/device.h"

#include <asm/termbits.h>
#include <errno.h>
#include <linux/serial.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <umockdev.h>
#include <unistd.h>

#define PRELOAD "libumockdev-preload.so.0"
/* What makes umockdev's preload run the real ioctl on the pty. */
#define NOT_HANDLED   (-100)
#define TTY_USB_MAJOR 188
#define CONTROLLER    "pci0000:00/0000:00:14.0"

/* Of the 50 devices, some are /dev/null and the like. */
#define UMOCKDEV_SLOTS 40
/* What a usb-serial driver takes from a program ahead of the adapter: its write FIFO is a page (Linux 6.1,
 * drivers/usb/serial/usb-serial.c). */
#define DRIVER_BUFFER 4096

/* One /dev/ttyUSBn. Its ioctl socket is there for ever: a client that opens the node in the moment of the unplug and
 * does not find the socket would be ended by umockdev's preload. */
struct umockdev_port {
    unsigned number;
    pthread_mutex_t lock;
    struct sim_adapter *adapter; /* NULL: nothing is plugged here */
    unsigned opens;              /* descriptors in the host's programs, those of an adapter that is gone included */
    bool hangs;
    int flags;       /* ASYNC_…, of TIOCSSERIAL */
    GPtrArray *hung; /* clients whose ioctl waits for its answer */
    UMockdevIoctlBase *ioctls;
    unsigned usb;                 /* which of the backend's */
    char *interface, *port, *tty; /* sysfs paths */
};

/* A USB device at a port of the hub. It is there as long as one of its interfaces is. */
struct umockdev_usb {
    char *path; /* in sysfs */
    unsigned users;
};

struct umockdev_backend {
    struct backend base;
    UMockdevTestbed *bed;
    char *root;
    char *hub;
    struct line_server *lines;                       /* NULL: umockdev answers ioctls */
    struct umockdev_usb usbs[BACKEND_SLOTS_MAX + 1]; /* by the number of the hub's port */
    struct umockdev_port ports[BACKEND_SLOTS_MAX];
};

static struct umockdev_backend *umockdev_of(struct backend *base)
{
    return (struct umockdev_backend *)base;
}

static void answer(UMockdevIoctlClient *client, int error)
{
    umockdev_ioctl_client_complete(client, error ? -1 : 0, error);
}

static bool is_control_request(unsigned request)
{
    switch (request) {
    case TIOCMGET:
    case TIOCMSET:
    case TIOCMBIS:
    case TIOCMBIC:
    case TIOCSBRK:
    case TIOCCBRK:
    case TCSETS:
    case TCSETSW:
    case TCSETSF:
    case TCSETS2:
    case TCSETSW2:
    case TCSETSF2:
    case TIOCGSERIAL:
    case TIOCSSERIAL: return true;
    default: return false;
    }
}

static void move_lines(struct sim_adapter *adapter, unsigned request, int *lines)
{
    if (request == TIOCMGET)
        *lines = sim_adapter_lines(adapter);
    else if (request == TIOCMSET)
        sim_adapter_set_lines(adapter, *lines, TIOCM_DTR | TIOCM_RTS);
    else
        sim_adapter_set_lines(adapter, request == TIOCMBIS ? *lines : 0, request == TIOCMBIC ? *lines : 0);
}

static void modem_lines(struct sim_adapter *adapter, unsigned request, UMockdevIoctlClient *client)
{
    UMockdevIoctlData *data = umockdev_ioctl_data_resolve(umockdev_ioctl_client_get_arg(client), 0, sizeof(int), NULL);
    if (!data) {
        answer(client, EFAULT);
        return;
    }
    int lines;
    memcpy(&lines, data->data, sizeof lines);
    move_lines(adapter, request, &lines);
    if (request == TIOCMGET)
        umockdev_ioctl_data_update(data, 0, (guint8 *)&lines, sizeof lines);
    umockdev_ioctl_data_unref(data);
    answer(client, 0);
}

/* Of all that TIOCSSERIAL may set only the low latency, which means something to ftdi_sio alone: 1 ms. */
static void serial_settings(struct umockdev_port *port, unsigned request, UMockdevIoctlClient *client)
{
    struct serial_struct serial;
    UMockdevIoctlData *data =
        umockdev_ioctl_data_resolve(umockdev_ioctl_client_get_arg(client), 0, sizeof serial, NULL);
    if (!data) {
        answer(client, EFAULT);
        return;
    }
    memcpy(&serial, data->data, sizeof serial);
    if (request == TIOCGSERIAL) {
        serial = (struct serial_struct){.line = (int)port->number, .flags = port->flags};
        umockdev_ioctl_data_update(data, 0, (guint8 *)&serial, sizeof serial);
    } else if (strcmp(sim_adapter_kind_of(port->adapter)->driver, "ftdi_sio") == 0) {
        sim_adapter_set_latency(port->adapter, serial.flags & (int)ASYNC_LOW_LATENCY ? 1000 : 0);
    }
    if (request == TIOCSSERIAL)
        port->flags = serial.flags;
    umockdev_ioctl_data_unref(data);
    answer(client, 0);
}

/* The kernel sets the pty's speed; then the driver writes back what the chip made of it. */
static void set_termios(struct sim_adapter *adapter, UMockdevIoctlClient *client)
{
    int error = 0;
    int result = umockdev_ioctl_client_execute(client, &error, NULL);
    if (result == 0)
        pty_show_baud(sim_adapter_host_of(adapter), sim_adapter_max_baud(adapter));
    umockdev_ioctl_client_complete(client, result, error);
}

static gboolean on_ioctl(UMockdevIoctlBase *base, UMockdevIoctlClient *client, gpointer data)
{
    (void)base;
    struct umockdev_port *port = data;
    unsigned request = (unsigned)umockdev_ioctl_client_get_request(client);
    pthread_mutex_lock(&port->lock);
    if (!is_control_request(request)) {
        umockdev_ioctl_client_complete(client, NOT_HANDLED, 0);
    } else if (!port->adapter) {
        answer(client, EIO);
    } else if (port->hangs) {
        g_ptr_array_add(port->hung, g_object_ref(client));
    } else if (request == TIOCMGET || request == TIOCMSET || request == TIOCMBIS || request == TIOCMBIC) {
        modem_lines(port->adapter, request, client);
    } else if (request == TIOCGSERIAL || request == TIOCSSERIAL) {
        serial_settings(port, request, client);
    } else if (request == TIOCSBRK || request == TIOCCBRK) {
        sim_adapter_break(port->adapter, request == TIOCSBRK);
        answer(client, 0);
    } else {
        set_termios(port->adapter, client);
    }
    pthread_mutex_unlock(&port->lock);
    return TRUE;
}

static void port_closed(void *data)
{
    struct umockdev_port *port = data;
    pthread_mutex_lock(&port->lock);
    if (--port->opens == 0 && port->adapter) {
        struct pty *pty = sim_adapter_host_of(port->adapter);
        if (pty_hups(pty))
            sim_adapter_set_lines(port->adapter, 0, TIOCM_DTR | TIOCM_RTS);
        sim_adapter_listens(port->adapter, false);
        pty_closed(pty);
    }
    pthread_mutex_unlock(&port->lock);
}

static void port_opened(struct umockdev_port *port)
{
    pthread_mutex_lock(&port->lock);
    if (port->opens++ == 0 && port->adapter)
        sim_adapter_listens(port->adapter, true);
    if (port->adapter) /* each open, and nobody drops them: so the kernel's drivers do it */
        sim_adapter_set_lines(port->adapter, TIOCM_DTR | TIOCM_RTS, 0);
    pthread_mutex_unlock(&port->lock);
}

static void on_close(gpointer data, GObject *client)
{
    (void)client;
    port_closed(data);
}

static void on_open(UMockdevIoctlBase *base, UMockdevIoctlClient *client, gpointer data)
{
    (void)base;
    port_opened(data);
    /* There is no signal for a closed descriptor, but then the client object goes. */
    g_object_weak_ref(G_OBJECT(client), on_close, data);
}

static bool is_pty_of(struct umockdev_port *port, const char *pty)
{
    pthread_mutex_lock(&port->lock);
    bool is = port->adapter && strcmp(pty_name(sim_adapter_host_of(port->adapter)), pty) == 0;
    pthread_mutex_unlock(&port->lock);
    return is;
}

static void *on_first_request(void *data, const char *pty)
{
    struct umockdev_backend *backend = data;
    for (unsigned i = 0; i < BACKEND_SLOTS_MAX; i++) {
        if (is_pty_of(&backend->ports[i], pty)) {
            port_opened(&backend->ports[i]);
            return &backend->ports[i];
        }
    }
    return NULL;
}

static int on_request(void *data, unsigned request, int *lines)
{
    struct umockdev_port *port = data;
    pthread_mutex_lock(&port->lock);
    bool plugged = port->adapter;
    if (plugged)
        move_lines(port->adapter, request, lines);
    pthread_mutex_unlock(&port->lock);
    return plugged ? 0 : EIO;
}

static void init_port(struct umockdev_port *port, unsigned number)
{
    port->number = number;
    pthread_mutex_init(&port->lock, NULL);
    port->hung = g_ptr_array_new_with_free_func(g_object_unref);
}

/* Sets UMOCKDEV_DIR in the environment. umockdev aborts where it cannot do its work. */
static struct umockdev_backend *open_bed(const struct backend_type *type, char *error, size_t size)
{
    struct umockdev_backend *backend = calloc(1, sizeof *backend);
    if (!backend) {
        snprintf(error, size, "out of memory");
        return NULL;
    }
    backend->base.type = type;
    backend->bed = umockdev_testbed_new();
    backend->root = umockdev_testbed_get_root_dir(backend->bed);
    char path[256];
    snprintf(path, sizeof path, "%s/dev", backend->root);
    mkdir(path, 0755);
    snprintf(path, sizeof path, "%s/run", backend->root);
    mkdir(path, 0755);

    char *root_hub =
        umockdev_testbed_add_device(backend->bed, "usb", CONTROLLER "/usb1", NULL, "idVendor", "1d6b", "idProduct",
                                    "0002", "busnum", "1", "devnum", "1", NULL, "DEVTYPE", "usb_device", NULL);
    backend->hub =
        umockdev_testbed_add_device(backend->bed, "usb", "1-1", root_hub, "idVendor", "1a40", "idProduct", "0201",
                                    "busnum", "1", "devnum", "2", NULL, "DEVTYPE", "usb_device", NULL);
    g_free(root_hub);
    for (unsigned i = 0; i < BACKEND_SLOTS_MAX; i++)
        init_port(&backend->ports[i], i);
    return backend;
}

static struct backend *open_umockdev(char *error, size_t size)
{
    struct umockdev_backend *backend = open_bed(&backend_umockdev, error, size);
    for (unsigned i = 0; backend && i < UMOCKDEV_SLOTS; i++) {
        struct umockdev_port *port = &backend->ports[i];
        char path[32];
        port->ioctls = umockdev_ioctl_base_new();
        g_signal_connect(port->ioctls, "handle-ioctl", G_CALLBACK(on_ioctl), port);
        g_signal_connect(port->ioctls, "client-connected", G_CALLBACK(on_open), port);
        snprintf(path, sizeof path, "/dev/ttyUSB%u", i);
        umockdev_testbed_attach_ioctl(backend->bed, path, port->ioctls, NULL);
    }
    return backend ? &backend->base : NULL;
}

static void close_backend(struct backend *base);

static struct backend *open_wire(char *error, size_t size)
{
    static const struct line_server_events events = {
        .opened = on_first_request, .request = on_request, .closed = port_closed};
    struct umockdev_backend *backend = open_bed(&backend_wire, error, size);
    if (!backend)
        return NULL;
    char path[256];
    snprintf(path, sizeof path, "%s/lines", backend->root);
    backend->lines = line_server_new(path, &events, backend);
    if (backend->lines) {
        setenv(PORT_LINES_SOCKET, path, 1);
        return &backend->base;
    }
    snprintf(error, size, "%s: %s", path, strerror(errno));
    close_backend(&backend->base);
    return NULL;
}

static void close_backend(struct backend *base)
{
    struct umockdev_backend *backend = umockdev_of(base);
    if (backend->lines)
        line_server_free(backend->lines);
    g_object_unref(backend->bed); /* ends umockdev's thread */
    for (unsigned i = 0; i < BACKEND_SLOTS_MAX; i++) {
        g_clear_object(&backend->ports[i].ioctls);
        g_ptr_array_unref(backend->ports[i].hung);
        pthread_mutex_destroy(&backend->ports[i].lock);
    }
    g_free(backend->hub);
    g_free(backend->root);
    free(backend);
}

/* A growing NULL-terminated list of pairs, as umockdev takes it. */
static void put(GPtrArray *list, const char *key, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void put(GPtrArray *list, const char *key, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_ptr_array_add(list, g_strdup(key));
    g_ptr_array_add(list, g_strdup_vprintf(format, args));
    va_end(args);
}

static char *add_device(struct umockdev_backend *backend, const char *subsystem, const char *name, const char *parent,
                        GPtrArray *attributes, GPtrArray *properties)
{
    g_ptr_array_add(attributes, NULL);
    g_ptr_array_add(properties, NULL);
    char *path = umockdev_testbed_add_devicev(backend->bed, subsystem, name, parent, (char **)attributes->pdata,
                                              (char **)properties->pdata);
    g_ptr_array_unref(attributes);
    g_ptr_array_unref(properties);
    return path;
}

static GPtrArray *list_new(void)
{
    return g_ptr_array_new_with_free_func(g_free);
}

/* The properties that udev's usb_id builtin gives a device and all devices below it. */
static void put_usb_id(GPtrArray *list, const struct adapter_kind *kind, const char *serial)
{
    put(list, "ID_BUS", "usb");
    put(list, "ID_VENDOR", "%s", kind->vendor);
    put(list, "ID_VENDOR_ID", "%s", kind->vendor_id);
    put(list, "ID_MODEL", "%s", kind->model);
    /* The blanks that udev made underscores of. */
    char **words = g_strsplit(kind->model, "_", -1);
    char *encoded = g_strjoinv("\\x20", words);
    put(list, "ID_MODEL_ENC", "%s", encoded);
    g_free(encoded);
    g_strfreev(words);
    put(list, "ID_MODEL_ID", "%s", kind->model_id);
    put(list, "ID_REVISION", "%s", kind->revision);
    put(list, "ID_SERIAL", "%s_%s%s%s", kind->vendor, kind->model, *serial ? "_" : "", serial);
    if (*serial)
        put(list, "ID_SERIAL_SHORT", "%s", serial);
}

static void usb_name(unsigned hub_port, char *name, size_t size)
{
    snprintf(name, size, "1-1.%u", hub_port);
}

static void add_device_at(struct umockdev_backend *backend, const struct adapter_kind *kind, unsigned hub_port,
                          const char *serial)
{
    GPtrArray *attributes = list_new();
    GPtrArray *properties = list_new();
    put(attributes, "idVendor", "%s", kind->vendor_id);
    put(attributes, "idProduct", "%s", kind->model_id);
    put(attributes, "bcdDevice", "%s", kind->revision);
    put(attributes, "manufacturer", "%s", kind->vendor);
    put(attributes, "product", "%s", kind->model);
    if (*serial)
        put(attributes, "serial", "%s", serial);
    put(attributes, "busnum", "1");
    put(attributes, "devnum", "%u", hub_port + 2);
    put(attributes, "devpath", "1.%u", hub_port);
    put(attributes, "speed", kind->high_speed ? "480" : "12");
    put(attributes, "bNumInterfaces", "%2u", kind->ports ? kind->ports : 1);
    put(properties, "DEVTYPE", "usb_device");
    put(properties, "DRIVER", "usb");
    put_usb_id(properties, kind, serial);
    put(properties, "ID_PATH", "pci-0000:00:14.0-usb-0:1.%u", hub_port);
    put(properties, "ID_PATH_TAG", "pci-0000_00_14_0-usb-0_1_%u", hub_port);
    put(properties, "ID_PATH_WITH_USB_REVISION", "pci-0000:00:14.0-usbv2-0:1.%u", hub_port);
    char name[64];
    usb_name(hub_port, name, sizeof name);
    backend->usbs[hub_port].path = add_device(backend, "usb", name, backend->hub, attributes, properties);
}

/* `up` is the way from the device to /sys. */
static void link_driver(struct umockdev_backend *backend, const char *path, const char *up, const char *bus,
                        const char *driver)
{
    char target[160];
    snprintf(target, sizeof target, "%s/bus/%s/drivers/%s", up, bus, driver);
    umockdev_testbed_set_attribute_link(backend->bed, path, "driver", target);
}

static void add_usb(struct umockdev_backend *backend, struct umockdev_port *port, const struct adapter_kind *kind,
                    struct adapter_place place, const char *serial)
{
    port->usb = place.hub_port;
    struct umockdev_usb *usb = &backend->usbs[port->usb];
    if (usb->users++ == 0)
        add_device_at(backend, kind, place.hub_port, serial);

    GPtrArray *attributes = list_new();
    GPtrArray *properties = list_new();
    put(attributes, "bInterfaceNumber", "%02u", place.interface);
    const struct usb_chip *chip = usb_kind(kind)->chip;
    put(attributes, "bNumEndpoints", chip->interrupt ? "03" : "02");
    put(attributes, "bInterfaceClass", "%02x", chip->interface_class[0]);
    put(attributes, "bInterfaceSubClass", "%02x", chip->interface_class[1]);
    put(attributes, "bInterfaceProtocol", "%02x", chip->interface_class[2]);
    put(properties, "DEVTYPE", "usb_interface");
    put(properties, "DRIVER", "%s", kind->driver);
    char name[64];
    snprintf(name, sizeof name, "1-1.%u:1.%u", place.hub_port, place.interface);
    port->interface = add_device(backend, "usb", name, usb->path, attributes, properties);
    link_driver(backend, port->interface, "../../../../../../..", "usb", kind->driver);

    const char *port_driver = kind->port_driver ? kind->port_driver : kind->driver;
    attributes = list_new();
    properties = list_new();
    put(properties, "DRIVER", "%s", port_driver);
    snprintf(name, sizeof name, "ttyUSB%u", port->number);
    port->port = add_device(backend, "usb-serial", name, port->interface, attributes, properties);
    link_driver(backend, port->port, "../../../../../../../..", "usb-serial", port_driver);
}

/* The names of udev's links to the node; there are none in the test bed's /dev. From udev 257 on each port has the
 * third too. */
static void put_links(GPtrArray *list, const struct adapter_kind *kind, struct adapter_place place, const char *serial)
{
    put(list, "DEVLINKS",
        "/dev/serial/by-id/usb-%s_%s%s%s-if%02u-port0"
        " /dev/serial/by-path/pci-0000:00:14.0-usb-0:1.%u:1.%u-port0"
        " /dev/serial/by-path/pci-0000:00:14.0-usbv2-0:1.%u:1.%u-port0",
        kind->vendor, kind->model, *serial ? "_" : "", serial, place.interface, place.hub_port, place.interface,
        place.hub_port, place.interface);
}

static void add_tty(struct umockdev_backend *backend, struct umockdev_port *port, const struct adapter_kind *kind,
                    struct adapter_place place, const char *serial)
{
    GPtrArray *attributes = list_new();
    GPtrArray *properties = list_new();
    put(attributes, "dev", "%u:%u", TTY_USB_MAJOR, port->number);
    put(properties, "MAJOR", "%u", TTY_USB_MAJOR);
    put(properties, "MINOR", "%u", port->number);
    put(properties, "DEVNAME", "/dev/ttyUSB%u", port->number);
    put_usb_id(properties, kind, serial);
    put(properties, "ID_TYPE", "generic");
    put(properties, "ID_USB_DRIVER", "%s", kind->driver);
    put(properties, "ID_USB_INTERFACE_NUM", "%02u", place.interface);
    const uint8_t *class = usb_kind(kind)->chip->interface_class;
    put(properties, "ID_USB_INTERFACES", ":%02x%02x%02x:", class[0], class[1], class[2]);
    put(properties, "ID_PATH", "pci-0000:00:14.0-usb-0:1.%u:1.%u", place.hub_port, place.interface);
    put(properties, "ID_PATH_TAG", "pci-0000_00_14_0-usb-0_1_%u_1_%u", place.hub_port, place.interface);
    put(properties, "ID_PATH_WITH_USB_REVISION", "pci-0000:00:14.0-usbv2-0:1.%u:1.%u", place.hub_port, place.interface);
    put_links(properties, kind, place, serial);
    char name[64];
    snprintf(name, sizeof name, "tty/ttyUSB%u", port->number);
    port->tty = add_device(backend, "tty", name, port->port, attributes, properties);
    snprintf(name, sizeof name, "../../../ttyUSB%u", port->number);
    umockdev_testbed_set_attribute_link(backend->bed, port->tty, "device", name);
}

/* The lowest that is not in use; `not_tty` only if there is no other. */
static struct umockdev_port *free_port(struct umockdev_backend *backend, int not_tty)
{
    struct umockdev_port *last = NULL;
    for (unsigned i = 0; i < backend->base.type->slots; i++) {
        struct umockdev_port *port = &backend->ports[i];
        pthread_mutex_lock(&port->lock);
        bool in_use = port->adapter || port->opens;
        pthread_mutex_unlock(&port->lock);
        if (!in_use && (int)i != not_tty)
            return port;
        if (!in_use)
            last = port;
    }
    return last;
}

static struct sim_adapter *make_adapter(struct backend *backend, const struct adapter_kind *kind, int event_fd)
{
    struct sim_adapter_host host;
    if (!pty_new(kind, &host))
        return NULL;
    host.buffer = backend->type->wire ? DRIVER_BUFFER : 0;
    return sim_adapter_new(kind, &host, event_fd);
}

/* A stuck adapter carries nothing. A host that reads from it must find nothing to wake it. */
static void stick(struct sim_adapter *adapter, bool stuck)
{
    sim_adapter_stick(adapter, stuck);
    if (stuck)
        pty_flush(sim_adapter_host_of(adapter));
}

/* The number is the ttyUSB's, as a kernel gives them: the lowest that is neither plugged nor still open in some
 * program. */
static int plug(struct backend *base, struct sim_adapter *adapter, const struct backend_plug *how)
{
    struct umockdev_backend *backend = umockdev_of(base);
    struct umockdev_port *port = free_port(backend, how->not_tty);
    if (!port)
        return -1;
    pthread_mutex_lock(&port->lock);
    port->adapter = adapter;
    port->hangs = how->hang;
    port->flags = 0;
    stick(adapter, how->hang);
    pthread_mutex_unlock(&port->lock);

    char node[256];
    snprintf(node, sizeof node, "%s/dev/ttyUSB%u", backend->root, port->number);
    if (symlink(pty_name(sim_adapter_host_of(adapter)), node) != 0) {
        fprintf(stderr, "boardsim: %s: %s\n", node, strerror(errno));
        abort();
    }
    const struct adapter_kind *kind = sim_adapter_kind_of(adapter);
    char serial[ADAPTER_SERIAL];
    struct adapter_place place = adapter_kind_place(kind, how->slot);
    adapter_kind_serial(kind, how->slot, how->number, serial);
    add_usb(backend, port, kind, place, serial);
    add_tty(backend, port, kind, place, serial);
    return (int)port->number;
}

/* Ends the ioctls that hang, as the drivers do when a device does not answer or is gone. */
static void answer_hung(struct umockdev_port *port)
{
    pthread_mutex_lock(&port->lock);
    GPtrArray *hung = port->hung;
    port->hung = g_ptr_array_new_with_free_func(g_object_unref);
    pthread_mutex_unlock(&port->lock);
    for (guint i = 0; i < hung->len; i++)
        answer(g_ptr_array_index(hung, i), EIO);
    g_ptr_array_unref(hung); /* may call on_close(), which takes the lock */
}

static void remove_device(struct umockdev_backend *backend, char **path)
{
    umockdev_testbed_uevent(backend->bed, *path, "remove"); /* unlike "add", not sent by itself */
    umockdev_testbed_remove_device(backend->bed, *path);
    g_free(*path);
    *path = NULL;
}

/* The port hangs up before udev sends its event, as with real hardware. */
static void unplug(struct backend *base, int number, bool detach)
{
    struct umockdev_backend *backend = umockdev_of(base);
    (void)detach;
    struct umockdev_port *port = &backend->ports[number];
    pthread_mutex_lock(&port->lock);
    struct sim_adapter *adapter = port->adapter;
    port->adapter = NULL;
    pthread_mutex_unlock(&port->lock);
    /* First the answers, then the hang-up: whoever reads because of the hang-up must not find the descriptor locked by
     * an ioctl that hangs. */
    answer_hung(port);
    sim_adapter_free(adapter);

    remove_device(backend, &port->tty);
    remove_device(backend, &port->port);
    remove_device(backend, &port->interface);
    if (--backend->usbs[port->usb].users == 0)
        remove_device(backend, &backend->usbs[port->usb].path);
}

static void hang(struct backend *base, int number, bool control, bool bytes)
{
    struct umockdev_backend *backend = umockdev_of(base);
    struct umockdev_port *port = &backend->ports[number];
    pthread_mutex_lock(&port->lock);
    port->hangs = control;
    stick(port->adapter, control || bytes);
    pthread_mutex_unlock(&port->lock);
    if (!control)
        answer_hung(port);
}

static int tty(struct backend *backend, int number)
{
    (void)backend;
    return number;
}

static void name_of(struct backend *base, int number, char *name, size_t size)
{
    struct umockdev_backend *backend = umockdev_of(base);
    usb_name(backend->ports[number].usb, name, size);
}

/* Our own preload (preload/preload.c): beside the program, as it is built, or where it is installed. NULL if it is in
 * neither place. */
static char *own_preload(void)
{
    static const char *const places[] = {"", "../lib/gangd/"};
    char *program = g_file_read_link("/proc/self/exe", NULL), *found = NULL;
    char *directory = program ? g_path_get_dirname(program) : NULL;

    for (size_t i = 0; directory && !found && i < G_N_ELEMENTS(places); i++) {
        char *path = g_strdup_printf("%s/%sboardsim-preload.so", directory, places[i]);

        if (access(path, R_OK) == 0)
            found = path;
        else
            g_free(path);
    }
    g_free(directory);
    g_free(program);
    return found;
}

/* What is in LD_PRELOAD already stays in front: libasan must be first. Our own is in front of umockdev's. */
static void enter(void)
{
    const char *old = getenv("LD_PRELOAD");
    char *own = own_preload();
    char *all = g_strdup_printf("%s %s %s", old ? old : "", own ? own : "", PRELOAD);

    setenv("LD_PRELOAD", g_strstrip(all), 1);
    g_free(all);
    g_free(own);
}

const struct backend_type backend_umockdev = {.word = "umockdev",
                                              .slots = UMOCKDEV_SLOTS,
                                              .open = open_umockdev,
                                              .close = close_backend,
                                              .adapter = make_adapter,
                                              .plug = plug,
                                              .unplug = unplug,
                                              .hang = hang,
                                              .tty = tty,
                                              .name = name_of,
                                              .enter = enter};

const struct backend_type backend_wire = {.word = "wire",
                                          .slots = BACKEND_SLOTS_MAX,
                                          .wire = true,
                                          .open = open_wire,
                                          .close = close_backend,
                                          .adapter = make_adapter,
                                          .plug = plug,
                                          .unplug = unplug,
                                          .hang = hang,
                                          .tty = tty,
                                          .name = name_of,
                                          .enter = enter};
