/* SPDX-License-Identifier: MIT */
#include "tests/unit/boardsim/usb_host.h"

#include "tests/be32.h"
#include "tools/boardsim/usb/pdu.h"

#include <check.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

enum { SUBMIT = 1, UNLINK, RETURN_SUBMIT };

int usb_host;
static uint32_t number;

void usb_host_start(int socket)
{
    usb_host = socket;
    setsockopt(usb_host, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){.tv_sec = 20}, sizeof(struct timeval));
}

uint32_t usb_submit(uint8_t address, const uint8_t *setup, const void *data, uint32_t n)
{
    uint8_t pdu[PDU_HEADER + 256] = {0};
    bool in = address & 0x80;
    put_be32(pdu, SUBMIT);
    put_be32(pdu + 4, ++number);
    put_be32(pdu + 12, in);
    put_be32(pdu + 16, address & 0x0fu);
    put_be32(pdu + 24, n);
    if (setup)
        memcpy(pdu + 40, setup, 8);
    if (data && n)
        memcpy(pdu + PDU_HEADER, data, n);
    size_t length = PDU_HEADER + (in ? 0 : n);
    ck_assert_int_eq(send(usb_host, pdu, length, 0), (ssize_t)length);
    return number;
}

uint32_t usb_unlink(uint32_t victim)
{
    uint8_t pdu[PDU_HEADER] = {0};
    put_be32(pdu, UNLINK);
    put_be32(pdu + 4, ++number);
    put_be32(pdu + 20, victim);
    ck_assert_int_eq(send(usb_host, pdu, sizeof pdu, 0), PDU_HEADER);
    return number;
}

int usb_answer(uint32_t to, bool in, uint8_t *data, uint32_t *n)
{
    uint8_t header[PDU_HEADER];
    ck_assert_int_eq(recv(usb_host, header, sizeof header, MSG_WAITALL), PDU_HEADER);
    ck_assert_uint_eq(get_be32(header + 4), to);
    *n = get_be32(header) == RETURN_SUBMIT ? get_be32(header + 24) : 0;
    if (in && *n)
        ck_assert_int_eq(recv(usb_host, data, *n, MSG_WAITALL), (ssize_t)*n);
    return (int)get_be32(header + 20);
}

bool usb_silent(void)
{
    uint8_t byte;
    return recv(usb_host, &byte, 1, MSG_DONTWAIT | MSG_PEEK) < 0;
}
