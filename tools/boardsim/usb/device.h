/* SPDX-License-Identifier: MIT */
/*
 * A USB-serial adapter as USB sees it: descriptors, control requests, and what each chip puts around its bytes. No
 * thread, no descriptor, no clock: requests come in by call, and what they make of the UARTs is read off `ports`.
 *
 * Sources: USB 2.0 chapter 9; Silicon Labs AN571 (CP210x requests); FTDI AN232B-05 (divisors) and the requests as the
 * open drivers use them; for the CH340, whose maker publishes none, what the kernel's driver is known to send.
 */
#ifndef BOARDSIM_USB_DEVICE_H
#define BOARDSIM_USB_DEVICE_H

#include "tools/boardsim/usb/adapter_kind.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define USB_PORTS 4
/* What usb_control() returns for a request that the device refuses. */
#define USB_STALL (-1)
/* The longest reply to a control request. */
#define USB_REPLY 256

/* Of usb_setup.type: the direction, and whose request it is. */
#define USB_TO_HOST  0x80u
#define USB_TYPE     0x60u
#define USB_STANDARD 0x00u
#define USB_VENDOR   0x40u

struct usb_setup {
    uint8_t type, request;
    uint16_t value, index, length;
};

/* Lines that come in, in the order that all of these chips tell them in; RI, bit 2, is never wired. */
#define USB_CTS 0x01u
#define USB_DSR 0x02u
#define USB_DCD 0x08u

/* One UART of an adapter. */
struct usb_port {
    bool dtr, rts;       /* true = asserted */
    uint8_t inputs;      /* USB_CTS, …: those that are asserted */
    bool breaks;         /* holds its transmit line low */
    uint32_t baud;       /* as the chip really makes it; 0: not set yet */
    uint32_t latency_us; /* a packet that is not full waits so long for more */
    unsigned purges;     /* how often the host threw away what the chip had received */
    /* The chip's own memory: CH340 registers, CP210x flow control (16 bytes) and line control, … */
    uint8_t memory[256];
    uint32_t asked; /* CP210x: the baud that the host asked for */
};

struct usb_kind;

struct usb_device {
    const struct usb_kind *kind;
    const struct adapter_kind *adapter;
    char serial[ADAPTER_SERIAL];
    uint8_t configuration;
    struct usb_port ports[USB_PORTS];
};

/* A vendor's chip. */
struct usb_chip {
    /* A vendor request (with `data` of setup->length bytes, if it goes to the device). Returns the length of the reply
     * in `data` (USB_REPLY bytes), 0 for requests to the device, USB_STALL. */
    int (*request)(struct usb_device *device, const struct usb_setup *setup, uint8_t *data);
    uint8_t interface_class[3]; /* class, subclass, protocol */
    /* How the host hears of a change of the lines that come in; all zero: it asks. */
    unsigned status;   /* bytes in front of each packet to the host, which may be all of it */
    uint8_t interrupt; /* address of an interrupt endpoint that every interface has; 0: none */
    unsigned event;    /* bytes of its transfers */
    void (*write_inputs)(const struct usb_port *port, uint8_t *bytes); /* `status` or `event` of them */
};

/* The most of them. */
#define USB_EVENT 4

extern const struct usb_chip usb_cp210x, usb_ch341, usb_ftdi;

/* What USB knows of a kind of adapter, beyond adapter_kind.h. */
struct usb_kind {
    const char *name; /* as the adapter's */
    const struct usb_chip *chip;
    uint32_t clock;        /* Hz, that the baud rates are made of */
    uint8_t part_number;   /* that a CP210x tells; 0: another chip */
    uint8_t in[USB_PORTS]; /* addresses of the bulk endpoints of each interface: in with bit 7 */
    uint8_t out[USB_PORTS];
};

/* The i-th kind; NULL behind the last. */
const struct usb_kind *usb_kind_at(unsigned i);
/* That of an adapter: each has one. */
const struct usb_kind *usb_kind(const struct adapter_kind *adapter);

/* As after power-up. `serial` is "" for a chip without a serial number, as adapter_kind_serial() makes it. */
void usb_device_init(struct usb_device *device, const struct adapter_kind *adapter, const char *serial);
/* How many UARTs it has. */
unsigned usb_ports(const struct usb_device *device);

/* A request on endpoint 0. `data`: USB_REPLY bytes, and at least setup->length of them for a request to the device,
 * which come in it. Returns the length of the reply, which is in `data` then, or USB_STALL. */
int usb_control(struct usb_device *device, const struct usb_setup *setup, uint8_t *data);

/* The port whose bulk endpoint has this address; -1 if none has. */
int usb_port_of(const struct usb_device *device, uint8_t address);

/* The address of the endpoint that tells of the lines that come in to a port, 0: there is none; and what it tells, into
 * USB_EVENT bytes: returns how many. */
uint8_t usb_inputs_endpoint(const struct usb_device *device, unsigned port);
size_t usb_inputs(const struct usb_device *device, unsigned port, uint8_t *bytes);

/* Packs as many of the n bytes for the host as a transfer of `room` bytes holds, as the chip would; `*used` is how many
 * of `bytes` went in. Returns the length of the transfer. */
size_t usb_pack(const struct usb_device *device, unsigned port, const uint8_t *bytes, size_t n, uint8_t *transfer,
                size_t room, size_t *used);
#endif
