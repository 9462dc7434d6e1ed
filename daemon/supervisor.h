/* SPDX-License-Identifier: MIT */
/*
 * The process that systemd watches. A process cannot exit while one of its threads waits in the kernel for an adapter
 * that does not answer, and the kernel closes its open ports one after the other: with six such adapters that takes
 * more than ten seconds. So as a service gangd is two processes: the supervisor, and its child, which does the work.
 *
 * The supervisor passes SIGHUP, SIGINT and SIGTERM on to the child. It exits with the child's status when the child
 * exits, or with the status given to supervisor_release() as soon as the child calls that, even if the child itself
 * cannot exit yet. If the supervisor dies first, the kernel kills the child.
 */
#ifndef DAEMON_SUPERVISOR_H
#define DAEMON_SUPERVISOR_H

/* Under systemd (NOTIFY_SOCKET is set) forks, and returns in the child only. Does nothing elsewhere; if fork() fails, a
 * warning is logged and gangd runs as one process. To be called before any thread is started. LISTEN_PID and
 * WATCHDOG_PID, by which systemd addresses a process, are set to the child; so the unit needs NotifyAccess=all, and
 * KillMode=process. */
void supervisor_start(void);

/* The child is done: the book is closed. The supervisor exits with `status` (0 to 255) now. Does nothing without a
 * supervisor. */
void supervisor_release(int status);

#endif
