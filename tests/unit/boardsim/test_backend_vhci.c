/* SPDX-License-Identifier: MIT */
/* The back end with a real kernel, at controllers that are played here: this test is the kernel. */
#include "tests/runner.h"
#include "tests/unit/boardsim/usb_host.h"
#include "tools/boardsim/backend.h"
#include "tools/boardsim/usb/vhci.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* The last device that was attached. */
static unsigned attached, detached;
static bool is_fast, is_full;

int vhci_open(char *error, size_t size)
{
    (void)error;
    (void)size;
    attached = detached = 0;
    is_full = false;
    return 0;
}

int vhci_attach(unsigned n, bool high_speed, unsigned *port)
{
    int ends[2];
    if (is_full) {
        errno = ENOSPC;
        return -1;
    }
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    usb_host_start(ends[0]);
    attached++;
    is_fast = high_speed;
    *port = 100 + n;
    return ends[1];
}

int vhci_detach(unsigned port)
{
    detached = port;
    return shutdown(usb_host, SHUT_RDWR);
}

void vhci_name(unsigned port, char *name, size_t size)
{
    snprintf(name, size, "3-%u", port);
}

int vhci_tty(unsigned port, unsigned interface)
{
    return (int)(port * 10 + interface);
}

static struct backend *backend;
static int events;

static void open_backend(void)
{
    char error[64];
    events = eventfd(0, EFD_CLOEXEC);
    backend = backend_vhci.open(error, sizeof error);
    ck_assert_ptr_nonnull(backend);
}

static void close_backend(void)
{
    close(usb_host);
    backend_vhci.close(backend);
    close(events);
}

static struct sim_adapter *make(const char *kind)
{
    struct sim_adapter *adapter = backend_vhci.adapter(backend, adapter_kind(kind), events);
    ck_assert_ptr_nonnull(adapter);
    return adapter;
}

static int plug(struct sim_adapter *adapter, unsigned slot, bool hang)
{
    return backend_vhci.plug(backend, adapter,
                             &(struct backend_plug){.slot = slot, .number = 7, .hang = hang, .not_tty = -1});
}

/* A control request, and the status of its answer. */
static int request(const uint8_t setup[8], uint8_t *data, uint32_t n)
{
    bool in = setup[0] & 0x80;
    uint32_t used;
    /* cppcheck-suppress uninitvar; where the answer goes */
    return usb_answer(usb_submit(in ? 0x80 : 0, setup, data, n), in, data, &used);
}

static const uint8_t get_lines[8] = {0xc1, 0x08, 0, 0, 0, 0, 1, 0};

/* The board says its banner when RTS lets it go, at the baud that the host has set. */
START_TEST(a_board_is_at_the_other_end)
{
    open_backend();
    struct sim_adapter *adapter = make("cp2102n");
    struct board *board = board_new(&(struct board_config){.seed = 1, .mac = {0x18, 0xfe, 0x34, 0, 0, 1}});
    sim_adapter_seat(adapter, board, 0, &(struct sim_adapter_faults){0});
    int number = plug(adapter, 3, false);
    ck_assert_int_ge(number, 0);
    ck_assert(!is_fast);
    ck_assert_int_eq(backend_vhci.tty(backend, number), 1020);
    char name[32];
    backend_vhci.name(backend, number, name, sizeof name);
    ck_assert_str_eq(name, "3-102");

    static const uint8_t set_baud[8] = {0x41, 0x1e, 0, 0, 0, 0, 4, 0};
    static const uint8_t hold[8] = {0x41, 0x07, 0x02, 0x03};
    static const uint8_t release[8] = {0x41, 0x07, 0x00, 0x03};
    ck_assert_int_eq(request(set_baud, (uint8_t[]){0x80, 0x24, 1, 0}, 4), 0); /* 74880 */
    ck_assert_int_eq(request(hold, NULL, 0), 0);
    ck_assert_int_eq(sim_adapter_lines(adapter), TIOCM_RTS);
    uint32_t transfer = usb_submit(0x82, NULL, NULL, 64);
    uint32_t n;
    uint32_t let_go = usb_submit(0, release, NULL, 0);
    ck_assert_int_eq(usb_answer(let_go, false, NULL, &n), 0);
    char said[1024] = "";
    for (size_t used = 0; !strstr(said, "boot mode:(3,");) {
        ck_assert_uint_lt(used + 64, sizeof said);
        ck_assert_int_eq(usb_answer(transfer, true, (uint8_t *)said + used, &n), 0);
        used += n;
        said[used] = '\0';
        transfer = usb_submit(0x82, NULL, NULL, 64);
    }
    uint64_t time;
    ck_assert_ptr_eq(sim_adapter_lift(adapter, &time), board);
    backend_vhci.unplug(backend, number, false);
    board_free(board);
    close_backend();
}
END_TEST

