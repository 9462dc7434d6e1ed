/* SPDX-License-Identifier: MIT */
/* An adapter at the end of a USB/IP connection, as the kernel speaks to it: transfers, what waits, what is given up. */
#include "tests/be32.h"
#include "tests/runner.h"
#include "tests/unit/boardsim/usb_host.h"
#include "tools/boardsim/usb/link.h"
#include "tools/boardsim/usb/pdu.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct usb_link *adapter;

/* Called once, in the middle of the next control request. */
static void (*meanwhile)(void);

/* What the link told, under the lock of told. */
static pthread_mutex_t told = PTHREAD_MUTEX_INITIALIZER;
static struct usb_port seen[USB_PORTS];
static bool listening[USB_PORTS];

static void changed(void *data, unsigned port, const struct usb_port *state)
{
    (void)data;
    pthread_mutex_lock(&told);
    seen[port] = *state;
    void (*call)(void) = meanwhile;
    meanwhile = NULL;
    pthread_mutex_unlock(&told);
    if (call)
        call();
}

static void listens(void *data, unsigned port, bool open)
{
    (void)data;
    pthread_mutex_lock(&told);
    listening[port] = open;
    pthread_mutex_unlock(&told);
}

static void moves(void *data, unsigned port)
{
    (void)data;
    (void)port;
}

