/* SPDX-License-Identifier: MIT */
#include "tools/boardsim/pty.h"

#include <asm/termbits.h> /* termios2; excludes <termios.h> */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct pty {
    const struct adapter_kind *kind;
    int master, slave;
    char tty[64];
};

/* A pty whose slave stays open here, so that the master is usable before and after the host has it open. Starts out
 * like a port of the kernel's usb-serial drivers. */
static int pty_open(struct pty *pty)
{
    pty->master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (pty->master < 0)
        return -1;
    if (grantpt(pty->master) != 0 || unlockpt(pty->master) != 0 ||
        ptsname_r(pty->master, pty->tty, sizeof pty->tty) != 0)
        return -1;
    /* Not by open(): umockdev's preload would count that as one more of the 50 devices that it can keep track of.
     * For writing only: who has a port open for reading takes bytes from the host, and is a reason to call it busy. */
    pty->slave = ioctl(pty->master, TIOCGPTPEER, O_WRONLY | O_NOCTTY | O_CLOEXEC);
    if (pty->slave < 0)
        return -1;
    struct termios2 tio;
    if (ioctl(pty->slave, TCGETS2, &tio) != 0)
        return -1;
    tio.c_cflag = (tio.c_cflag & ~(tcflag_t)CBAUD) | B9600 | HUPCL | CLOCAL;
    tio.c_ispeed = tio.c_ospeed = 9600;
    return ioctl(pty->slave, TCSETS2, &tio);
}

static ssize_t take(void *data, uint8_t *bytes, size_t room)
{
    struct pty *pty = data;
    ssize_t n = read(pty->master, bytes, room);
    return n < 0 && errno == EAGAIN ? 0 : n == 0 ? -1 : n;
}

static size_t give(void *data, const uint8_t *bytes, size_t n)
{
    struct pty *pty = data;
    ssize_t written = write(pty->master, bytes, n);
    return written > 0 ? (size_t)written : 0;
}

/* Whatever speed the host has set: seen on the master side. */
static uint32_t baud(void *data, uint32_t max)
{
    struct pty *pty = data;
    struct termios2 tio;
    if (ioctl(pty->master, TCGETS2, &tio) != 0 || tio.c_ospeed == 0)
        return 0;
    return adapter_kind_baud(pty->kind, tio.c_ospeed, max);
}

static void hang_up(void *data)
{
    struct pty *pty = data;
    if (pty->slave >= 0)
        close(pty->slave);
    if (pty->master >= 0)
        close(pty->master);
    free(pty);
}

struct pty *pty_new(const struct adapter_kind *kind, struct sim_adapter_host *host)
{
    struct pty *pty = calloc(1, sizeof *pty);
    if (!pty)
        return NULL;
    pty->kind = kind;
    pty->master = pty->slave = -1;
    if (pty_open(pty) != 0) {
        int cause = errno;
        hang_up(pty);
        errno = cause;
        return NULL;
    }
    *host = (struct sim_adapter_host){
        .data = pty, .fd = pty->master, .take = take, .give = give, .baud = baud, .free = hang_up};
    return pty;
}

const char *pty_name(const struct pty *pty)
{
    return pty->tty;
}

bool pty_hups(const struct pty *pty)
{
    struct termios2 tio;
    return ioctl(pty->slave, TCGETS2, &tio) == 0 && (tio.c_cflag & HUPCL);
}

void pty_show_baud(struct pty *pty, uint32_t max)
{
    if (!pty->kind->shows_rounded_baud)
        return;
    struct termios2 tio;
    if (ioctl(pty->slave, TCGETS2, &tio) != 0 || tio.c_ospeed == 0)
        return;
    tio.c_ispeed = tio.c_ospeed = adapter_kind_shown_baud(pty->kind, tio.c_ospeed, max);
    tio.c_cflag = (tio.c_cflag & ~(tcflag_t)CBAUD) | BOTHER;
    ioctl(pty->slave, TCSETS2, &tio);
}

void pty_flush(struct pty *pty)
{
    ioctl(pty->slave, TCFLSH, TCIFLUSH);
}

void pty_closed(struct pty *pty)
{
    ioctl(pty->slave, TIOCNXCL);
    pty_flush(pty);
}
