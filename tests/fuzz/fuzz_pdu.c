/* SPDX-License-Identifier: MIT */
/*
 * Data that a host may send to a USB adapter over USB/IP: transfers to any endpoint, any control request, unlinked
 * transfers. The first byte selects the adapter, and whether it is stuck; the rest is the stream. Each transfer is
 * answered at most once, with at most as many bytes as it has room for; an unlinked one is not answered. */
#include "tests/be32.h"
#include "tools/boardsim/usb/link.h"
#include "tools/boardsim/usb/pdu.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define STREAM 4096 /* fits into a socket's buffer */
#define PDUS   (STREAM / PDU_HEADER)
#define MARK   0xffffffffu

struct sent {
    struct pdu pdu;
    bool answered;
};

static struct {
    struct usb_link *link;
    int host;
    struct sent sent[PDUS];
    size_t count;
    bool has_twins; /* two of one number: who is meant cannot be told */
} fuzzed;

static void require(bool condition)
{
    if (!condition)
        abort();
}

/* The owner sends the received bytes back. */

static void changed(void *data, unsigned port, const struct usb_port *state)
{
    (void)data;
    require(port < USB_PORTS && state->latency_us > 0);
}

static void listens(void *data, unsigned port, bool open)
{
    (void)data;
    (void)open;
    require(port < USB_PORTS);
}

static void moves(void *data, unsigned port)
{
    (void)data;
    uint8_t bytes[100];
    size_t n = usb_link_take(fuzzed.link, port, bytes, sizeof bytes);
    require(n <= sizeof bytes);
    require(usb_link_give(fuzzed.link, port, bytes, n) <= n);
}

static struct sent *find(uint32_t number)
{
    for (size_t i = 0; i < fuzzed.count; i++)
        if (fuzzed.sent[i].pdu.number == number)
            return &fuzzed.sent[i];
    return NULL;
}

/* Returns how many bytes of the stream are whole PDUs. */
static size_t read_stream(const uint8_t *bytes, size_t n)
{
    size_t at = 0;
    long length;
    struct pdu pdu;
    fuzzed.count = 0;
    fuzzed.has_twins = false;
    while ((length = pdu_read(bytes + at, n - at, &pdu)) > 0) {
        require((size_t)length <= n - at && pdu.endpoint < 16 && pdu.length <= PDU_DATA);
        require(!pdu.data || (pdu.data >= bytes + at && pdu.data + pdu.length <= bytes + n));
        fuzzed.has_twins = fuzzed.has_twins || pdu.number == MARK || find(pdu.number);
        fuzzed.sent[fuzzed.count++] = (struct sent){.pdu = pdu};
        at += (size_t)length;
    }
    return at;
}

/* The number of bytes after the header of an answer. */
static uint32_t check_answer(const uint8_t *header)
{
    uint32_t command = get_be32(header);
    int status = (int)get_be32(header + 20);
    uint32_t moved = get_be32(header + 24);
    struct sent *sent = find(get_be32(header + 4));
    require(command == 3 || command == 4);
    require(sent && !sent->answered);
    sent->answered = true;
    require(sent->pdu.unlink == (command == 4));
    if (command == 4) {
        struct sent *victim = find(sent->pdu.victim);
        require(status == PDU_OK || status == PDU_CONNRESET);
        if (status == PDU_CONNRESET) {
            require(victim && !victim->answered && !victim->pdu.unlink);
            victim->answered = true;
        }
        return 0;
    }
    require(status == PDU_OK || (status == PDU_STALLED && moved == 0));
    require(moved <= sent->pdu.length);
    return sent->pdu.in ? moved : 0;
}

/* Reads exactly n bytes; false if there are none. Continues after EINTR, because the fuzzer's alarm may interrupt. */
static bool receive(uint8_t *bytes, size_t n, bool wait)
{
    for (size_t used = 0; used < n;) {
        ssize_t got = recv(fuzzed.host, bytes + used, n - used, wait || used ? 0 : MSG_DONTWAIT);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && errno == EAGAIN && used == 0)
            return false;
        require(got > 0);
        used += (size_t)got;
    }
    return true;
}

/* Reads answers: up to the one to the mark, or all that are available. */
static void read_answers(bool to_mark)
{
    static uint8_t data[PDU_DATA];
    uint8_t header[PDU_HEADER];
    while (receive(header, sizeof header, to_mark)) {
        bool is_mark = to_mark && get_be32(header + 4) == MARK;
        receive(data, is_mark ? get_be32(header + 24) : check_answer(header), true);
        if (is_mark)
            return;
    }
}

static void send_bytes(const uint8_t *bytes, size_t n)
{
    while (n) {
        ssize_t sent = send(fuzzed.host, bytes, n, MSG_NOSIGNAL);
        require(sent >= 0 || errno == EINTR);
        bytes += sent > 0 ? sent : 0;
        n -= sent > 0 ? (size_t)sent : 0;
    }
}

static void send_mark(void)
{
    static const uint8_t get_status[8] = {0x80, 0, 0, 0, 0, 0, 2, 0};
    uint8_t pdu[PDU_HEADER] = {0};
    put_be32(pdu, 1);
    put_be32(pdu + 4, MARK);
    put_be32(pdu + 12, 1);
    put_be32(pdu + 24, 2);
    memcpy(pdu + 40, get_status, sizeof get_status);
    send_bytes(pdu, sizeof pdu);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > STREAM)
        return 0;
    const struct adapter_kind *kind = adapter_kind_at(data[0] & 7);
    if (!kind)
        return 0;
    unsigned how = data[0] >> 3;
    const uint8_t *stream = data + 1;
    size_t n = size - 1;
    size_t whole = read_stream(stream, n);
    if (fuzzed.has_twins)
        return 0;

    int ends[2];
    require(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    fuzzed.host = ends[0];
    const struct usb_owner owner = {.changed = changed, .listens = listens, .moves = moves};
    char serial[ADAPTER_SERIAL];
    adapter_kind_serial(kind, 1, how, serial);
    fuzzed.link = usb_link_new(kind, serial, ends[1], &owner);
    require(fuzzed.link);
    usb_link_stick(fuzzed.link, how & 1, how & 2);
    usb_link_set_inputs(fuzzed.link, 0, how >> 2 & (USB_CTS | USB_DSR));

    send_bytes(stream, whole);
    send_mark();
    read_answers(true);
    usb_link_stick(fuzzed.link, false, false);
    read_answers(false);
    send_bytes(stream + whole, n - whole);
    shutdown(fuzzed.host, SHUT_WR);
    usb_link_free_ended(fuzzed.link);
    close(fuzzed.host);
    return 0;
}
