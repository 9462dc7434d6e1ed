/* SPDX-License-Identifier: MIT */
#include "daemon/port/tty_open.h"

#include "daemon/base/utf8.h"
#include "daemon/port/holder.h"
#include "daemon/port/port_close.h"
#include "daemon/port/tty_ioctl.h"
#include "proto/link/text.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* The ROM loader's first words come at whatever rate we choose; this one every adapter can do. */
#define FIRST_BAUD 115200

void tty_trouble_init(struct tty_trouble *trouble, const char *devnode)
{
    *trouble = (struct tty_trouble){.cause = CAUSE_NONE};
    utf8_copy(trouble->devnode, sizeof(trouble->devnode), devnode);
}

void tty_trouble_set(struct tty_trouble *trouble, enum cause cause, const char *format, ...)
{
    char words[256], text[512];
    va_list arguments;
    va_start(arguments, format);
    text_vprint(words, sizeof(words), format, arguments);
    va_end(arguments);
    text_print(text, sizeof(text), "%s %s", trouble->devnode, words);
    trouble->cause = cause;
    utf8_copy(trouble->detail, sizeof(trouble->detail), text);
}

static void explain_busy(struct tty_trouble *trouble)
{
    char who[128];
    if (port_holder_find(trouble->devnode, true, who, sizeof(who)))
        tty_trouble_set(trouble, CAUSE_PORT_BUSY, "is held by %s", who);
    else
        tty_trouble_set(trouble, CAUSE_PORT_BUSY, "is held by another user's program: \"sudo fuser -v %s\" names it",
                        trouble->devnode);
}

static void explain_forbidden(struct tty_trouble *trouble, int error)
{
    struct stat node;
    struct group group, *found = NULL;
    char names[4096];
    if (error == EPERM)
        tty_trouble_set(trouble, CAUSE_PORT_FORBIDDEN,
                        "is not among the devices that the system allows gangd "
                        "(DeviceAllow in gangd.service)");
    else if (stat(trouble->devnode, &node))
        tty_trouble_set(trouble, CAUSE_PORT_FORBIDDEN, "may not be opened: %s", strerror(error));
    else if ((node.st_mode & 0060) != 0060)
        tty_trouble_set(trouble, CAUSE_PORT_FORBIDDEN, "has mode %04o: only its owner may open it",
                        (unsigned)node.st_mode & 07777);
    else if (getgrgid_r(node.st_gid, &group, names, sizeof(names), &found) == 0 && found)
        tty_trouble_set(trouble, CAUSE_PORT_FORBIDDEN, "needs gangd's user to be in group %s", group.gr_name);
    else
        tty_trouble_set(trouble, CAUSE_PORT_FORBIDDEN, "needs gangd's user to be in group %u", (unsigned)node.st_gid);
}

/* `step` could not be done. Returns `error`, negative. */
static int explain(struct tty_trouble *trouble, const char *step, int error)
{
    switch (-error) {
    case EBUSY:
    case EWOULDBLOCK: explain_busy(trouble); break;
    case EACCES:
    case EPERM: explain_forbidden(trouble, -error); break;
    case ENOENT:
    case ENXIO:
    case ENODEV: tty_trouble_set(trouble, CAUSE_UNPLUGGED, "is no longer there"); break;
    case ETIMEDOUT: tty_trouble_set(trouble, CAUSE_ADAPTER_STUCK, "%s: %s", step, strerror(-error)); break;
    default: tty_trouble_set(trouble, CAUSE_ADAPTER_ERROR, "%s: %s", step, strerror(-error)); break;
    }
    return error;
}

void tty_name_intruder(const char *devnode, char *detail, size_t size)
{
    char who[128], text[512];
    bool found = port_intruder_find(devnode, who, sizeof(who));
    snprintf(text, sizeof(text), "%s was opened by %s", devnode, found ? who : "another program");
    utf8_copy(detail, size, text);
}

/* Some terminals have no modem lines. Boards whose buttons a person presses need none. */
static int release_lines(int fd)
{
    int error = tty_ioctl_lines(fd, false, false);
    return error == -ENOTTY || error == -EINVAL ? 0 : error;
}

int tty_open_port(const char *devnode, int *fd, struct tty_ladder *ladder, struct tty_trouble *trouble)
{
    int port = open(devnode, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (port < 0)
        return explain(trouble, "cannot be opened", -errno);

    int error = 0;
    const char *step = "cannot be locked";
    char who[128];
    if (flock(port, LOCK_EX | LOCK_NB)) {
        error = -errno;
    } else if (port_holder_find(devnode, false, who, sizeof(who))) {
        /* Without a lock, but two readers of one terminal steal each other's bytes. */
        tty_trouble_set(trouble, CAUSE_PORT_BUSY, "is held by %s", who);
        port_close(port);
        return -EBUSY;
    }
    if (!error) {
        step = "cannot be opened exclusively";
        error = tty_ioctl_exclusive(port);
    }
    if (!error) {
        /* Before anything that a stuck adapter can fail in, for then comes a close. */
        tty_ioctl_no_closing_wait(port);
        tty_ioctl_low_latency(port); /* where the udev rule has not run */
        step = "refuses to set its modem lines";
        error = release_lines(port);
    }
    if (!error) {
        step = "refuses its settings";
        error = tty_ioctl_raw(port, FIRST_BAUD);
    }
    if (!error && ladder->n > 0) {
        step = "refuses to be asked for its rates";
        error = tty_ioctl_rates(port, ladder->bauds, ladder->n, FIRST_BAUD, &ladder->possible);
    }
    if (!error) {
        step = "cannot be flushed";
        error = tty_ioctl_discard_input(port);
    }
    if (error) {
        explain(trouble, step, error);
        port_close(port);
        return error;
    }
    *fd = port;
    return 0;
}
