/* SPDX-License-Identifier: MIT */
/* A kernel's side of a USB/IP connection: transfers are submitted, unlinked, and their answers taken one by one. */
#ifndef TESTS_UNIT_BOARDSIM_USB_HOST_H
#define TESTS_UNIT_BOARDSIM_USB_HOST_H

#include <stdbool.h>
#include <stdint.h>

/* The socket; whoever makes the connection sets it. An answer that does not come fails the test, not the suite's time.
 */
extern int usb_host;
void usb_host_start(int socket);

/* `setup` may be NULL; `data` are n bytes if the address has no bit 7. Returns the transfer's number. */
uint32_t usb_submit(uint8_t address, const uint8_t *setup, const void *data, uint32_t n);
/* Returns the number of the request. */
uint32_t usb_unlink(uint32_t victim);

/* Takes the next answer, which must be to that: its status, and how many bytes it has (in `data`, if towards the host).
 */
int usb_answer(uint32_t to, bool in, uint8_t *data, uint32_t *n);
/* Nothing has been answered. */
bool usb_silent(void);

#endif
