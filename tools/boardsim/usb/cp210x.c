/* SPDX-License-Identifier: MIT */
/* Silicon Labs CP210x: requests of AN571, to the interface. */
#include "tools/boardsim/usb/usb_chip.h"

#include <string.h>

enum {
    IFC_ENABLE = 0x00,
    SET_LINE_CTL = 0x03,
    GET_LINE_CTL = 0x04,
    SET_BREAK = 0x05,
    SET_MHS = 0x07,
    GET_MDMSTS = 0x08,
    GET_COMM_STATUS = 0x10,
    PURGE = 0x12,
    SET_FLOW = 0x13,
    GET_FLOW = 0x14,
    EMBED_EVENTS = 0x15,
    SET_CHARS = 0x19,
    GET_BAUDRATE = 0x1d,
    SET_BAUDRATE = 0x1e,
    VENDOR_SPECIFIC = 0xff,
};
#define GET_PARTNUM 0x370b

#define DTR       0x01u
#define RTS       0x02u
#define INPUTS    4 /* GET_MDMSTS: lines that come in, above these */
#define MASK      8 /* SET_MHS: which lines are meant, above the lines */
#define PURGE_RX  0x0au
#define FLOW_SIZE 16
#define LINE_CTL  FLOW_SIZE /* where in memory */
/* SET_FLOW: DTR is the first word's bits 0 and 1, RTS the second's 6 and 7. 0: off, 1: on, 2: hands off. */
#define FLOW_DTR(flow) ((flow)[0] & 3u)
#define FLOW_RTS(flow) ((flow)[4] >> 6 & 3u)

#define CP2102     0x02u
#define CP2102_MAX 921600u /* AN205: requests from 670255 to 1053257 */

/* The baud rate generator counts 24 MHz, or a quarter of it for the slowest. */
static uint32_t made_of(const struct usb_kind *kind, uint32_t baud)
{
    uint32_t clock = kind->clock;
    if (kind->part_number == CP2102 && baud > CP2102_MAX)
        baud = CP2102_MAX;
    if (baud == 0)
        return 0;
    if (baud <= 365)
        clock /= 4;
    uint32_t divisor = (clock + baud / 2) / baud;
    return divisor ? clock / divisor : clock;
}

static void set_flow(struct usb_port *port, const uint8_t *flow)
{
    memcpy(port->memory, flow, FLOW_SIZE);
    if (FLOW_DTR(flow) < 2)
        port->dtr = FLOW_DTR(flow);
    if (FLOW_RTS(flow) < 2)
        port->rts = FLOW_RTS(flow);
}

static int to_device(struct usb_device *device, const struct usb_setup *setup, const uint8_t *data)
{
    struct usb_port *port = &device->ports[0];
    switch (setup->request) {
    case IFC_ENABLE: return 0;
    case SET_LINE_CTL:
        port->memory[LINE_CTL] = (uint8_t)setup->value;
        port->memory[LINE_CTL + 1] = (uint8_t)(setup->value >> 8);
        return 0;
    case SET_BREAK: port->breaks = setup->value & 1; return 0;
    case SET_MHS:
        if (setup->value >> MASK & DTR)
            port->dtr = setup->value & DTR;
        if (setup->value >> MASK & RTS)
            port->rts = setup->value & RTS;
        return 0;
    case PURGE: port->purges += setup->value & PURGE_RX ? 1 : 0; return 0;
    case SET_FLOW:
        if (setup->length != FLOW_SIZE)
            return USB_STALL;
        set_flow(port, data);
        return 0;
    case SET_BAUDRATE:
        if (setup->length != 4)
            return USB_STALL;
        port->asked = data[0] | (uint32_t)data[1] << 8 | (uint32_t)data[2] << 16 | (uint32_t)data[3] << 24;
        port->baud = made_of(device->kind, port->asked);
        return 0;
    /* Line errors among the bytes, XON and XOFF: taken, and nothing comes of it. */
    case EMBED_EVENTS:
    case SET_CHARS: return 0;
    default: return USB_STALL;
    }
}

static int to_host(const struct usb_device *device, const struct usb_setup *setup, uint8_t *data)
{
    const struct usb_port *port = &device->ports[0];
    switch (setup->request) {
    case GET_LINE_CTL: memcpy(data, port->memory + LINE_CTL, 2); return 2;
    case GET_MDMSTS:
        data[0] = (uint8_t)(port->inputs << INPUTS | (port->dtr ? DTR : 0) | (port->rts ? RTS : 0));
        return 1;
    case GET_COMM_STATUS: memset(data, 0, 19); return 19;
    case GET_FLOW: memcpy(data, port->memory, FLOW_SIZE); return FLOW_SIZE;
    case GET_BAUDRATE:
        for (unsigned i = 0; i < 4; i++)
            data[i] = (uint8_t)(port->baud >> (8 * i));
        return 4;
    case VENDOR_SPECIFIC:
        if (setup->value != GET_PARTNUM)
            return USB_STALL; /* no GPIO */
        data[0] = device->kind->part_number;
        return 1;
    default: return USB_STALL;
    }
}

static int request(struct usb_device *device, const struct usb_setup *setup, uint8_t *data)
{
    return setup->type & USB_TO_HOST ? to_host(device, setup, data) : to_device(device, setup, data);
}

const struct usb_chip usb_cp210x = {.request = request, .interface_class = {0xff, 0, 0}};
