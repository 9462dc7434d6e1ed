/* SPDX-License-Identifier: MIT */
#include "daemon/port/tty_ioctl.h"

#include <asm/termbits.h>
#include <errno.h>
#include <linux/serial.h>
#include <sys/ioctl.h>

/* A UART samples the last bit of a frame 9.5 bit times after its start; 3 % from each side still hits it. */
#define TOLERANCE_PERCENT 3

static int result(int status)
{
    return status ? -errno : 0;
}

static void set_speed(struct termios2 *settings, uint32_t baud)
{
    /* No rate in the CIBAUD bits: input runs at the speed of output. */
    settings->c_cflag = (settings->c_cflag & ~(tcflag_t)(CBAUD | CIBAUD)) | BOTHER;
    settings->c_ispeed = baud;
    settings->c_ospeed = baud;
}

/* Of an adapter that does not answer ch341's driver keeps the old rate, and tells no error; of its lines it does. */
static int why_other_rate(int fd)
{
    int lines;
    return ioctl(fd, TIOCMGET, &lines) == 0 && ioctl(fd, TIOCMSET, &lines) != 0 && errno == ETIMEDOUT ? -ETIMEDOUT
                                                                                                      : -ERANGE;
}

static int apply(int fd, const struct termios2 *settings, uint32_t baud)
{
    struct termios2 chosen;
    if (ioctl(fd, TCSETS2, settings) || ioctl(fd, TCGETS2, &chosen))
        return -errno;
    uint32_t off = chosen.c_ospeed > baud ? chosen.c_ospeed - baud : baud - chosen.c_ospeed;
    return (uint64_t)off * 100 > (uint64_t)baud * TOLERANCE_PERCENT ? why_other_rate(fd) : 0;
}

int tty_ioctl_raw(int fd, uint32_t baud)
{
    struct termios2 settings;
    if (ioctl(fd, TCGETS2, &settings))
        return -errno;
    settings.c_iflag = IGNBRK;
    settings.c_oflag = 0;
    settings.c_lflag = 0;
    settings.c_cflag = CS8 | CREAD | CLOCAL;
    /* With VMIN 0 a read without data would look like a hang-up. */
    settings.c_cc[VMIN] = 1;
    settings.c_cc[VTIME] = 0;
    set_speed(&settings, baud);
    return apply(fd, &settings, baud);
}

int tty_ioctl_baud(int fd, uint32_t baud)
{
    struct termios2 settings;
    if (ioctl(fd, TCGETS2, &settings))
        return -errno;
    set_speed(&settings, baud);
    return apply(fd, &settings, baud);
}

int tty_ioctl_lines(int fd, bool dtr, bool rts)
{
    int lines = (dtr ? TIOCM_DTR : 0) | (rts ? TIOCM_RTS : 0);
    return result(ioctl(fd, TIOCMSET, &lines));
}

int tty_ioctl_modem(int fd, unsigned *lines)
{
    int seen = 0;
    if (ioctl(fd, TIOCMGET, &seen))
        return -errno;
    *lines = (unsigned)seen;
    return 0;
}

int tty_ioctl_exclusive(int fd)
{
    return result(ioctl(fd, TIOCEXCL));
}

void tty_ioctl_no_closing_wait(int fd)
{
    struct serial_struct serial = {0};
    if (ioctl(fd, TIOCGSERIAL, &serial))
        return;
    serial.closing_wait = ASYNC_CLOSING_WAIT_NONE;
    (void)ioctl(fd, TIOCSSERIAL, &serial);
}

int tty_ioctl_discard_input(int fd)
{
    return result(ioctl(fd, TCFLSH, TCIFLUSH));
}

int tty_ioctl_discard_output(int fd)
{
    return result(ioctl(fd, TCFLSH, TCOFLUSH));
}
