/* SPDX-License-Identifier: MIT */
#include "tools/boardsim/usb/device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* USB 2.0, table 9-4 and 9-5. */
enum { GET_STATUS, CLEAR_FEATURE, SET_FEATURE = 3, GET_DESCRIPTOR = 6, GET_CONFIGURATION = 8, SET_CONFIGURATION };
enum { GET_INTERFACE = 10, SET_INTERFACE };
enum { DEVICE = 1, CONFIGURATION, STRING, INTERFACE, ENDPOINT, QUALIFIER };
enum { BULK = 2, INTERRUPT };

static const struct usb_kind kinds[] = {
    {.name = "cp2102", .chip = &usb_cp210x, .in = {0x82}, .out = {0x01}, .clock = 24000000, .part_number = 0x02},
    {.name = "cp2104", .chip = &usb_cp210x, .in = {0x82}, .out = {0x01}, .clock = 24000000, .part_number = 0x04},
    {.name = "cp2102n", .chip = &usb_cp210x, .in = {0x82}, .out = {0x02}, .clock = 24000000, .part_number = 0x20},
    {.name = "ch340", .chip = &usb_ch341, .in = {0x82}, .out = {0x02}, .clock = 48000000},
    {.name = "ft232r", .chip = &usb_ftdi, .in = {0x81}, .out = {0x02}, .clock = 3000000},
    {.name = "ft4232h",
     .chip = &usb_ftdi,
     .in = {0x81, 0x83, 0x85, 0x87},
     .out = {0x02, 0x04, 0x06, 0x08},
     .clock = 12000000},
};

const struct usb_kind *usb_kind(const struct adapter_kind *adapter)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].name, adapter->name) == 0)
            return &kinds[i];
    abort();
}

void usb_device_init(struct usb_device *device, const struct adapter_kind *adapter, const char *serial)
{
    memset(device, 0, sizeof *device);
    device->adapter = adapter;
    device->kind = usb_kind(adapter);
    snprintf(device->serial, sizeof device->serial, "%s", serial);
    for (unsigned i = 0; i < usb_ports(device); i++)
        device->ports[i].latency_us = adapter->latency_us;
}

/* Of the bulk endpoints. */
static unsigned packet_size(const struct usb_device *device)
{
    return device->adapter->packet + device->kind->chip->status;
}

static uint8_t *put16(uint8_t *at, unsigned value)
{
    *at++ = (uint8_t)value;
    *at++ = (uint8_t)(value >> 8);
    return at;
}

static unsigned hex(const char *digits)
{
    return (unsigned)strtoul(digits, NULL, 16);
}

/* udev shows the number of a vendor who does not tell its name. */
static bool has_manufacturer(const struct usb_device *device)
{
    return strcmp(device->adapter->vendor, device->adapter->vendor_id) != 0;
}

static int device_descriptor(const struct usb_device *device, uint8_t *at)
{
    uint8_t *start = at;
    *at++ = 18;
    *at++ = DEVICE;
    at = put16(at, device->adapter->high_speed ? 0x0200 : 0x0110);
    memset(at, 0, 3); /* the class is the interfaces' */
    at += 3;
    *at++ = device->adapter->high_speed ? 64 : 8;
    at = put16(at, hex(device->adapter->vendor_id));
    at = put16(at, hex(device->adapter->model_id));
    at = put16(at, hex(device->adapter->revision));
    *at++ = has_manufacturer(device) ? 1 : 0;
    *at++ = 2;
    *at++ = *device->serial ? 3 : 0;
    *at++ = 1;
    return (int)(at - start);
}

static int qualifier_descriptor(const struct usb_device *device, uint8_t *at)
{
    if (!device->adapter->high_speed)
        return USB_STALL;
    static const uint8_t qualifier[] = {10, QUALIFIER, 0x00, 0x02, 0, 0, 0, 64, 1, 0};
    memcpy(at, qualifier, sizeof qualifier);
    return sizeof qualifier;
}

static uint8_t *endpoint(uint8_t *at, uint8_t address, uint8_t type, unsigned packet, uint8_t interval)
{
    *at++ = 7;
    *at++ = ENDPOINT;
    *at++ = address;
    *at++ = type;
    at = put16(at, packet);
    *at++ = interval;
    return at;
}

