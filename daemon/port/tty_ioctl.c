/* SPDX-License-Identifier: MIT */
#include "daemon/port/tty_ioctl.h"

#include <asm/termbits.h>
#include <errno.h>
#include <linux/serial.h>
#include <sys/ioctl.h>

/* A UART samples the last bit of a frame 9.5 bit times after its start; 3 % from each side still hits it. */
#define TOLERANCE_PERCENT 3

/* Only a CP210x with AN205's table makes one of the other. */
#define TABLE_ASKED 74880
#define TABLE_READ  76800
#define TABLE_MAX   921600

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

static bool is_close(uint32_t chosen, uint32_t baud)
{
    uint32_t off = chosen > baud ? chosen - baud : baud - chosen;
    return (uint64_t)off * 100 <= (uint64_t)baud * TOLERANCE_PERCENT;
}

/* ch341 and cp210x do not send a rate that is set already: an adapter that has lost it would go on without. So the rate
 * is another one first. */
static int leave_rate(int fd, const struct termios2 *settings, uint32_t baud)
{
    struct termios2 other = *settings;
    set_speed(&other, baud / 2);
    return result(ioctl(fd, TCSETS2, &other));
}

/* `before`: the rate that was set. */
static int apply(int fd, const struct termios2 *settings, uint32_t baud, uint32_t before)
{
    struct termios2 chosen;
    int error = before == baud ? leave_rate(fd, settings, baud) : 0;
    if (error)
        return error;
    if (ioctl(fd, TCSETS2, settings) || ioctl(fd, TCGETS2, &chosen))
        return -errno;
    return is_close(chosen.c_ospeed, baud) ? 0 : why_other_rate(fd);
}

int tty_ioctl_raw(int fd, uint32_t baud)
{
    struct termios2 settings;
    if (ioctl(fd, TCGETS2, &settings))
        return -errno;
    uint32_t before = settings.c_ospeed;
    settings.c_iflag = IGNBRK;
    settings.c_oflag = 0;
    settings.c_lflag = 0;
    settings.c_cflag = CS8 | CREAD | CLOCAL;
    /* With VMIN 0 a read without data would look like a hang-up. */
    settings.c_cc[VMIN] = 1;
    settings.c_cc[VTIME] = 0;
    set_speed(&settings, baud);
    return apply(fd, &settings, baud, before);
}

int tty_ioctl_baud(int fd, uint32_t baud)
{
    struct termios2 settings;
    if (ioctl(fd, TCGETS2, &settings))
        return -errno;
    uint32_t before = settings.c_ospeed;
    set_speed(&settings, baud);
    return apply(fd, &settings, baud, before);
}

/* What is read back for `baud`: 0 if the driver refuses the request. A negative errno if the port fails. */
static int ask(int fd, struct termios2 *settings, uint32_t baud, uint32_t *chosen)
{
    set_speed(settings, baud);
    *chosen = 0;
    if (ioctl(fd, TCSETS2, settings))
        return errno == EINVAL ? 0 : -errno;
    struct termios2 read_back;
    if (ioctl(fd, TCGETS2, &read_back))
        return -errno;
    *chosen = read_back.c_ospeed;
    return 0;
}

int tty_ioctl_rates(int fd, const uint32_t *rates, size_t n, uint32_t baud, uint32_t *possible)
{
    struct termios2 settings;
    uint32_t chosen;
    if (ioctl(fd, TCGETS2, &settings))
        return -errno;
    int error = ask(fd, &settings, TABLE_ASKED, &chosen);
    uint32_t most = chosen == TABLE_READ ? TABLE_MAX : UINT32_MAX;
    *possible = 0;
    for (size_t i = 0; i < n && !error; i++) {
        error = ask(fd, &settings, rates[i], &chosen);
        if (!error && is_close(chosen, rates[i]) && (rates[i] <= most || is_close(most, rates[i])))
            *possible |= UINT32_C(1) << i;
    }
    return error ? error : tty_ioctl_baud(fd, baud);
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

void tty_ioctl_low_latency(int fd)
{
    struct serial_struct serial = {0};
    if (ioctl(fd, TIOCGSERIAL, &serial) || (serial.flags & (int)ASYNC_LOW_LATENCY))
        return;
    serial.flags |= (int)ASYNC_LOW_LATENCY;
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
