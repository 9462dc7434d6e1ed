/* SPDX-License-Identifier: MIT */
/* What tells one USB-serial chip from another, for udev and on the wire. */
#ifndef BOARDSIM_ADAPTER_KIND_H
#define BOARDSIM_ADAPTER_KIND_H

#include <stdbool.h>
#include <stdint.h>

struct adapter_kind {
    const char *name;                 /* as on the command line: "cp2102n" */
    const char *driver;               /* of the interface, in the kernel: "cp210x" */
    const char *port_driver;          /* of the usb-serial port; NULL: has the same name */
    const char *vendor_id, *model_id; /* four hex digits */
    const char *vendor, *model;       /* as udev's ID_VENDOR and ID_MODEL show them */
    const char *revision;             /* bcdDevice */
    const char *serial_prefix;        /* of a serial number; NULL: the chip has none */
    unsigned ports;                   /* of one USB device, each an interface of it; 0: one */
    uint32_t min_baud, max_baud;      /* the driver clamps to these */
    uint32_t clock;                   /* baud = clock / integer */
    const struct adapter_rate *rates; /* if not NULL: the chip has no others, though the driver shows those above */
    bool shows_rounded_baud;          /* the host reads back the real baud, not the one it asked for */
    bool high_speed;                  /* 480 Mbit/s in place of 12 */
    uint32_t tx_fifo, rx_fifo;        /* bytes */
    uint32_t packet;                  /* bytes that go to the host at once, without waiting for the latency */
    uint32_t latency_us;
};

/* A request up to `up_to` gives `baud`. */
struct adapter_rate {
    uint32_t baud, up_to;
};

/* NULL if there is none of that name. */
const struct adapter_kind *adapter_kind(const char *name);
/* The i-th kind; NULL behind the last. */
const struct adapter_kind *adapter_kind_at(unsigned i);
/* The i-th kind of one port, round and round. */
const struct adapter_kind *adapter_kind_mixed(unsigned i);

/* Where the adapter of a slot is: which port of the hub, and which interface of the device there. */
struct adapter_place {
    unsigned hub_port; /* from 1 */
    unsigned interface;
};
struct adapter_place adapter_kind_place(const struct adapter_kind *kind, unsigned slot);

/* The longest serial number, with its NUL. */
#define ADAPTER_SERIAL 32
/* The serial number of the adapter that came to a slot with that unit; "" if it has none. The ports of one device share
 * it. */
void adapter_kind_serial(const struct adapter_kind *kind, unsigned slot, unsigned unit, char serial[ADAPTER_SERIAL]);

/* What the chip makes of a request, if it can do no more than `max`; 0: than its kind can. */
uint32_t adapter_kind_baud(const struct adapter_kind *kind, uint32_t requested, uint32_t max);
/* What a driver that shows_rounded_baud reads back then: not always the same. A CP2102 runs at 923077 when it is asked
 * for 1000000 (AN205), which its driver reads back. */
uint32_t adapter_kind_shown_baud(const struct adapter_kind *kind, uint32_t requested, uint32_t max);

#endif