static int configuration_descriptor(const struct usb_device *device, uint8_t *at)
{
    const struct usb_kind *kind = device->kind;
    const struct usb_chip *chip = kind->chip;
    uint8_t *start = at;
    *at++ = 9;
    *at++ = CONFIGURATION;
    at += 2; /* the length of all, at the end */
    *at++ = (uint8_t)usb_ports(device);
    *at++ = 1;
    *at++ = 0;
    *at++ = 0x80; /* powered by the bus, 98 mA */
    *at++ = 49;
    for (unsigned i = 0; i < usb_ports(device); i++) {
        *at++ = 9;
        *at++ = INTERFACE;
        *at++ = (uint8_t)i;
        *at++ = 0;
        *at++ = chip->interrupt ? 3 : 2;
        memcpy(at, chip->interface_class, 3);
        at += 3;
        *at++ = 2;
        at = endpoint(at, kind->in[i], BULK, packet_size(device), 0);
        at = endpoint(at, kind->out[i], BULK, packet_size(device), 0);
        if (chip->interrupt)
            at = endpoint(at, chip->interrupt, INTERRUPT, 8, 1);
    }
    put16(start + 2, (unsigned)(at - start));
    return (int)(at - start);
}

static int string_descriptor(const struct usb_device *device, unsigned index, uint8_t *at)
{
    const char *strings[] = {NULL, has_manufacturer(device) ? device->adapter->vendor : "", device->adapter->model,
                             device->serial};
    uint8_t *start = at;
    at += 2;
    if (index == 0) {
        at = put16(at, 0x0409); /* US English */
    } else if (index < sizeof strings / sizeof *strings && *strings[index]) {
        for (const char *text = strings[index]; *text; text++)
            at = put16(at, *text == '_' ? ' ' : (unsigned char)*text); /* which udev puts there for the blanks */
    } else {
        return USB_STALL;
    }
    start[0] = (uint8_t)(at - start);
    start[1] = STRING;
    return (int)(at - start);
}

static int descriptor(const struct usb_device *device, uint16_t value, uint8_t *data)
{
    switch (value >> 8) {
    case DEVICE: return device_descriptor(device, data);
    case CONFIGURATION: return configuration_descriptor(device, data);
    case STRING: return string_descriptor(device, value & 0xff, data);
    case QUALIFIER: return qualifier_descriptor(device, data);
    default: return USB_STALL;
    }
}

static int standard_request(struct usb_device *device, const struct usb_setup *setup, uint8_t *data)
{
    switch (setup->request) {
    case GET_STATUS: put16(data, 0); return 2;
    case GET_DESCRIPTOR: return descriptor(device, setup->value, data);
    case GET_CONFIGURATION: data[0] = device->configuration; return 1;
    case GET_INTERFACE: data[0] = 0; return 1;
    case SET_CONFIGURATION: device->configuration = (uint8_t)setup->value; return 0;
    case CLEAR_FEATURE:
    case SET_FEATURE:
    case SET_INTERFACE: return 0;
    default: return USB_STALL;
    }
}

int usb_control(struct usb_device *device, const struct usb_setup *setup, uint8_t *data)
{
    int length = USB_STALL;
    if ((setup->type & USB_TYPE) == USB_STANDARD)
        length = standard_request(device, setup, data);
    else if ((setup->type & USB_TYPE) == USB_VENDOR)
        length = device->kind->chip->request(device, setup, data);
    return length > setup->length ? setup->length : length;
}

int usb_port_of(const struct usb_device *device, uint8_t address)
{
    for (unsigned i = 0; i < usb_ports(device); i++)
        if (device->kind->in[i] == address || device->kind->out[i] == address)
            return (int)i;
    return -1;
}

uint8_t usb_inputs_endpoint(const struct usb_device *device, unsigned port)
{
    const struct usb_chip *chip = device->kind->chip;
    return chip->status ? device->kind->in[port] : chip->interrupt;
}

size_t usb_inputs(const struct usb_device *device, unsigned port, uint8_t *bytes)
{
    const struct usb_chip *chip = device->kind->chip;
    chip->write_inputs(&device->ports[port], bytes);
    return chip->status ? chip->status : chip->event;
}

size_t usb_pack(const struct usb_device *device, unsigned port, const uint8_t *bytes, size_t n, uint8_t *transfer,
                size_t room, size_t *used)
{
    size_t status = device->kind->chip->status;
    size_t packet = packet_size(device);
    size_t length = 0;
    *used = 0;
    /* A packet that is not full ends the transfer. */
    for (bool full = true; full && *used < n && room - length > status;) {
        size_t part = n - *used;
        size_t limit = room - length < packet ? room - length : packet;
        if (part > limit - status)
            part = limit - status;
        if (status)
            device->kind->chip->write_inputs(&device->ports[port], transfer + length);
        memcpy(transfer + length + status, bytes + *used, part);
        length += status + part;
        *used += part;
        full = status + part == packet;
    }
    return length;
}
