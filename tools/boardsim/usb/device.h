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

#include "tools/boardsim/usb/usb_chip.h"

/* That of an adapter: each has one. */
const struct usb_kind *usb_kind(const struct adapter_kind *adapter);

/* As after power-up. `serial` is "" for a chip without a serial number, as adapter_kind_serial() makes it. */
void usb_device_init(struct usb_device *device, const struct adapter_kind *adapter, const char *serial);

/* A request on endpoint 0. `data`: USB_REPLY bytes, and at least setup->length of them for a request to the device,
 * which come in it. Returns the length of the reply, which is in `data` then, or USB_STALL. */
__attribute__((warn_unused_result)) int usb_control(struct usb_device *device, const struct usb_setup *setup,
                                                    uint8_t *data);

/* The port whose bulk endpoint has this address; -1 if none has. */
__attribute__((warn_unused_result)) int usb_port_of(const struct usb_device *device, uint8_t address);

/* The address of the endpoint that tells of the lines that come in to a port, 0: there is none; and what it tells, into
 * USB_EVENT bytes: returns how many. */
uint8_t usb_inputs_endpoint(const struct usb_device *device, unsigned port);
size_t usb_inputs(const struct usb_device *device, unsigned port, uint8_t *bytes);

/* Packs as many of the n bytes for the host as a transfer of `room` bytes holds, as the chip would; `*used` is how many
 * of `bytes` went in. Returns the length of the transfer. */
size_t usb_pack(const struct usb_device *device, unsigned port, const uint8_t *bytes, size_t n, uint8_t *transfer,
                size_t room, size_t *used);
#endif
