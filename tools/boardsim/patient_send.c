/* SPDX-License-Identifier: MIT */
/*
 * umockdev (0.17.16) sends each uevent to the programs in its test bed without waiting, and ends this process when one
 * of them has ten unread (net.unix.max_dgram_qlen). A busy machine is enough for that. So this program has a sendmsg()
 * in front of libc's that waits for a datagram's receiver. The linker gives it that name (rules.mk).
 */
#include <errno.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

ssize_t patient_sendmsg(int fd, const struct msghdr *message, int flags);

#define WAIT_US  1000u
#define PATIENCE 10000u /* waits: 10 s */

static bool receiver_is_full(int fd)
{
    int type;
    socklen_t size = sizeof type;

    return errno == EAGAIN && getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_DGRAM;
}

ssize_t patient_sendmsg(int fd, const struct msghdr *message, int flags)
{
    ssize_t n = syscall(SYS_sendmsg, fd, message, flags);

    for (unsigned i = 0; n < 0 && i < PATIENCE && receiver_is_full(fd); i++) {
        usleep(WAIT_US);
        n = syscall(SYS_sendmsg, fd, message, flags);
    }
    return n;
}
