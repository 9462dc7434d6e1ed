/* SPDX-License-Identifier: MIT */
#include "tools/boardsim/run.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECOND 1000000000u
/* How often operators and waits look at the rack. */
#define LOOK_NS (SECOND / 50)
/* The last board is out: gangd and the like have this long to write it down; and to end, once they are asked to. */
#define PAUSE_NS (2 * (uint64_t)SECOND)
#define GRACE_NS (45 * (uint64_t)SECOND)

struct child {
    pid_t pid;
    int status;
    uint64_t end_at;  /* SIGTERM is due; UINT64_MAX: it is not */
    uint64_t kill_at; /* SIGKILL is due */
    bool trouble;
};

static void signals(sigset_t *set)
{
    static const int all[] = {SIGINT, SIGTERM, SIGHUP, SIGCHLD};
    sigemptyset(set);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        sigaddset(set, all[i]);
}

void run_block_signals(void)
{
    sigset_t set;
    signals(&set);
    sigprocmask(SIG_BLOCK, &set, NULL);
}

static pid_t start(const struct rack *rack, char **command)
{
    rack_enter(rack);
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    /* The program needs boardsim for its ttys. */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    sigset_t set;
    signals(&set);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    if (getppid() == parent)
        execvp(command[0], command);
    int error = errno;
    fprintf(stderr, "boardsim: %s: %s\n", command[0], strerror(error));
    _exit(error == ENOENT ? 127 : 126);
}

static void take_signals(int fd, struct child *child, bool *ended)
{
    struct signalfd_siginfo info;
    while (read(fd, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGCHLD) {
            *ended = *ended || waitpid(child->pid, &child->status, WNOHANG) == child->pid;
            continue;
        }
        /* A terminal's ^C has reached the program already. */
        if (info.ssi_code != SI_KERNEL && !*ended)
            kill(child->pid, (int)info.ssi_signo);
    }
}

static void end_after(struct child *child, uint64_t pause)
{
    uint64_t at = sim_adapter_clock() + pause;
    if (at < child->end_at)
        child->end_at = at;
}

static void make_end(struct child *child)
{
    uint64_t now = sim_adapter_clock();
    if (now >= child->end_at && child->kill_at == UINT64_MAX) {
        kill(child->pid, SIGTERM);
        child->kill_at = now + GRACE_NS;
    } else if (now >= child->kill_at) {
        fprintf(stderr, "boardsim: the program did not end on SIGTERM, killing it\n");
        kill(child->pid, SIGKILL);
        child->kill_at = UINT64_MAX - 1;
    }
}

static void trouble(struct child *child, const char *what)
{
    fprintf(stderr, "boardsim: %s\n", what);
    child->trouble = true;
    end_after(child, 0);
}

/* Lets script and automatic operator do what is due. Returns whether they are to be called again soon. */
static bool work(struct run_setup *run, struct child *child)
{
    char answer[OPERATOR_ANSWER];
    bool soon = false;
    if (run->script) {
        enum operator_result result = script_tick(run->script, run->rack, answer);
        soon = result == OPERATOR_WAITS;
        if (result == OPERATOR_REFUSED)
            trouble(child, answer);
        if (result == OPERATOR_QUIT)
            end_after(child, 0);
        if (!soon)
            run->script = NULL;
    }
    if (run->worker) {
        enum operator_result result = auto_operator_tick(run->worker, run->rack, answer);
        if (result == OPERATOR_REFUSED)
            trouble(child, answer);
        if (result == OPERATOR_DONE)
            end_after(child, PAUSE_NS);
        if (result == OPERATOR_WAITS)
            soon = true;
        else
            run->worker = NULL;
    }
    return soon;
}

static void wait_for_something(const struct run_setup *run, int signal_fd, uint64_t timeout)
{
    struct pollfd fds[3 + CONTROL_CLIENTS] = {{signal_fd, POLLIN, 0}, {rack_event_fd(run->rack), POLLIN, 0}};
    nfds_t count = 2;
    if (run->control) {
        control_fds(run->control, fds + 2);
        count += 1 + CONTROL_CLIENTS;
    }
    struct timespec time = {(time_t)(timeout / SECOND), (long)(timeout % SECOND)};
    ppoll(fds, count, timeout == UINT64_MAX ? NULL : &time, NULL);
}

int run(const struct run_setup *setup)
{
    struct run_setup run = *setup;
    sigset_t set;
    signals(&set);
    int signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    struct child child = {.end_at = UINT64_MAX, .kill_at = UINT64_MAX};
    child.pid = signal_fd < 0 ? -1 : start(run.rack, run.command);
    if (child.pid < 0) {
        fprintf(stderr, "boardsim: cannot start a program: %s\n", strerror(errno));
        return RUN_TROUBLE;
    }
    for (bool ended = false; !ended;) {
        bool soon = work(&run, &child);
        if (run.control && control_tick(run.control, run.rack, &soon))
            end_after(&child, 0);
        make_end(&child);
        uint64_t timeout = rack_tick(run.rack); /* last: the others may have pressed buttons */
        if (soon || child.end_at != UINT64_MAX)
            timeout = timeout < LOOK_NS ? timeout : LOOK_NS;
        wait_for_something(&run, signal_fd, timeout);
        take_signals(signal_fd, &child, &ended);
    }
    close(signal_fd);
    if (child.trouble)
        return RUN_TROUBLE;
    return WIFSIGNALED(child.status) ? 128 + WTERMSIG(child.status) : WEXITSTATUS(child.status);
}
