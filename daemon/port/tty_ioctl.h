/* SPDX-License-Identifier: MIT */
/*
 * A serial port's settings. In a file of its own because any baud rate needs the kernel's struct termios2, whose header
 * cannot be included together with <termios.h>, which <uv.h> includes.
 *
 * Each call may block for seconds on an adapter that does not answer. Each returns 0 or a negative errno.
 */
#ifndef DAEMON_PORT_TTY_IOCTL_H
#define DAEMON_PORT_TTY_IOCTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TTY_BAUDS_MAX 8 /* rates that an adapter can be asked for at a time */

/* Raw bytes, 8N1, no flow control, breaks ignored, modem lines left alone by close (no HUPCL), reads that never wait;
 * `baud` as for tty_ioctl_baud(). */
int tty_ioctl_raw(int fd, uint32_t baud) __attribute__((warn_unused_result));

/* Any rate. It is sent to the adapter also if it is set already, and then another rate before it. -ERANGE if the driver
 * says that it chose one more than 3 % off; -ETIMEDOUT if that is so because the adapter does not answer. */
int tty_ioctl_baud(int fd, uint32_t baud) __attribute__((warn_unused_result));

/* Asks the driver for each of `n` rates (at most TTY_BAUDS_MAX), and then sets `baud` again. Bit i of `*possible`: the
 * adapter does rates[i]. A driver that keeps to itself what its chip makes of a request (ch341, ftdi_sio) can be asked
 * for nothing: those count as possible. Silicon Labs' CP2101, 2102 and 2103 have a table of rates (AN205) that ends at
 * 921600: from 670255 to 1053257 they run at 923077, though 1000000 is read back; they are known by what is read back
 * for 74880. Some milliseconds, no byte and no change of the lines. */
int tty_ioctl_rates(int fd, const uint32_t *rates, size_t n, uint32_t baud, uint32_t *possible);

/* Both lines in one request, so that no reset circuit sees a state in between. */
int tty_ioctl_lines(int fd, bool dtr, bool rts) __attribute__((warn_unused_result));

/* What the adapter sees on its modem lines: TIOCM_CTS, TIOCM_DSR, TIOCM_CAR, … -ENOTTY or -EINVAL if it has none. */
int tty_ioctl_modem(int fd, unsigned *lines) __attribute__((warn_unused_result));

/* Nobody but root can open the port from now on. */
int tty_ioctl_exclusive(int fd) __attribute__((warn_unused_result));

/* A close() will not wait for bytes that the adapter does not take: without this it does for up to 30 s. Where it is
 * not allowed (CAP_SYS_ADMIN) nothing changes. */
void tty_ioctl_no_closing_wait(int fd);

/* An FTDI adapter that holds short answers back for 16 ms does so for 1 ms from now on, until it is unplugged;
 * others are left as they are. Needs no privilege, as long as the same call changes nothing else. */
void tty_ioctl_low_latency(int fd);

/* Throw away what waits to be read, or to be sent. The result may be ignored where bytes that stay do no harm. */
int tty_ioctl_discard_input(int fd);
int tty_ioctl_discard_output(int fd);

#endif
