/* SPDX-License-Identifier: MIT */
/*
 * What an adapter's chip is to USB: the state of a device and its UARTs, and what each vendor's chip does differently.
 * For device.c and the files of the chips; everyone else takes device.h.
 */
#ifndef BOARDSIM_USB_CHIP_H
#define BOARDSIM_USB_CHIP_H

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
    /* How a change of the lines that come in reaches the host; all zero: the host polls. */
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

/* How many UARTs it has. */
static inline unsigned usb_ports(const struct usb_device *device)
{
    return device->adapter->ports ? device->adapter->ports : 1;
}

#endif
