/* SPDX-License-Identifier: MIT */
/*
 * Ports to test tty.h with: ptys behind umockdev, which lets the test answer their ioctls: modem lines, a driver that
 * rounds the baud, an adapter that never answers. A port counts as plugged in while its master is open.
 */
#ifndef TESTS_UNIT_DAEMON_TTY_HARNESS_H
#define TESTS_UNIT_DAEMON_TTY_HARNESS_H

#include "daemon/port/tty.h"

#include <linux/serial.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <umockdev.h>

/* As in <asm/termbits.h>, which cannot be included together with <uv.h>. */
struct termios2 {
    tcflag_t c_iflag, c_oflag, c_cflag, c_lflag;
    cc_t c_line, c_cc[19];
    speed_t c_ispeed, c_ospeed;
};

struct tty_harness_port {
    char devnode[32], pts[32];
    int master, slave; /* slave: write-only, takes nothing; keeps the master usable while nobody has the port open */
    UMockdevIoctlBase *handler;

    pthread_mutex_t lock;  /* for what follows: the handler runs on umockdev's thread */
    unsigned long hang_on; /* the request that is not answered, 0: none */
    UMockdevIoctlClient *hanging;
    unsigned sets; /* TIOCMSETs so far */
    int lines;     /* of the last one */
    int modem;     /* what TIOCMGET tells */
    uint32_t pretend_baud;
    uint32_t (*driver)(uint32_t asked); /* if not NULL: what its driver reads back */
    uint32_t asked[32];                 /* rates that were set, in order */
    unsigned n_asked;
    struct serial_struct serial; /* TIOCGSERIAL; closing_wait is root's, as in the kernel */
    unsigned latency_sets;       /* TIOCSSERIALs that were allowed */
};

/* A new port, /dev/ttyUSB<number>; or without a handler a bare pty, whose ioctls the kernel answers. */
void tty_harness_plug(struct tty_harness_port *port, int number, bool with_handler);
void tty_harness_yank(struct tty_harness_port *port);

/* The next such request gets no answer; waits until one hangs; gives the answer: 0 or a positive errno. */
void tty_harness_hang_on(struct tty_harness_port *port, unsigned long request);
void tty_harness_wait_for_hang(struct tty_harness_port *port);
void tty_harness_answer(struct tty_harness_port *port, int error);

/* The board sends. */
void tty_harness_send(const struct tty_harness_port *port, const char *text);

extern uv_loop_t tty_harness_loop;

/* What the adapter is asked for at each open; none at first. */
extern const uint32_t *tty_harness_bauds;
extern size_t tty_harness_n_bauds;

#define RUN_UNTIL(condition)                                                                                           \
    while (!(condition))                                                                                               \
    uv_run(&tty_harness_loop, UV_RUN_ONCE)

/* Who has a port open, and all that it was told. */
struct tty_harness_client {
    struct tty *tty;
    unsigned searched;                                                  /* `intruder` was told */
    unsigned opened, done, modem, writable, gone, hung_up, after_close; /* hung_up: `closed` was told */
    int error;
    unsigned lines;
    enum cause cause;
    char detail[256];
    uint8_t received[64];
    size_t n_received;
    unsigned close_in; /* which callback closes the port: CLOSE_IN_… */
    bool closed;
};
enum { CLOSE_IN_OPENED = 1, CLOSE_IN_DONE, CLOSE_IN_RECEIVED, CLOSE_IN_GONE, CLOSE_IN_CLOSED };

extern const struct tty_events tty_harness_events; /* data: a struct tty_harness_client */

/* To be called before each test. */
void tty_harness_set_up(void);

void tty_harness_start_opening(struct tty_harness_client *client, const char *devnode);
/* Waits until it is open. */
void tty_harness_open(struct tty_harness_client *client, const struct tty_harness_port *port);
void tty_harness_close(struct tty_harness_client *client);

/* Nothing is left: no handle in the loop, no worker; no callback came after the close. */
void tty_harness_check_end(const struct tty_harness_client *client);

#endif
