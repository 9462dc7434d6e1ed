/* SPDX-License-Identifier: MIT */
/*
 * The process that systemd watches. A process cannot end while a thread of it waits in the kernel for an adapter that
 * does not answer, and what it has open of such adapters is closed one after the other: with six of them more than ten
 * seconds. So as a service gangd is two processes: the supervisor, and its child, which does the work. The supervisor
 * hands on the signals that it gets, ends as its child ends, or as soon as the child says that all is done, whatever
 * that still waits for. If the supervisor dies first the child is killed.
 */
#ifndef DAEMON_SUPERVISOR_H
#define DAEMON_SUPERVISOR_H

/* Under systemd (NOTIFY_SOCKET is set) makes the child, and returns in it alone; otherwise, or if there is no process
 * to be had, does nothing. Before any thread is there. What systemd says to a process by its number (LISTEN_PID,
 * WATCHDOG_PID) is said to the child; the unit needs NotifyAccess=all and KillMode=process. */
void supervisor_start(void);

/* The book is closed and nothing is left to be done: the supervisor ends with this status now. Nothing without a
 * supervisor. */
void supervisor_release(int status);

#endif
