/* SPDX-License-Identifier: MIT */
#include "tools/boardsim/usb/link.h"

#include "tools/boardsim/usb/pdu.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* A transfer that waits. */
struct usb_transfer {
    struct usb_transfer *next;
    uint32_t number;
    uint32_t length, done; /* bytes; taken from `data` */
    bool in;
    bool parked; /* a control request that no thread is about to answer */
    uint8_t setup[8];
    uint8_t data[];
};

enum queue { FROM_HOST, TO_HOST };

struct usb_link {
    struct usb_owner owner;
    int socket;
    pthread_t thread;
    pthread_mutex_t lock;
    struct usb_device device;
    bool bulk_stuck, control_stuck;
    struct usb_transfer *bulk[USB_PORTS][2];
    struct usb_transfer *control; /* requests that are not answered yet */
    struct usb_transfer *events;  /* of the interrupt endpoint */
    bool news[USB_PORTS];         /* the lines that come in are not those that were last sent to the host */
    uint8_t in[PDU_HEADER + PDU_DATA];
};

static void append(struct usb_transfer **list, struct usb_transfer *transfer)
{
    while (*list)
        list = &(*list)->next;
    *list = transfer;
}

static struct usb_transfer *transfer_new(const struct pdu *pdu)
{
    struct usb_transfer *transfer = calloc(1, sizeof *transfer + pdu->length);
    if (!transfer)
        abort();
    transfer->number = pdu->number;
    transfer->length = pdu->length;
    transfer->in = pdu->in;
    memcpy(transfer->setup, pdu->setup, sizeof transfer->setup);
    if (pdu->data)
        memcpy(transfer->data, pdu->data, pdu->length);
    return transfer;
}

static void drop(struct usb_transfer **list)
{
    struct usb_transfer *first = *list;
    *list = first->next;
    free(first);
}

static struct usb_transfer *find(struct usb_transfer *list, uint32_t number)
{
    while (list && list->number != number)
        list = list->next;
    return list;
}

static bool drop_number(struct usb_transfer **list, uint32_t number)
{
    for (; *list; list = &(*list)->next) {
        if ((*list)->number == number) {
            drop(list);
            return true;
        }
    }
    return false;
}