START_TEST(lines_that_come_in_reach_the_host)
{
    open_backend();
    struct sim_adapter *adapter = make("cp2104");
    sim_adapter_set_inputs(adapter, TIOCM_DSR); /* before it is plugged in */
    int number = plug(adapter, 1, false);
    uint8_t lines;
    ck_assert_int_eq(request(get_lines, &lines, 1), 0);
    ck_assert_uint_eq(lines, 0x20);
    sim_adapter_set_inputs(adapter, TIOCM_CTS | TIOCM_CAR);
    request(get_lines, &lines, 1);
    ck_assert_uint_eq(lines, 0x90);
    sim_adapter_set_inputs(adapter, 0);
    request(get_lines, &lines, 1);
    ck_assert_uint_eq(lines, 0);
    backend_vhci.unplug(backend, number, false);
    close_backend();
}
END_TEST

/* The adapters of a device come and go with it; who stays is on it again when it is back. */
START_TEST(four_adapters_are_one_device)
{
    static const uint8_t get_status[8] = {0xc0, 5, 0, 0, 2, 0, 2, 0};
    open_backend();
    struct sim_adapter *first = make("ft4232h");
    struct sim_adapter *second = make("ft4232h");
    int first_plug = plug(first, 5, false);
    int second_plug = plug(second, 6, false);
    ck_assert_uint_eq(attached, 1);
    ck_assert(is_fast);
    ck_assert_int_eq(backend_vhci.tty(backend, second_plug), 1011);
    uint8_t status[2];
    sim_adapter_set_inputs(second, TIOCM_CAR);
    ck_assert_int_eq(request(get_status, status, 2), 0);
    ck_assert_uint_eq(status[0], 0x81);

    backend_vhci.unplug(backend, first_plug, true);
    ck_assert_uint_eq(detached, 101);
    ck_assert_int_eq(backend_vhci.tty(backend, second_plug), -1);
    close(usb_host);
    first_plug = plug(make("ft4232h"), 5, false);
    ck_assert_uint_eq(attached, 2);
    ck_assert_int_eq(request(get_status, status, 2), 0);
    ck_assert_uint_eq(status[0], 0x81);
    backend_vhci.unplug(backend, first_plug, false);
    backend_vhci.unplug(backend, second_plug, false);
    close_backend();
}
END_TEST

START_TEST(one_that_hangs_from_the_start_is_enumerated)
{
    static const uint8_t get_descriptor[8] = {0x80, 6, 0, 1, 0, 0, 18, 0};
    open_backend();
    int number = plug(make("cp2102"), 1, true);
    uint8_t data[18];
    uint32_t n;
    uint32_t lines = usb_submit(0x80, get_lines, NULL, 1);
    ck_assert_int_eq(request(get_descriptor, data, 18), 0);
    ck_assert_uint_eq(data[0], 18);
    ck_assert(usb_silent());
    backend_vhci.hang(backend, number, false, false);
    ck_assert_int_eq(usb_answer(lines, true, data, &n), 0);
    backend_vhci.unplug(backend, number, false);
    close_backend();
}
END_TEST

START_TEST(a_full_controller_is_no_disaster)
{
    open_backend();
    is_full = true;
    struct sim_adapter *adapter = make("ch340");
    ck_assert_int_eq(plug(adapter, 1, false), -1);
    is_full = false;
    int number = plug(adapter, 1, false);
    ck_assert_int_ge(number, 0);
    backend_vhci.unplug(backend, number, false);
    close_backend();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("backend_vhci");
    TCase *tcase = tcase_create("backend_vhci");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, a_board_is_at_the_other_end);
    tcase_add_test(tcase, lines_that_come_in_reach_the_host);
    tcase_add_test(tcase, four_adapters_are_one_device);
    tcase_add_test(tcase, one_that_hangs_from_the_start_is_enumerated);
    tcase_add_test(tcase, a_full_controller_is_no_disaster);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
