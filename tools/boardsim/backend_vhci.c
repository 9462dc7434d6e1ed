/* SPDX-License-Identifier: MIT */
/*
 * The back end with a real kernel: adapters are USB devices at its virtual controllers, and all above is what it is on
 * with real adapters: drivers, udev, programs. Needs root, and there can be one in a machine.
 */
#include "tools/boardsim/backend.h"
#include "tools/boardsim/usb/link.h"
#include "tools/boardsim/usb/vhci.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

struct vhci_device;

/* One UART of a device, whether a board's adapter is on it or not: what the host has made of it stays. */
struct vhci_port {
    struct vhci_device *device;
    unsigned interface;
    struct sim_adapter *adapter;
    struct usb_port state;
    bool open;
};

/* A USB device. It comes with the first adapter that is on it, and goes with the first that goes. */
struct vhci_device {
    pthread_mutex_t lock;  /* of the link and of the ports */
    struct usb_link *link; /* NULL: not plugged in */
    bool control_hangs, bytes_hang;
    unsigned vhci; /* the kernel's number of the controller's port */
    struct vhci_port ports[USB_PORTS];
};

struct vhci_backend {
    struct backend base;
    struct vhci_device devices[BACKEND_SLOTS_MAX + 1]; /* by the number of the place, from 1 */
};

/* An adapter's way to the port that it is plugged into. */
struct cable {
    _Atomic(struct vhci_port *) port; /* NULL: not plugged in yet */
};

static struct vhci_device *device_at(struct backend *backend, unsigned place)
{
    return &((struct vhci_backend *)backend)->devices[place];
}

static struct vhci_port *port_of(struct backend *backend, int plug)
{
    return &device_at(backend, (unsigned)plug / USB_PORTS)->ports[plug % USB_PORTS];
}

static size_t take_from(const struct vhci_port *port, uint8_t *bytes, size_t room)
{
    pthread_mutex_lock(&port->device->lock);
    size_t n = port->device->link ? usb_link_take(port->device->link, port->interface, bytes, room) : 0;
    pthread_mutex_unlock(&port->device->lock);
    return n;
}

static const struct vhci_port *far_end(void *cable)
{
    return ((struct cable *)cable)->port;
}

static ssize_t take(void *cable, uint8_t *bytes, size_t room)
{
    const struct vhci_port *port = far_end(cable);
    return port ? (ssize_t)take_from(port, bytes, room) : 0;
}

static size_t give(void *cable, const uint8_t *bytes, size_t n)
{
    const struct vhci_port *port = far_end(cable);
    if (!port)
        return 0;
    pthread_mutex_lock(&port->device->lock);
    n = port->device->link ? usb_link_give(port->device->link, port->interface, bytes, n) : 0;
    pthread_mutex_unlock(&port->device->lock);
    return n;
}

static uint32_t baud(void *cable, uint32_t max)
{
    const struct vhci_port *port = far_end(cable);
    if (!port)
        return 0;
    pthread_mutex_lock(&port->device->lock);
    uint32_t made = port->state.baud;
    pthread_mutex_unlock(&port->device->lock);
    return max && made > max ? max : made;
}

static uint8_t usb_inputs_of(int lines)
{
    return (uint8_t)((lines & TIOCM_CTS ? USB_CTS : 0) | (lines & TIOCM_DSR ? USB_DSR : 0) |
                     (lines & TIOCM_CAR ? USB_DCD : 0));
}

static void set_inputs(const struct vhci_port *port, int lines)
{
    pthread_mutex_lock(&port->device->lock);
    if (port->device->link)
        usb_link_set_inputs(port->device->link, port->interface, usb_inputs_of(lines));
    pthread_mutex_unlock(&port->device->lock);
}

static void inputs(void *cable, int lines)
{
    const struct vhci_port *port = far_end(cable);
    if (port)
        set_inputs(port, lines);
}

