/* SPDX-License-Identifier: MIT */
/* FTDI: requests to the device; on chips of several ports the low byte of the index says which, from 1. */
#include "tools/boardsim/usb/usb_chip.h"

#include <string.h>

enum {
    RESET,
    SET_LINES,
    SET_FLOW,
    SET_BAUD,
    SET_DATA,
    GET_LINES,
    SET_EVENT_CHAR,
    SET_ERROR_CHAR,
    SET_LATENCY = 9,
    GET_LATENCY,
    READ_EEPROM = 0x90,
};

#define DTR      0x01u
#define RTS      0x02u
#define MASK     8
#define PURGE_RX 1
#define BREAK    0x4000u

/* The lines that come in are the upper half of the first byte of status, whose bit 0 is always set. In the second:
 * transmitter empty, both of its bits. */
#define INPUTS 4
#define ALWAYS 0x01u
#define IDLE   0x60

static void write_inputs(const struct usb_port *port, uint8_t *bytes)
{
    bytes[0] = (uint8_t)(port->inputs << INPUTS | ALWAYS);
    bytes[1] = IDLE;
}

/* The divisor has 14 bits before the point, and eighths after it in three bits of this code (AN232B-05). The integers 0
 * and 1 stand for 1 and 1.5. Chips of the H series count 12 MHz if bit 17 is set, and 3 MHz otherwise. */
static uint32_t made_of(const struct usb_device *device, uint32_t divisor)
{
    static const uint8_t eighths_of[8] = {0, 4, 2, 1, 3, 5, 6, 7};
    uint32_t clock = device->adapter->high_speed && !(divisor & 0x20000u) ? 3000000 : device->kind->clock;
    uint32_t eighths = (divisor & 0x3fffu) * 8 + eighths_of[divisor >> 14 & 7u];
    if (eighths == 0)
        eighths = 8;
    else if (eighths == 8)
        eighths = 12;
    return (uint32_t)((uint64_t)clock * 8 / eighths);
}

static void set_baud(const struct usb_device *device, struct usb_port *port, const struct usb_setup *setup)
{
    uint32_t high = usb_ports(device) > 1 ? setup->index >> 8 : setup->index;
    port->baud = made_of(device, setup->value | high << 16);
}

static int request(struct usb_device *device, const struct usb_setup *setup, uint8_t *data)
{
    unsigned number = usb_ports(device) > 1 ? (setup->index & 0xffu) - 1u : 0;
    if (setup->request == READ_EEPROM) { /* blank; its index is an address */
        memset(data, 0xff, 2);
        return 2;
    }
    if (number >= usb_ports(device))
        return USB_STALL;
    struct usb_port *port = &device->ports[number];
    switch (setup->request) {
    case RESET: port->purges += setup->value <= PURGE_RX ? 1 : 0; return 0;
    case SET_LINES:
        if (setup->value >> MASK & DTR)
            port->dtr = setup->value & DTR;
        if (setup->value >> MASK & RTS)
            port->rts = setup->value & RTS;
        return 0;
    case SET_BAUD: set_baud(device, port, setup); return 0;
    case SET_LATENCY:
        if (!(setup->value & 0xffu))
            return USB_STALL;
        port->latency_us = (setup->value & 0xffu) * 1000u;
        return 0;
    case GET_LATENCY: data[0] = (uint8_t)(port->latency_us / 1000u); return 1;
    case GET_LINES: write_inputs(port, data); return 2;
    case SET_DATA: port->breaks = setup->value & BREAK; return 0;
    case SET_FLOW:
    case SET_EVENT_CHAR:
    case SET_ERROR_CHAR: return 0;
    default: return USB_STALL;
    }
}

const struct usb_chip usb_ftdi = {
    .request = request, .interface_class = {0xff, 0xff, 0xff}, .status = 2, .write_inputs = write_inputs};
