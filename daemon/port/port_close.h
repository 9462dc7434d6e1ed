/* SPDX-License-Identifier: MIT */
/*
 * close() of a serial port whose adapter takes no more bytes waits for 30 s, which only CAP_SYS_ADMIN can change
 * (closing_wait), and discarding the output does not help. But the wait is one that a signal ends.
 */
#ifndef DAEMON_PORT_PORT_CLOSE_H
#define DAEMON_PORT_PORT_CLOSE_H

/* From then on a close that waits gets a signal, and another one each time as much later: the kernel may wait in more
 * than one place. A close in good order takes milliseconds. */
#define PORT_CLOSE_MS 200

/* Closes `fd`, with bytes still unsent or not. Blocks: seldom longer than PORT_CLOSE_MS; until the kernel gives up, up
 * to 20 s, while a control request is unanswered, which no signal ends. Sends the calling thread SIGURG, for which it
 * installs a handler that does nothing, once for the process; the thread must not block that signal. Any thread, but
 * not the loop's. */
void port_close(int fd);

#endif
