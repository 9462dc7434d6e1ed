/* SPDX-License-Identifier: MIT */
/* WCH CH340. Its registers are written two at a time: addresses in the request's value, contents in its index. */
#include "tools/boardsim/usb/usb_chip.h"

#include <string.h>

enum { READ_VERSION = 0x5f, READ = 0x95, WRITE = 0x9a, INIT = 0xa1, LINES = 0xa4 };
enum { BREAK = 0x05, INPUTS = 0x06, PRESCALER = 0x12, DIVISOR = 0x13 };

#define VERSION 0x31
#define EVENT   4 /* bytes on the interrupt endpoint */
/* All lines are low when asserted, and all are written at once. */
#define DTR      0x20u
#define RTS      0x40u
#define NO_BREAK 0x01u

/* 48 MHz through a divider of 2^(12 - 3 ps - fact), and a counter of 256 - divisor. */
static void make_baud(const struct usb_device *device, struct usb_port *port)
{
    unsigned ps = port->memory[PRESCALER] & 3u;
    unsigned fact = port->memory[PRESCALER] >> 2 & 1u;
    unsigned count = 256u - port->memory[DIVISOR];
    port->baud = device->kind->clock / ((1u << (12 - 3 * ps - fact)) * count);
}

static int write_registers(struct usb_device *device, const struct usb_setup *setup)
{
    struct usb_port *port = &device->ports[0];
    port->memory[setup->value & 0xff] = (uint8_t)setup->index;
    port->memory[setup->value >> 8] = (uint8_t)(setup->index >> 8);
    make_baud(device, port);
    if ((setup->value & 0xff) == BREAK)
        port->breaks = !(setup->index & NO_BREAK);
    return 0;
}

/* Those that come in too. */
static uint8_t inputs(const struct usb_port *port)
{
    return (uint8_t)~port->inputs;
}

static int read_registers(const struct usb_port *port, const struct usb_setup *setup, uint8_t *data)
{
    const uint8_t addresses[2] = {(uint8_t)setup->value, (uint8_t)(setup->value >> 8)};
    for (unsigned i = 0; i < 2; i++)
        data[i] = addresses[i] == INPUTS ? inputs(port) : port->memory[addresses[i]];
    return 2;
}

/* The driver reads the third byte, and of the second that bit 2 is for several changes at once. */
static void write_inputs(const struct usb_port *port, uint8_t *bytes)
{
    memset(bytes, 0, EVENT);
    bytes[2] = inputs(port);
}

static int request(struct usb_device *device, const struct usb_setup *setup, uint8_t *data)
{
    struct usb_port *port = &device->ports[0];
    switch (setup->request) {
    case READ_VERSION:
        data[0] = VERSION;
        data[1] = 0;
        return 2;
    case READ: return read_registers(port, setup, data);
    case WRITE: return write_registers(device, setup);
    case INIT: return 0;
    case LINES:
        port->dtr = !(setup->value & DTR);
        port->rts = !(setup->value & RTS);
        return 0;
    default: return USB_STALL;
    }
}

const struct usb_chip usb_ch341 = {.request = request,
                                   .interface_class = {0xff, 0x01, 0x02},
                                   .interrupt = 0x81,
                                   .event = EVENT,
                                   .write_inputs = write_inputs};
