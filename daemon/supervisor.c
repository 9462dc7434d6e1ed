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

static _Noreturn void end_as(int status)
{
    if (WIFEXITED(status))
        _exit(WEXITSTATUS(status));
    int signum = WTERMSIG(status);
    sigset_t it;
    sigemptyset(&it);
    sigaddset(&it, signum);
    signal(signum, SIG_DFL);
    raise(signum);
    sigprocmask(SIG_UNBLOCK, &it, NULL);
    _exit(128 + signum);
}

static _Noreturn void end_with(pid_t child)
{
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    end_as(status);
}

static _Noreturn void keep(pid_t child, int released, int signals)
{
    struct pollfd fds[] = {{.fd = released, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
    for (;;) {
        if (poll(fds, 2, -1) < 0)
            continue;
        if (fds[0].revents) {
            uint8_t status;
            if (read(released, &status, 1) == 1)
                _exit(status);
            end_with(child); /* its end of the pipe is closed: it is dying */
        }
        struct signalfd_siginfo signal_info;
        if (fds[1].revents && read(signals, &signal_info, sizeof(signal_info)) == sizeof(signal_info))
            kill(child, (int)signal_info.ssi_signo);
    }
}

/* systemd names the process that it has started, and its libraries believe only what is said to them. */
static void inherit(const char *variable)
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
        log_warning("gangd", "no supervisor: %s", strerror(errno));
        return;
    }
    sigset_t handed_on, before;
    sigemptyset(&handed_on);
    sigaddset(&handed_on, SIGHUP);
    sigaddset(&handed_on, SIGINT);
    sigaddset(&handed_on, SIGTERM);
    sigprocmask(SIG_BLOCK, &handed_on, &before);
    pid_t supervisor = getpid(), child = -1;
    signals = signalfd(-1, &handed_on, SFD_CLOEXEC);
    if (signals >= 0)
        child = fork();
    if (child > 0) {
        close(ends[1]);
        keep(child, ends[0], signals);
    }
    if (child < 0) {
        log_warning("gangd", "no supervisor: %s", strerror(errno));
        close(ends[1]);
    } else {
        release = ends[1];
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != supervisor) /* it died before it could be said */
            _exit(EXIT_FAILURE);
        inherit("LISTEN_PID");
        inherit("WATCHDOG_PID");
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
        log_warning("gangd", "the supervisor does not hear: %s", strerror(errno));
    close(release);
    release = -1;
}
