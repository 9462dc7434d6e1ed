/* SPDX-License-Identifier: MIT */
#include "tools/boardsim/usb/vhci.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define HOME "/sys/devices/platform/vhci_hcd.0"

#define BUSY_MS 2000

/* enum usb_device_speed of the kernel */
enum { FULL_SPEED = 2, HIGH_SPEED = 3 };

/* Each controller has as many ports for USB 2 devices as for USB 3 ones, which follow them. */
static unsigned controllers, ports_each;

static int read_number(const char *path)
{
    char text[16] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    return n > 0 ? atoi(text) : -1;
}

static int write_line(const char *path, const char *line)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t n = write(fd, line, strlen(line));
    int cause = errno;
    close(fd);
    errno = cause;
    return n < 0 ? -1 : 0;
}

/* The bus whose root hub is the i-th controller's for USB 2. */
static int bus_of(unsigned controller)
{
    char path[64];
    snprintf(path, sizeof path, "/sys/devices/platform/vhci_hcd.%u", controller);
    DIR *dir = opendir(path);
    int lowest = -1;
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        int bus = strncmp(entry->d_name, "usb", 3) == 0 ? atoi(entry->d_name + 3) : 0;
        if (bus > 0 && (lowest < 0 || bus < lowest))
            lowest = bus;
    }
    if (dir)
        closedir(dir);
    return lowest;
}

int vhci_open(char *error, size_t size)
{
    if (access(HOME, F_OK) != 0 && system("modprobe vhci-hcd") != 0) {
        snprintf(error, size, "the module vhci-hcd cannot be loaded");
        return -1;
    }
    struct stat status;
    char path[64];
    do
        snprintf(path, sizeof path, "/sys/devices/platform/vhci_hcd.%u", ++controllers);
    while (stat(path, &status) == 0);
    int ports = read_number(HOME "/nports");
    if (ports <= 0 || access(HOME "/attach", W_OK) != 0) {
        snprintf(error, size, HOME "/attach: %s", strerror(errno));
        return -1;
    }
    ports_each = (unsigned)ports / controllers / 2;
    return 0;
}

int vhci_attach(unsigned n, bool high_speed, unsigned *port)
{
    if (n >= controllers * ports_each) {
        errno = ENOSPC;
        return -1;
    }
    int sockets[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0)
        return -1;
    *port = n % controllers * 2 * ports_each + n / controllers;
    /* The device id is bus and number on the machine that exports it; any will do. */
    char line[64];
    snprintf(line, sizeof line, "%u %d %u %d", *port, sockets[0], 0x10000u + *port,
             high_speed ? HIGH_SPEED : FULL_SPEED);
    int result = write_line(HOME "/attach", line);
    /* A port is not free at once when what was there has gone. */
    for (unsigned i = 0; result != 0 && errno == EBUSY && i < BUSY_MS; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        result = write_line(HOME "/attach", line);
    }
    int cause = errno;
    close(sockets[0]); /* the kernel has it */
    if (result == 0)
        return sockets[1];
    close(sockets[1]);
    errno = cause;
    return -1;
}

int vhci_detach(unsigned port)
{
    char line[16];
    snprintf(line, sizeof line, "%u", port);
    return write_line(HOME "/detach", line);
}

void vhci_name(unsigned port, char *name, size_t size)
{
    snprintf(name, size, "%d-%u", bus_of(port / (2 * ports_each)), port % (2 * ports_each) + 1);
}

int vhci_tty(unsigned port, unsigned interface)
{
    char name[32];
    char path[96];
    vhci_name(port, name, sizeof name);
    snprintf(path, sizeof path, "/sys/bus/usb/devices/%s:1.%u", name, interface);
    DIR *dir = opendir(path);
    int number = -1;
    for (struct dirent *entry; dir && (entry = readdir(dir));)
        if (strncmp(entry->d_name, "ttyUSB", 6) == 0)
            number = atoi(entry->d_name + 6);
    if (dir)
        closedir(dir);
    /* The port comes first; it has its tty when the driver has got to know the chip. */
    char tty[160];
    snprintf(tty, sizeof tty, "%s/ttyUSB%d/tty/ttyUSB%d", path, number, number);
    return number >= 0 && access(tty, F_OK) == 0 ? number : -1;
}