static void plug(const char *kind)
{
    int ends[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    usb_host_start(ends[0]);
    struct usb_owner owner = {.changed = changed, .listens = listens, .moves = moves};
    memset(seen, 0, sizeof seen);
    memset(listening, 0, sizeof listening);
    adapter = usb_link_new(adapter_kind(kind), "0001", ends[1], &owner);
    ck_assert_ptr_nonnull(adapter);
}

static void unplug(void)
{
    usb_link_free(adapter);
    close(usb_host);
}

/* A control request that is answered has been taken wholly, and all before it too. */
static void settle(void)
{
    static const uint8_t get_status[8] = {0x80, 0, 0, 0, 0, 0, 2, 0};
    uint8_t data[8];
    uint32_t n;
    ck_assert_int_eq(usb_answer(usb_submit(0x80, get_status, NULL, 2), true, data, &n), 0);
}

static const uint8_t both_lines[8] = {0x41, 0x07, 0x03, 0x03};

START_TEST(control_requests_reach_the_lines)
{
    plug("cp2102n");
    uint32_t n;
    ck_assert_int_eq(usb_answer(usb_submit(0, both_lines, NULL, 0), false, NULL, &n), 0);
    pthread_mutex_lock(&told);
    ck_assert(seen[0].dtr && seen[0].rts);
    pthread_mutex_unlock(&told);
    static const uint8_t nonsense[8] = {0x41, 0x77};
    ck_assert_int_eq(usb_answer(usb_submit(0, nonsense, NULL, 0), false, NULL, &n), PDU_STALLED);
    /* A request that says it has other data than it has */
    static const uint8_t baud[8] = {0x41, 0x1e, 0, 0, 0, 0, 4, 0};
    ck_assert_int_eq(usb_answer(usb_submit(0, baud, "\x80", 1), false, NULL, &n), PDU_STALLED);
    ck_assert_int_eq(usb_answer(usb_submit(0, baud, "\x00\x10\x0e\x00", 4), false, NULL, &n), 0);
    ck_assert_uint_eq(n, 4);
    pthread_mutex_lock(&told);
    ck_assert_uint_eq(seen[0].baud, 24000000 / 26);
    pthread_mutex_unlock(&told);
    unplug();
}
END_TEST

START_TEST(bytes_from_the_host_wait_to_be_taken)
{
    plug("cp2102n");
    uint32_t first = usb_submit(0x02, NULL, "abcdef", 6);
    uint32_t second = usb_submit(0x02, NULL, "gh", 2);
    settle();
    uint8_t bytes[16];
    ck_assert_uint_eq(usb_link_take(adapter, 0, bytes, 4), 4);
    ck_assert(usb_silent());
    ck_assert_uint_eq(usb_link_take(adapter, 0, bytes + 4, 12), 4);
    ck_assert_mem_eq(bytes, "abcdefgh", 8);
    uint32_t n;
    ck_assert_int_eq(usb_answer(first, false, NULL, &n), 0);
    ck_assert_uint_eq(n, 6);
    ck_assert_int_eq(usb_answer(second, false, NULL, &n), 0);
    ck_assert_uint_eq(usb_link_take(adapter, 0, bytes, 16), 0);
    unplug();
}
END_TEST

START_TEST(bytes_for_the_host_go_into_waiting_transfers)
{
    plug("ft232r");
    ck_assert_uint_eq(usb_link_give(adapter, 0, (const uint8_t *)"x", 1), 0);
    uint32_t transfer = usb_submit(0x81, NULL, NULL, 64);
    settle();
    ck_assert(listening[0]);
    ck_assert_uint_eq(usb_link_give(adapter, 0, (const uint8_t *)"hello", 5), 5);
    uint8_t data[64];
    uint32_t n;
    ck_assert_int_eq(usb_answer(transfer, true, data, &n), 0);
    ck_assert_uint_eq(n, 7);
    ck_assert_mem_eq(data + 2, "hello", 5);
    unplug();
}
END_TEST

/* An adapter with a kernel's driver at it tells at once, with or without data. */
START_TEST(a_change_of_the_lines_that_come_in_is_told)
{
    plug("ft232r");
    uint8_t data[64];
    uint32_t n;
    uint32_t first = usb_submit(0x81, NULL, NULL, 64);
    uint32_t second = usb_submit(0x81, NULL, NULL, 64);
    settle();
    usb_link_set_inputs(adapter, 0, 0);
    ck_assert(usb_silent());
    usb_link_set_inputs(adapter, 0, USB_CTS);
    ck_assert_int_eq(usb_answer(first, true, data, &n), 0);
    ck_assert_uint_eq(n, 2);
    ck_assert_uint_eq(data[0], 0x11);
    ck_assert_uint_eq(usb_link_give(adapter, 0, (const uint8_t *)"x", 1), 1);
    ck_assert_int_eq(usb_answer(second, true, data, &n), 0);
    ck_assert_uint_eq(data[0], 0x11);
    /* No transfer waits: the next one is told. */
    usb_link_set_inputs(adapter, 0, 0);
    ck_assert_int_eq(usb_answer(usb_submit(0x81, NULL, NULL, 64), true, data, &n), 0);
    ck_assert_uint_eq(n, 2);
    ck_assert_uint_eq(data[0], 0x01);
    /* A stuck adapter tells when it is free again, and once. */
    usb_link_stick(adapter, true, false);
    first = usb_submit(0x81, NULL, NULL, 64);
    usb_submit(0x81, NULL, NULL, 64);
    usb_link_set_inputs(adapter, 0, USB_DCD);
    settle();
    ck_assert(usb_silent());
    usb_link_stick(adapter, false, false);
    ck_assert_int_eq(usb_answer(first, true, data, &n), 0);
    ck_assert_uint_eq(data[0], 0x81);
    ck_assert(usb_silent());
    unplug();

    plug("ch340");
    first = usb_submit(0x81, NULL, NULL, 8);
    second = usb_submit(0x82, NULL, NULL, 32);
    settle();
    usb_link_set_inputs(adapter, 0, USB_DSR);
    ck_assert_int_eq(usb_answer(first, true, data, &n), 0);
    ck_assert_uint_eq(n, 4);
    ck_assert_uint_eq(data[2] & 0x0f, 0x0d);
    usb_link_set_inputs(adapter, 0, 0);
    ck_assert_uint_eq(usb_link_give(adapter, 0, (const uint8_t *)"x", 1), 1);
    ck_assert_int_eq(usb_answer(second, true, data, &n), 0);
    ck_assert_int_eq(usb_answer(usb_submit(0x81, NULL, NULL, 8), true, data, &n), 0);
    ck_assert_uint_eq(data[2] & 0x0f, 0x0f);
    unplug();

    plug("cp2104"); /* which must be asked */
    usb_submit(0x82, NULL, NULL, 64);
    settle();
    usb_link_set_inputs(adapter, 0, USB_CTS);
    ck_assert(usb_silent());
    unplug();
}
END_TEST

static void unlink_it(uint32_t victim, int status)
{
    uint32_t n;
    ck_assert_int_eq(usb_answer(usb_unlink(victim), false, NULL, &n), status);
}

START_TEST(a_driver_that_unlinks_its_transfers_has_closed)
{
    plug("ft4232h");
    uint32_t other = usb_submit(0x81, NULL, NULL, 512);
    uint32_t first = usb_submit(0x85, NULL, NULL, 512);
    uint32_t second = usb_submit(0x85, NULL, NULL, 512);
    settle();
    ck_assert(listening[0] && listening[2] && !listening[1]);
    unlink_it(first, PDU_CONNRESET);
    ck_assert(listening[2]);
    unlink_it(second, PDU_CONNRESET);
    ck_assert(listening[0] && !listening[2]);
    ck_assert_uint_eq(usb_link_give(adapter, 2, (const uint8_t *)"x", 1), 0);
    unlink_it(first, PDU_OK); /* gone already */
    unlink_it(other, PDU_CONNRESET);
    unplug();
}
END_TEST

START_TEST(a_stuck_adapter_answers_when_it_is_free_again)
{
    plug("cp2102n");
    uint32_t n;
    uint8_t bytes[8];
    usb_link_stick(adapter, true, false);
    uint32_t transfer = usb_submit(0x02, NULL, "ab", 2);
    settle();
    ck_assert_uint_eq(usb_link_take(adapter, 0, bytes, 8), 0);
    usb_link_stick(adapter, false, true);
    ck_assert_uint_eq(usb_link_take(adapter, 0, bytes, 8), 2);
    ck_assert_int_eq(usb_answer(transfer, false, NULL, &n), 0);
    uint32_t request = usb_submit(0, both_lines, NULL, 0);
    uint32_t late = usb_submit(0x82, NULL, NULL, 64);
    unlink_it(late, PDU_CONNRESET); /* so the request has been met */
    ck_assert(usb_silent());
    usb_link_stick(adapter, false, false);
    ck_assert_int_eq(usb_answer(request, false, NULL, &n), 0);
    ck_assert(seen[0].dtr);
    unplug();
}
END_TEST

static uint32_t given_up;

static void give_up(void)
{
    unlink_it(given_up, PDU_CONNRESET);
}

/* The kernel drops the whole device if it gets an answer to what it was told is unlinked. */
START_TEST(a_request_that_is_unlinked_meanwhile_is_not_answered)
{
    plug("cp2102n");
    uint32_t n;
    usb_link_stick(adapter, true, true);
    given_up = usb_submit(0, both_lines, NULL, 0);
    static const uint8_t no_lines[8] = {0x41, 0x07, 0x00, 0x03};
    uint32_t last = usb_submit(0, no_lines, NULL, 0);
    settle();
    meanwhile = give_up;
    usb_link_stick(adapter, false, false);
    ck_assert_ptr_null(meanwhile);
    ck_assert_int_eq(usb_answer(last, false, NULL, &n), 0);
    settle();
    ck_assert(usb_silent());
    unplug();
}
END_TEST

/* Or it would not even be enumerated, and no driver would come to hang at it. */
START_TEST(a_stuck_adapter_answers_standard_requests)
{
    plug("ft232r");
    usb_link_stick(adapter, true, true);
    static const uint8_t get_descriptor[8] = {0x80, 6, 0, 1, 0, 0, 18, 0};
    static const uint8_t get_latency[8] = {0xc0, 0x0a, 0, 0, 0, 0, 1, 0};
    uint8_t data[18];
    uint32_t n;
    uint32_t latency = usb_submit(0x80, get_latency, NULL, 1);
    ck_assert_int_eq(usb_answer(usb_submit(0x80, get_descriptor, NULL, 18), true, data, &n), 0);
    ck_assert_uint_eq(n, 18);
    unlink_it(latency, PDU_CONNRESET);
    unplug();
}
END_TEST

/* Pulled with transfers waiting, after something that is no USB/IP, and by the host: nothing is left, nothing hangs. */
START_TEST(a_connection_may_end_in_any_way)
{
    plug("ch340");
    usb_submit(0x81, NULL, NULL, 8);
    usb_submit(0x02, NULL, "abc", 3);
    settle();
    unplug();
    plug("ch340");
    uint8_t garbage[PDU_HEADER];
    memset(garbage, 0xff, sizeof garbage);
    ck_assert_int_eq(send(usb_host, garbage, sizeof garbage, 0), PDU_HEADER);
    unplug();
    plug("ch340");
    shutdown(usb_host, SHUT_RDWR);
    ck_assert_uint_eq(usb_link_give(adapter, 0, (const uint8_t *)"x", 1), 0);
    unplug();
    plug("ch340");
    usb_submit(0x82, NULL, NULL, 32);
    shutdown(usb_host, SHUT_RDWR); /* and what it has sent before is taken */
    usb_link_free_ended(adapter);
    close(usb_host);
    ck_assert(listening[0]);
}
END_TEST

START_TEST(a_pdu_in_pieces)
{
    uint8_t bytes[PDU_HEADER + 4] = {0};
    struct pdu pdu;
    put_be32(bytes, 1);
    put_be32(bytes + 16, 2);
    put_be32(bytes + 24, 4);
    for (size_t n = 0; n < sizeof bytes; n++)
        ck_assert_int_eq(pdu_read(bytes, n, &pdu), 0);
    ck_assert_int_eq(pdu_read(bytes, sizeof bytes, &pdu), sizeof bytes);
    ck_assert_uint_eq(pdu.length, 4);
    ck_assert_ptr_eq(pdu.data, bytes + PDU_HEADER);
    put_be32(bytes + 24, PDU_DATA + 1);
    ck_assert_int_eq(pdu_read(bytes, sizeof bytes, &pdu), -1);
    put_be32(bytes + 24, 0);
    put_be32(bytes + 16, 16);
    ck_assert_int_eq(pdu_read(bytes, sizeof bytes, &pdu), -1);
    put_be32(bytes, 9);
    ck_assert_int_eq(pdu_read(bytes, sizeof bytes, &pdu), -1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("usb_link");
    TCase *tcase = tcase_create("usb_link");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, control_requests_reach_the_lines);
    tcase_add_test(tcase, bytes_from_the_host_wait_to_be_taken);
    tcase_add_test(tcase, bytes_for_the_host_go_into_waiting_transfers);
    tcase_add_test(tcase, a_change_of_the_lines_that_come_in_is_told);
    tcase_add_test(tcase, a_driver_that_unlinks_its_transfers_has_closed);
    tcase_add_test(tcase, a_stuck_adapter_answers_when_it_is_free_again);
    tcase_add_test(tcase, a_request_that_is_unlinked_meanwhile_is_not_answered);
    tcase_add_test(tcase, a_stuck_adapter_answers_standard_requests);
    tcase_add_test(tcase, a_connection_may_end_in_any_way);
    tcase_add_test(tcase, a_pdu_in_pieces);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
