/* SPDX-License-Identifier: MIT */
/*
 * A USB adapter at the end of a USB/IP connection: a thread answers control requests, and keeps the transfers that wait
 * for bytes. Who carries the bytes between these and a board calls from any thread; what the host does to the UARTs is
 * told by call.
 */
#ifndef BOARDSIM_USB_LINK_H
#define BOARDSIM_USB_LINK_H

#include "tools/boardsim/usb/device.h"

struct usb_link;

/* Called by the link's thread, which holds no lock then. A control request is answered when the call has returned. */
struct usb_owner {
    void *data;
    /* Lines, baud or latency of a UART may have changed. */
    void (*changed)(void *data, unsigned port, const struct usb_port *state);
    /* The driver began to listen to a UART, or ended. */
    void (*listens)(void *data, unsigned port, bool open);
    /* There are bytes from the host, or is room for some. */
    void (*moves)(void *data, unsigned port);
};

/* `socket` becomes the link's; kind and serial as for usb_device_init(). NULL with errno set. */
__attribute__((warn_unused_result)) struct usb_link *usb_link_new(const struct adapter_kind *kind, const char *serial,
                                                                  int socket, const struct usb_owner *owner);
/* The adapter is pulled out: the connection ends. */
void usb_link_free(struct usb_link *link);
/* The same when the host has ended the connection, which this waits for. */
void usb_link_free_ended(struct usb_link *link);

/* Takes up to `room` bytes that the host sends to a UART. */
size_t usb_link_take(struct usb_link *link, unsigned port, uint8_t *bytes, size_t room);
/* Gives n bytes to the host, as far as transfers wait for them; returns how many that were. */
size_t usb_link_give(struct usb_link *link, unsigned port, const uint8_t *bytes, size_t n);

/* The lines that come in to a UART are these now: USB_CTS, …. They are sent to the host if the chip does that. */
void usb_link_set_inputs(struct usb_link *link, unsigned port, uint8_t inputs);

/* Stops answering: bytes, and control requests that are not USB's own. What has waited is answered when that ends. */
void usb_link_stick(struct usb_link *link, bool bulk, bool control);

#endif