/* All sending is under the lock. A host that is gone is seen by the thread that reads. */
static void send_all(struct usb_link *link, const uint8_t *header, const uint8_t *data, size_t n)
{
    struct iovec parts[2] = {{(void *)header, PDU_HEADER}, {(void *)data, n}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = n ? 2 : 1};
    while (message.msg_iovlen) {
        ssize_t sent = sendmsg(link->socket, &message, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return;
        while (message.msg_iovlen && (size_t)sent >= message.msg_iov->iov_len) {
            sent -= (ssize_t)message.msg_iov->iov_len;
            message.msg_iov++;
            message.msg_iovlen--;
        }
        if (message.msg_iovlen) {
            message.msg_iov->iov_base = (uint8_t *)message.msg_iov->iov_base + sent;
            message.msg_iov->iov_len -= (size_t)sent;
        }
    }
}

static void give_back(struct usb_link *link, uint32_t number, int status, const uint8_t *data, size_t n, size_t moved)
{
    uint8_t header[PDU_HEADER];
    pdu_write_return(header, number, status, (uint32_t)moved);
    send_all(link, header, data, n);
}

/* Carries out a request, and returns as usb_control() does. The transfer must be what its setup says. */
static int carry_out(struct usb_link *link, const struct usb_transfer *transfer, struct usb_setup *setup,
                     uint8_t reply[USB_REPLY])
{
    const uint8_t *bytes = transfer->setup;
    *setup = (struct usb_setup){.type = bytes[0],
                                .request = bytes[1],
                                .value = (uint16_t)(bytes[2] | bytes[3] << 8),
                                .index = (uint16_t)(bytes[4] | bytes[5] << 8),
                                .length = (uint16_t)(bytes[6] | bytes[7] << 8)};
    bool in = setup->type & USB_TO_HOST;
    if (setup->length != transfer->length || (setup->length && in != transfer->in) ||
        (!in && setup->length > USB_REPLY))
        return USB_STALL;
    memset(reply, 0, USB_REPLY);
    if (!in)
        memcpy(reply, transfer->data, transfer->length);
    return usb_control(&link->device, setup, reply);
}

/* Answers a request of the list, unless the host gives it up before the owner has heard of it. */
static void answer_control(struct usb_link *link, uint32_t number)
{
    pthread_mutex_lock(&link->lock);
    const struct usb_transfer *transfer = find(link->control, number);
    if (!transfer) {
        pthread_mutex_unlock(&link->lock);
        return;
    }
    struct usb_setup setup;
    uint8_t reply[USB_REPLY];
    int length = carry_out(link, transfer, &setup, reply);
    struct usb_port ports[USB_PORTS];
    memcpy(ports, link->device.ports, sizeof ports);
    pthread_mutex_unlock(&link->lock);

    for (unsigned i = 0; length >= 0 && i < usb_ports(&link->device); i++)
        link->owner.changed(link->owner.data, i, &ports[i]);

    pthread_mutex_lock(&link->lock);
    /* The host drops a device that answers what it has been told is unlinked. */
    bool wanted = drop_number(&link->control, number);
    if (wanted && length < 0)
        give_back(link, number, PDU_STALLED, NULL, 0, 0);
    else if (wanted && setup.type & USB_TO_HOST)
        give_back(link, number, PDU_OK, reply, (size_t)length, (size_t)length);
    else if (wanted)
        give_back(link, number, PDU_OK, NULL, 0, setup.length);
    pthread_mutex_unlock(&link->lock);
}

/* Standard requests are for the hub and what USB there is in front of the UARTs: they do not stick. */
static void take_control(struct usb_link *link, const struct pdu *pdu)
{
    struct usb_transfer *transfer = transfer_new(pdu);
    pthread_mutex_lock(&link->lock);
    bool parked = transfer->parked = link->control_stuck && (pdu->setup[0] & USB_TYPE) != USB_STANDARD;
    append(&link->control, transfer);
    pthread_mutex_unlock(&link->lock);
    if (!parked)
        answer_control(link, pdu->number);
}

/* The transfers that wait at an endpoint; NULL if there is no such endpoint. */
static struct usb_transfer **queue_of(struct usb_link *link, uint8_t address)
{
    int port = usb_port_of(&link->device, address);
    if (port >= 0)
        return &link->bulk[port][address & 0x80 ? TO_HOST : FROM_HOST];
    return address == link->device.kind->chip->interrupt ? &link->events : NULL;
}

/* Tells the host of the lines that come in, if they are news and a transfer waits for them. Under the lock. */
static void tell_inputs(struct usb_link *link, unsigned port)
{
    uint8_t endpoint = usb_inputs_endpoint(&link->device, port);
    struct usb_transfer **queue = endpoint ? queue_of(link, endpoint) : NULL;
    if (!link->news[port] || link->bulk_stuck || !queue || !*queue)
        return;
    uint8_t bytes[USB_EVENT];
    size_t n = usb_inputs(&link->device, port, bytes);
    if (n > (*queue)->length)
        n = (*queue)->length;
    give_back(link, (*queue)->number, PDU_OK, bytes, n, n);
    drop(queue);
    link->news[port] = false;
}

static void take_transfer(struct usb_link *link, const struct pdu *pdu)
{
    uint8_t address = (uint8_t)(pdu->endpoint | (pdu->in ? 0x80 : 0));
    int port = usb_port_of(&link->device, address);
    pthread_mutex_lock(&link->lock);
    struct usb_transfer **queue = queue_of(link, address);
    if (queue) {
        append(queue, transfer_new(pdu));
        tell_inputs(link, port < 0 ? 0 : (unsigned)port);
    } else {
        give_back(link, pdu->number, PDU_STALLED, NULL, 0, 0);
    }
    pthread_mutex_unlock(&link->lock);
    if (port < 0)
        return;
    if (pdu->in)
        link->owner.listens(link->owner.data, (unsigned)port, true);
    link->owner.moves(link->owner.data, (unsigned)port);
}

/* A driver that closes a port unlinks all that it reads with. */
static void unlink_transfer(struct usb_link *link, const struct pdu *pdu)
{
    int closed = -1;
    pthread_mutex_lock(&link->lock);
    bool found = drop_number(&link->control, pdu->victim) || drop_number(&link->events, pdu->victim);
    for (unsigned i = 0; !found && i < usb_ports(&link->device); i++) {
        found = drop_number(&link->bulk[i][FROM_HOST], pdu->victim);
        if (!found && drop_number(&link->bulk[i][TO_HOST], pdu->victim)) {
            found = true;
            closed = link->bulk[i][TO_HOST] ? -1 : (int)i;
        }
    }
    pthread_mutex_unlock(&link->lock);
    if (closed >= 0)
        link->owner.listens(link->owner.data, (unsigned)closed, false);
    uint8_t header[PDU_HEADER];
    pdu_write_unlinked(header, pdu->number, found ? PDU_CONNRESET : PDU_OK);
    pthread_mutex_lock(&link->lock);
    send_all(link, header, NULL, 0);
    pthread_mutex_unlock(&link->lock);
}

static void *read_thread(void *data)
{
    struct usb_link *link = data;
    size_t used = 0;
    for (;;) {
        ssize_t n = recv(link->socket, link->in + used, sizeof link->in - used, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return NULL;
        used += (size_t)n;
        size_t at = 0;
        struct pdu pdu;
        long length;
        while ((length = pdu_read(link->in + at, used - at, &pdu)) > 0) {
            if (pdu.unlink)
                unlink_transfer(link, &pdu);
            else if (pdu.endpoint == 0)
                take_control(link, &pdu);
            else
                take_transfer(link, &pdu);
            at += (size_t)length;
        }
        if (length < 0)
            return NULL;
        used -= at;
        memmove(link->in, link->in + at, used);
    }
}

struct usb_link *usb_link_new(const struct adapter_kind *kind, const char *serial, int socket,
                              const struct usb_owner *owner)
{
    struct usb_link *link = calloc(1, sizeof *link);
    if (!link)
        return NULL;
    link->owner = *owner;
    link->socket = socket;
    usb_device_init(&link->device, kind, serial);
    pthread_mutex_init(&link->lock, NULL);
    int error = pthread_create(&link->thread, NULL, read_thread, link);
    if (error) {
        pthread_mutex_destroy(&link->lock);
        free(link);
        errno = error;
        return NULL;
    }
    return link;
}

void usb_link_free(struct usb_link *link)
{
    shutdown(link->socket, SHUT_RDWR);
    usb_link_free_ended(link);
}

void usb_link_free_ended(struct usb_link *link)
{
    pthread_join(link->thread, NULL);
    close(link->socket);
    struct usb_transfer **lists[] = {&link->control, &link->events};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        while (*lists[i])
            drop(lists[i]);
    for (unsigned i = 0; i < 2 * USB_PORTS; i++)
        while (link->bulk[i / 2][i % 2])
            drop(&link->bulk[i / 2][i % 2]);
    pthread_mutex_destroy(&link->lock);
    free(link);
}

size_t usb_link_take(struct usb_link *link, unsigned port, uint8_t *bytes, size_t room)
{
    size_t taken = 0;
    pthread_mutex_lock(&link->lock);
    struct usb_transfer **queue = &link->bulk[port][FROM_HOST];
    while (*queue && taken < room && !link->bulk_stuck) {
        struct usb_transfer *first = *queue;
        size_t part = first->length - first->done;
        if (part > room - taken)
            part = room - taken;
        memcpy(bytes + taken, first->data + first->done, part);
        taken += part;
        first->done += (uint32_t)part;
        if (first->done < first->length)
            break;
        give_back(link, first->number, PDU_OK, NULL, 0, first->length);
        drop(queue);
    }
    pthread_mutex_unlock(&link->lock);
    return taken;
}

size_t usb_link_give(struct usb_link *link, unsigned port, const uint8_t *bytes, size_t n)
{
    size_t given = 0;
    pthread_mutex_lock(&link->lock);
    struct usb_transfer **queue = &link->bulk[port][TO_HOST];
    while (*queue && given < n && !link->bulk_stuck) {
        struct usb_transfer *first = *queue;
        size_t used;
        size_t length = usb_pack(&link->device, port, bytes + given, n - given, first->data, first->length, &used);
        if (used == 0)
            break;
        give_back(link, first->number, PDU_OK, first->data, length, length);
        drop(queue);
        if (link->device.kind->chip->status)
            link->news[port] = false;
        given += used;
    }
    pthread_mutex_unlock(&link->lock);
    return given;
}

void usb_link_set_inputs(struct usb_link *link, unsigned port, uint8_t inputs)
{
    pthread_mutex_lock(&link->lock);
    link->news[port] = link->news[port] || link->device.ports[port].inputs != inputs;
    link->device.ports[port].inputs = inputs;
    tell_inputs(link, port);
    pthread_mutex_unlock(&link->lock);
}

/* The first request that has been parked and may be answered, which the caller alone answers from now on. */
static bool take_parked(struct usb_link *link, uint32_t *number)
{
    pthread_mutex_lock(&link->lock);
    struct usb_transfer *transfer = link->control_stuck ? NULL : link->control;
    while (transfer && !transfer->parked)
        transfer = transfer->next;
    if (transfer) {
        transfer->parked = false;
        *number = transfer->number;
    }
    pthread_mutex_unlock(&link->lock);
    return transfer;
}

void usb_link_stick(struct usb_link *link, bool bulk, bool control_requests)
{
    pthread_mutex_lock(&link->lock);
    link->bulk_stuck = bulk;
    link->control_stuck = control_requests;
    pthread_mutex_unlock(&link->lock);
    uint32_t number;
    while (take_parked(link, &number))
        answer_control(link, number);
    for (unsigned i = 0; i < usb_ports(&link->device); i++) {
        pthread_mutex_lock(&link->lock);
        tell_inputs(link, i);
        pthread_mutex_unlock(&link->lock);
        link->owner.moves(link->owner.data, i);
    }
}
