/* SPDX-License-Identifier: MIT */
/* The pty that is an adapter's way to the host where no kernel driver takes part. */
#ifndef BOARDSIM_PTY_H
#define BOARDSIM_PTY_H

#include "tools/boardsim/sim_adapter.h"

struct pty;

/* Starts out like a port of the kernel's usb-serial drivers. host->data is the pty; its free() hangs up: the host reads
 * end-of-file, writes give EIO. NULL with errno set. */
__attribute__((warn_unused_result)) struct pty *pty_new(const struct adapter_kind *kind, struct sim_adapter_host *host);

/* The slave side: "/dev/pts/7". */
const char *pty_name(const struct pty *pty);
/* Whether the last close drops the modem lines. */
bool pty_hups(const struct pty *pty);
/* Shows the host the baud that it really got, where the driver does so; `max` as for sim_adapter_host.baud. */
void pty_show_baud(struct pty *pty, uint32_t max);
/* Throws away what the host has not read. */
void pty_flush(struct pty *pty);
/* What the kernel does at the last close, which our own descriptor hides from it. */
void pty_closed(struct pty *pty);

#endif
