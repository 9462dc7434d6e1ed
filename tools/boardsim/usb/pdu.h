/* SPDX-License-Identifier: MIT */
/*
 * USB/IP on the wire (Documentation/usb/usbip_protocol.rst of Linux): 48 bytes of header in network order, then the
 * data. The host submits transfers and unlinks those that it gives up; the device returns them.
 */
#ifndef BOARDSIM_USB_PDU_H
#define BOARDSIM_USB_PDU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PDU_HEADER 48
/* Drivers of serial ports submit no more at once. */
#define PDU_DATA 65536u

/* The statuses of a returned transfer that are in use here, as Linux counts them. */
#define PDU_OK        0
#define PDU_STALLED   (-32)  /* EPIPE */
#define PDU_CONNRESET (-104) /* ECONNRESET: unlinked */

struct pdu {
    bool unlink; /* of the transfer `victim`; nothing else is told then */
    uint32_t number, victim;
    bool in; /* towards the host */
    uint8_t endpoint;
    uint32_t length; /* of the transfer */
    uint8_t setup[8];
    const uint8_t *data; /* `length` bytes, in the bytes that were read; NULL if `in` */
};

/* Reads the PDU that n bytes begin with. Returns how many of them it has; 0: more are needed; -1: this is no USB/IP. */
long pdu_read(const uint8_t *bytes, size_t n, struct pdu *pdu);

/* The header of what is returned: `length` bytes were transferred (and follow, if towards the host). */
void pdu_write_return(uint8_t header[PDU_HEADER], uint32_t number, int status, uint32_t length);
void pdu_write_unlinked(uint8_t header[PDU_HEADER], uint32_t number, int status);

#endif