/* The link's calls. They hold no lock while they are in the adapter, which asks for bytes under its own. */

static struct sim_adapter *adapter_at(struct vhci_port *port)
{
    pthread_mutex_lock(&port->device->lock);
    struct sim_adapter *adapter = port->adapter;
    pthread_mutex_unlock(&port->device->lock);
    return adapter;
}

static void show(struct sim_adapter *adapter, const struct usb_port *state)
{
    int lines = (state->dtr ? TIOCM_DTR : 0) | (state->rts ? TIOCM_RTS : 0);
    if ((sim_adapter_lines(adapter) & (TIOCM_DTR | TIOCM_RTS)) != lines)
        sim_adapter_set_lines(adapter, lines, TIOCM_DTR | TIOCM_RTS);
    sim_adapter_set_latency(adapter, state->latency_us);
}

static void changed(void *data, unsigned number, const struct usb_port *state)
{
    struct vhci_port *port = &((struct vhci_device *)data)->ports[number];
    pthread_mutex_lock(&port->device->lock);
    bool breaks = port->state.breaks != state->breaks;
    port->state = *state;
    struct sim_adapter *adapter = port->adapter;
    pthread_mutex_unlock(&port->device->lock);
    if (adapter)
        show(adapter, state);
    if (adapter && breaks)
        sim_adapter_break(adapter, state->breaks);
}

static void listens(void *data, unsigned number, bool open)
{
    struct vhci_port *port = &((struct vhci_device *)data)->ports[number];
    pthread_mutex_lock(&port->device->lock);
    bool is_new = port->open != open;
    port->open = open;
    struct sim_adapter *adapter = port->adapter;
    pthread_mutex_unlock(&port->device->lock);
    if (adapter && is_new)
        sim_adapter_listens(adapter, open);
}

/* A UART without a board sends all that it gets. */
static void moves(void *data, unsigned number)
{
    struct vhci_port *port = &((struct vhci_device *)data)->ports[number];
    struct sim_adapter *adapter = adapter_at(port);
    uint8_t bytes[512];
    if (adapter)
        sim_adapter_wake(adapter);
    else
        while (take_from(port, bytes, sizeof bytes) > 0)
            ;
}

static struct backend *open_backend(char *error, size_t size)
{
    if (vhci_open(error, size) != 0)
        return NULL;
    struct vhci_backend *backend = calloc(1, sizeof *backend);
    if (!backend) {
        snprintf(error, size, "out of memory");
        return NULL;
    }
    for (unsigned i = 0; i <= BACKEND_SLOTS_MAX; i++) {
        struct vhci_device *device = &backend->devices[i];
        pthread_mutex_init(&device->lock, NULL);
        for (unsigned j = 0; j < USB_PORTS; j++)
            device->ports[j] = (struct vhci_port){.device = device, .interface = j};
    }
    backend->base.type = &backend_vhci;
    return &backend->base;
}

static void close_backend(struct backend *backend)
{
    for (unsigned i = 0; i <= BACKEND_SLOTS_MAX; i++)
        pthread_mutex_destroy(&device_at(backend, i)->lock);
    free(backend);
}

static struct sim_adapter *make_adapter(struct backend *backend, const struct adapter_kind *kind, int event_fd)
{
    (void)backend;
    struct cable *cable = calloc(1, sizeof *cable);
    if (!cable)
        return NULL;
    const struct sim_adapter_host host = {
        .data = cable, .fd = -1, .take = take, .give = give, .baud = baud, .inputs = inputs, .free = free};
    return sim_adapter_new(kind, &host, event_fd);
}

