/* SPDX-License-Identifier: MIT */
#include "daemon/supervisor.h"

#include "daemon/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

static int release = -1; /* the child's end of the pipe to the supervisor; -1: no supervisor */

/* Exits as the process with the wait status `status` did: with its exit code, or by its signal. */
static _Noreturn void exit_like(int status)
{
    if (WIFEXITED(status))
        _exit(WEXITSTATUS(status));
    int signum = WTERMSIG(status);
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, signum);
    signal(signum, SIG_DFL);
    raise(signum);
    sigprocmask(SIG_UNBLOCK, &only, NULL);
    _exit(128 + signum);
}

static _Noreturn void wait_and_exit(pid_t child)
{
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    exit_like(status);
}

/* The supervisor's work: `released` is its end of the pipe, `signals` a signalfd. */
static _Noreturn void supervise(pid_t child, int released, int signals)
{
    struct pollfd fds[] = {{.fd = released, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
    for (;;) {
        if (poll(fds, 2, -1) < 0)
            continue;
        if (fds[0].revents) {
            uint8_t status;
            if (read(released, &status, 1) == 1)
                _exit(status);
            wait_and_exit(child); /* its end of the pipe is closed: it exits */
        }
        struct signalfd_siginfo signal_info;
        if (fds[1].revents && read(signals, &signal_info, sizeof(signal_info)) == sizeof(signal_info))
            kill(child, (int)signal_info.ssi_signo);
    }
}

/* systemd sets the variable to the number of the process that it started, and libsystemd ignores the socket or watchdog
 * in any other process. */
static void take_over(const char *variable)
{
    char number[16];
    snprintf(number, sizeof(number), "%d", (int)getpid());
    if (getenv(variable))
        setenv(variable, number, 1);
}

void supervisor_start(void)
{
    int ends[2], signals = -1;
    if (!getenv("NOTIFY_SOCKET"))
        return;
    if (pipe2(ends, O_CLOEXEC)) {
        log_warning("gangd", "cannot create the supervisor's pipe: %s", strerror(errno));
        return;
    }
    sigset_t passed_on, before;
    sigemptyset(&passed_on);
    sigaddset(&passed_on, SIGHUP);
    sigaddset(&passed_on, SIGINT);
    sigaddset(&passed_on, SIGTERM);
    sigprocmask(SIG_BLOCK, &passed_on, &before);
    pid_t supervisor = getpid(), child = -1;
    signals = signalfd(-1, &passed_on, SFD_CLOEXEC);
    if (signals >= 0)
        child = fork();
    if (child > 0) {
        close(ends[1]);
        supervise(child, ends[0], signals);
    }
    if (child < 0) {
        log_warning("gangd", "cannot create the child process: %s", strerror(errno));
        close(ends[1]);
    } else {
        release = ends[1];
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != supervisor) /* it died before prctl() */
            _exit(EXIT_FAILURE);
        take_over("LISTEN_PID");
        take_over("WATCHDOG_PID");
    }
    close(ends[0]);
    if (signals >= 0)
        close(signals);
    sigprocmask(SIG_SETMASK, &before, NULL);
}

void supervisor_release(int status)
{
    uint8_t byte = (uint8_t)status;
    if (release < 0)
        return;
    if (write(release, &byte, 1) != 1)
        log_warning("gangd", "cannot notify the supervisor: %s", strerror(errno));
    close(release);
    release = -1;
}
