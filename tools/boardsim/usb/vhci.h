/* SPDX-License-Identifier: MIT */
/*
 * The kernel's virtual USB host controllers (module vhci-hcd), at whose ports USB/IP connections become devices. Wants
 * root.
 */
#ifndef BOARDSIM_USB_VHCI_H
#define BOARDSIM_USB_VHCI_H

#include <stdbool.h>
#include <stddef.h>

/* Loads the module if it is not there. 0, or -1 with a sentence. */
__attribute__((warn_unused_result)) int vhci_open(char *error, size_t size);

/* Attaches a device to the n-th port (from 0) that serves its speed, all controllers in turn: each of them enumerates
 * its devices one after the other. Waits for a port that is about to be free, up to 2 s. `*port` becomes the kernel's
 * number of that port. Returns the socket that the device is to be played at, -1 with errno set; to close it is to pull
 * the plug. */
__attribute__((warn_unused_result)) int vhci_attach(unsigned n, bool high_speed, unsigned *port);

/* Has the controller end the connection, which may take until after the return. 0, or -1 with errno set. */
__attribute__((warn_unused_result)) int vhci_detach(unsigned port);

/* The name of a device at that port in /sys/bus/usb/devices: "3-1". */
void vhci_name(unsigned port, char *name, size_t size);
/* n of the ttyUSBn that the driver has made for an interface of that device; -1 if there is none (yet). */
__attribute__((warn_unused_result)) int vhci_tty(unsigned port, unsigned interface);

#endif