static int plug_device(struct vhci_device *device, const struct adapter_kind *kind, const struct backend_plug *how)
{
    unsigned place = adapter_kind_place(kind, how->slot).hub_port;
    int socket = vhci_attach(place - 1, kind->high_speed, &device->vhci);
    if (socket < 0)
        return -1;
    const struct usb_owner owner = {.data = device, .changed = changed, .listens = listens, .moves = moves};
    /* The link's thread may be at work before its name is known here: then it finds no bytes to take. */
    char serial[ADAPTER_SERIAL];
    adapter_kind_serial(kind, how->slot, how->number, serial);
    struct usb_link *link = usb_link_new(kind, serial, socket, &owner);
    if (!link)
        abort();
    pthread_mutex_lock(&device->lock);
    device->link = link;
    pthread_mutex_unlock(&device->lock);
    return 0;
}

static int plug(struct backend *backend, struct sim_adapter *adapter, const struct backend_plug *how)
{
    const struct adapter_kind *kind = sim_adapter_kind_of(adapter);
    struct adapter_place place = adapter_kind_place(kind, how->slot);
    struct vhci_device *device = device_at(backend, place.hub_port);
    struct vhci_port *port = &device->ports[place.interface];
    pthread_mutex_lock(&device->lock);
    port->adapter = adapter;
    struct usb_port state = port->state;
    bool open = port->open;
    bool is_in = device->link;
    pthread_mutex_unlock(&device->lock);
    ((struct cable *)sim_adapter_host_of(adapter))->port = port;
    if (is_in) {
        show(adapter, &state);
        sim_adapter_listens(adapter, open);
    } else if (plug_device(device, kind, how) != 0) {
        port->adapter = NULL;
        return -1;
    }
    for (unsigned i = 0; i < USB_PORTS; i++)
        if (device->ports[i].adapter)
            set_inputs(&device->ports[i], sim_adapter_lines(device->ports[i].adapter));
    int number = (int)(place.hub_port * USB_PORTS + place.interface);
    if (how->hang)
        backend_vhci.hang(backend, number, true, true);
    return number;
}

static void pull_device(struct vhci_device *device, bool detach)
{
    pthread_mutex_lock(&device->lock);
    struct usb_link *link = device->link;
    device->link = NULL;
    pthread_mutex_unlock(&device->lock);
    if (!link)
        return;
    if (detach && vhci_detach(device->vhci) == 0)
        usb_link_free_ended(link);
    else
        usb_link_free(link);
    device->control_hangs = device->bytes_hang = false;
    for (unsigned i = 0; i < USB_PORTS; i++) {
        struct vhci_port *port = &device->ports[i];
        pthread_mutex_lock(&device->lock);
        memset(&port->state, 0, sizeof port->state);
        port->open = false;
        pthread_mutex_unlock(&device->lock);
        if (port->adapter)
            sim_adapter_listens(port->adapter, false);
    }
}

static void unplug(struct backend *backend, int number, bool detach)
{
    struct vhci_port *port = port_of(backend, number);
    pull_device(port->device, detach); /* no other thread uses the adapter then */
    sim_adapter_free(port->adapter);
    port->adapter = NULL;
}

static void hang(struct backend *backend, int number, bool control, bool bytes)
{
    struct vhci_device *device = port_of(backend, number)->device;
    device->control_hangs = control;
    device->bytes_hang = control || bytes;
    if (device->link)
        usb_link_stick(device->link, device->bytes_hang, device->control_hangs);
}

static int tty(struct backend *backend, int number)
{
    const struct vhci_port *port = port_of(backend, number);
    return port->device->link ? vhci_tty(port->device->vhci, port->interface) : -1;
}

static void name_of(struct backend *backend, int number, char *name, size_t size)
{
    vhci_name(port_of(backend, number)->device->vhci, name, size);
}

static void enter(void)
{
}

const struct backend_type backend_vhci = {.word = "vhci",
                                          .slots = BACKEND_SLOTS_MAX,
                                          .open = open_backend,
                                          .close = close_backend,
                                          .adapter = make_adapter,
                                          .plug = plug,
                                          .unplug = unplug,
                                          .hang = hang,
                                          .tty = tty,
                                          .name = name_of,
                                          .enter = enter};
