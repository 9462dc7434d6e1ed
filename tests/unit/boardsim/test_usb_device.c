/* SPDX-License-Identifier: MIT */
/* The adapters' USB side: control requests in, lines and baud out; descriptors; what goes around the bytes. */
#include "tests/runner.h"
#include "tools/boardsim/usb/device.h"

#include <stdlib.h>
#include <string.h>

static struct usb_device device;
static uint8_t data[USB_REPLY];

static void make(const char *name)
{
    usb_device_init(&device, adapter_kind(name), "0001000ABC");
}

/* A request to the device. */
static int out(uint8_t type, uint8_t request, uint16_t value, uint16_t index, const void *bytes, uint16_t n)
{
    if (n)
        memcpy(data, bytes, n);
    return usb_control(&device, &(struct usb_setup){type, request, value, index, n}, data);
}

static int in(uint8_t type, uint8_t request, uint16_t value, uint16_t index, uint16_t n)
{
    return usb_control(&device, &(struct usb_setup){type, request, value, index, n}, data);
}

static void ck_lines(unsigned port, bool dtr, bool rts)
{
    ck_assert_int_eq(device.ports[port].dtr, dtr);
    ck_assert_int_eq(device.ports[port].rts, rts);
}

/* A configuration is a chain of descriptors that ends where it says, with an endpoint for each address of the kind. */
START_TEST(descriptors_are_whole)
{
    for (unsigned i = 0; adapter_kind_at(i); i++) {
        const struct adapter_kind *kind = adapter_kind_at(i);
        unsigned ports = kind->ports ? kind->ports : 1;
        char serial[ADAPTER_SERIAL];
        adapter_kind_serial(kind, 1, 1, serial);
        usb_device_init(&device, kind, serial);
        ck_assert_int_eq(in(0x80, 6, 0x0100, 0, 18), 18);
        ck_assert_uint_eq(data[8] | data[9] << 8, strtoul(kind->vendor_id, NULL, 16));
        ck_assert_uint_eq(data[10] | data[11] << 8, strtoul(kind->model_id, NULL, 16));
        ck_assert_uint_eq(data[16] != 0, kind->serial_prefix != NULL);
        int n = in(0x80, 6, 0x0200, 0, 255);
        ck_assert_int_eq(n, data[2] | data[3] << 8);
        ck_assert_uint_eq(data[4], ports);
        unsigned ends = 0;
        for (int at = 0; at < n; at += data[at]) {
            ck_assert_int_ge(data[at], 2);
            ck_assert_int_le(at + data[at], n);
            if (data[at + 1] == 5 && usb_port_of(&device, data[at + 2]) >= 0)
                ends++;
        }
        ck_assert_uint_eq(ends, 2 * ports);
        ck_assert_int_eq(in(0x80, 6, 0x0200, 0, 9), 9); /* the host asks for the head first */
        ck_assert_int_eq(in(0x80, 6, 0x0302, 0x0409, 255), 2 + 2 * (int)strlen(kind->model));
        ck_assert_int_eq(in(0x80, 6, 0x0309, 0x0409, 255), USB_STALL);
        ck_assert_int_eq(in(0x80, 6, 0x0600, 0, 10), kind->high_speed ? 10 : USB_STALL);
        ck_assert_int_eq(out(0, 9, 1, 0, NULL, 0), 0);
        ck_assert_int_eq(in(0x80, 8, 0, 0, 1), 1);
        ck_assert_uint_eq(data[0], 1);
    }
}
END_TEST

START_TEST(cp210x_lines_have_a_mask)
{
    make("cp2102");
    ck_assert_int_eq(out(0x41, 0x07, 0x0303, 0, NULL, 0), 0);
    ck_lines(0, true, true);
    out(0x41, 0x07, 0x0100, 0, NULL, 0);
    ck_lines(0, false, true);
    out(0x41, 0x07, 0x0201, 0, NULL, 0); /* DTR is not meant */
    ck_lines(0, false, false);
    ck_assert_int_eq(in(0xc1, 0x08, 0, 0, 1), 1);
    ck_assert_uint_eq(data[0] & 3, 0);
    /* Flow control drives them too: DTR on, RTS on, then RTS left to the chip */
    uint8_t flow[16] = {1, 0, 0, 0, 0x40};
    ck_assert_int_eq(out(0x41, 0x13, 0, 0, flow, 16), 0);
    ck_lines(0, true, true);
    flow[0] = 0;
    flow[4] = 0x80;
    out(0x41, 0x13, 0, 0, flow, 16);
    ck_lines(0, false, true);
    ck_assert_int_eq(in(0xc1, 0x14, 0, 0, 16), 16);
    ck_assert_mem_eq(data, flow, 16);
}
END_TEST

START_TEST(cp210x_baud_is_24_mhz_by_an_integer)
{
    make("cp2104");
    ck_assert_int_eq(out(0x41, 0x1e, 0, 0, "\x00\xc2\x01\x00", 4), 0); /* 115200 */
    ck_assert_uint_eq(device.ports[0].baud, 24000000 / 208);
    out(0x41, 0x1e, 0, 0, "\x00\x10\x0e\x00", 4); /* 921600 */
    ck_assert_uint_eq(device.ports[0].baud, 24000000 / 26);
    out(0x41, 0x1e, 0, 0, "\x2c\x01\x00\x00", 4); /* 300 */
    ck_assert_uint_eq(device.ports[0].baud, 6000000 / 20000);
    ck_assert_int_eq(in(0xc1, 0x1d, 0, 0, 4), 4);
    ck_assert_mem_eq(data, "\x2c\x01\x00\x00", 4);
    ck_assert_int_eq(out(0x41, 0x1e, 0, 0, "\x00", 1), USB_STALL);
    out(0x41, 0x1e, 0, 0, "\x00\x00\x00\x00", 4);
    ck_assert_uint_eq(device.ports[0].baud, 0);
    out(0x41, 0x1e, 0, 0, "\xff\xff\xff\xff", 4);
    ck_assert_uint_ne(device.ports[0].baud, 0);
}
END_TEST

START_TEST(cp210x_tells_its_part)
{
    static const struct {
        const char *name;
        uint8_t part;
    } parts[] = {{"cp2102", 0x02}, {"cp2104", 0x04}, {"cp2102n", 0x20}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        make(parts[i].name);
        ck_assert_int_eq(in(0xc0, 0xff, 0x370b, 0, 1), 1);
        ck_assert_uint_eq(data[0], parts[i].part);
        ck_assert_int_eq(in(0xc0, 0xff, 0x0001, 0, 1), USB_STALL);
    }
}
END_TEST

START_TEST(ch340_lines_are_inverted_and_absolute)
{
    make("ch340");
    out(0x40, 0xa4, (uint16_t)~0x60u, 0, NULL, 0);
    ck_lines(0, true, true);
    out(0x40, 0xa4, (uint16_t)~0x20u, 0, NULL, 0);
    ck_lines(0, true, false);
    out(0x40, 0xa4, 0xffff, 0, NULL, 0);
    ck_lines(0, false, false);
    ck_assert_int_eq(in(0xc0, 0x95, 0x0706, 0, 8), 2);
    ck_assert_uint_eq(data[0], 0xff); /* no line comes in */
    ck_assert_int_eq(in(0xc0, 0x5f, 0, 0, 8), 2);
}
END_TEST

static uint32_t ch340_baud(unsigned ps, unsigned fact, unsigned count)
{
    uint16_t index = (uint16_t)((256 - count) << 8 | 0x80 | fact << 2 | ps);
    ck_assert_int_eq(out(0x40, 0x9a, 0x1312, index, NULL, 0), 0);
    return device.ports[0].baud;
}

/* What a driver writes for these, and what the chip makes of it. */
START_TEST(ch340_baud_is_by_registers)
{
    make("ch340");
    ck_assert_uint_eq(ch340_baud(3, 0, 52), 48000000 / (8 * 52)); /* 115200: 115384 */
    ck_assert_uint_eq(ch340_baud(3, 1, 13), 48000000 / (4 * 13)); /* 921600: 923076 */
    ck_assert_uint_eq(ch340_baud(3, 0, 80), 75000);               /* 74880 */
    ck_assert_uint_eq(ch340_baud(3, 1, 6), 2000000);
    ck_assert_uint_eq(ch340_baud(0, 0, 234), 48000000 / 4096 / 234); /* 50 */
    ck_assert_int_eq(in(0xc0, 0x95, 0x1312, 0, 2), 2);
    ck_assert_uint_eq(data[1], 256 - 234);
}
END_TEST

START_TEST(ftdi_lines_have_a_mask)
{
    make("ft232r");
    out(0x40, 1, 0x0303, 0, NULL, 0);
    ck_lines(0, true, true);
    out(0x40, 1, 0x0100, 0, NULL, 0);
    ck_lines(0, false, true);
    out(0x40, 1, 0x0200, 0, NULL, 0);
    ck_lines(0, false, false);
    ck_assert_int_eq(in(0xc0, 5, 0, 0, 2), 2);
    ck_assert_uint_eq(data[0], 0x01);
}
END_TEST

static uint32_t ft232_baud(uint16_t value, uint16_t index)
{
    ck_assert_int_eq(out(0x40, 3, value, index, NULL, 0), 0);
    return device.ports[0].baud;
}

/* Divisors as AN232B-05 has them. */
START_TEST(ftdi_baud_has_eighths)
{
    make("ft232r");
    ck_assert_uint_eq(ft232_baud(0x0000, 0), 3000000);
    ck_assert_uint_eq(ft232_baud(0x0001, 0), 2000000);
    ck_assert_uint_eq(ft232_baud(0x8003, 0), 923076); /* 3 1/4 */
    ck_assert_uint_eq(ft232_baud(0x001a, 0), 115384);
    ck_assert_uint_eq(ft232_baud(0x4138, 0), 9600); /* 312 1/2 */
    ck_assert_uint_eq(ft232_baud(0x0028, 1), 3000000 * 8 / (40 * 8 + 3));
}
END_TEST

START_TEST(ft4232h_has_four_of_each)
{
    make("ft4232h");
    for (uint16_t port = 1; port <= 4; port++) {
        /* 12 MHz / 13, and 12 MHz / 104 1/8 */
        ck_assert_int_eq(out(0x40, 3, port % 2 ? 13 : 104 | 0xc000, (uint16_t)(0x0200 | port), NULL, 0), 0);
        ck_assert_int_eq(out(0x40, 1, (uint16_t)(0x0300 | (port & 3)), port, NULL, 0), 0);
    }
    for (unsigned i = 0; i < 4; i++) {
        ck_assert_uint_eq(device.ports[i].baud, i % 2 ? 12000000 * 8 / (104 * 8 + 1) : 923076);
        ck_lines(i, (i + 1) & 1, (i + 1) & 2);
    }
    ck_assert_int_eq(out(0x40, 3, 0x4138, 1, NULL, 0), 0); /* the old chips' clock */
    ck_assert_uint_eq(device.ports[0].baud, 9600);
    ck_assert_int_eq(out(0x40, 1, 0x0303, 5, NULL, 0), USB_STALL);
    ck_assert_int_eq(out(0x40, 1, 0x0303, 0, NULL, 0), USB_STALL);
}
END_TEST

START_TEST(each_breaks_in_its_way)
{
    make("cp2102");
    out(0x41, 0x05, 1, 0, NULL, 0);
    ck_assert(device.ports[0].breaks);
    out(0x41, 0x05, 0, 0, NULL, 0);
    ck_assert(!device.ports[0].breaks);
    make("ft232r");
    out(0x40, 4, 0x4008, 0, NULL, 0);
    ck_assert(device.ports[0].breaks);
    out(0x40, 4, 0x0008, 0, NULL, 0);
    ck_assert(!device.ports[0].breaks);
    make("ch340");
    out(0x40, 0x9a, 0x1805, 0x8300, NULL, 0);
    ck_assert(device.ports[0].breaks);
    out(0x40, 0x9a, 0x1805, 0xc301, NULL, 0);
    ck_assert(!device.ports[0].breaks);
}
END_TEST

START_TEST(ftdi_latency)
{
    make("ft232r");
    ck_assert_uint_eq(device.ports[0].latency_us, 16000);
    ck_assert_int_eq(out(0x40, 9, 1, 0, NULL, 0), 0);
    ck_assert_uint_eq(device.ports[0].latency_us, 1000);
    ck_assert_int_eq(in(0xc0, 0x0a, 0, 0, 1), 1);
    ck_assert_uint_eq(data[0], 1);
    ck_assert_int_eq(out(0x40, 9, 0, 0, NULL, 0), USB_STALL);
    ck_assert_uint_eq(device.ports[0].latency_us, 1000);
}
END_TEST

/* Where each of the drivers looks for CTS, DSR and DCD. */
START_TEST(lines_that_come_in_are_told)
{
    static const uint8_t lines[] = {0, USB_CTS, USB_DSR, USB_DCD, USB_CTS | USB_DSR | USB_DCD};
    static const uint8_t high[] = {0, 0x10, 0x20, 0x80, 0xb0};
    uint8_t bytes[USB_EVENT];
    uint8_t transfer[8];
    size_t used;
    for (size_t i = 0; i < sizeof lines; i++) {
        make("cp2102n");
        out(0x41, 0x07, 0x0302, 0, NULL, 0);
        device.ports[0].inputs = lines[i];
        ck_assert_int_eq(in(0xc1, 0x08, 0, 0, 1), 1);
        ck_assert_uint_eq(data[0], high[i] | 0x02);
        ck_assert_uint_eq(usb_inputs_endpoint(&device, 0), 0);

        make("ft4232h");
        device.ports[2].inputs = lines[i];
        ck_assert_int_eq(in(0xc0, 5, 0, 3, 2), 2);
        ck_assert_uint_eq(data[0], high[i] | 0x01);
        ck_assert_int_eq(in(0xc0, 5, 0, 2, 2), 2);
        ck_assert_uint_eq(data[0], 0x01);
        ck_assert_uint_eq(usb_inputs_endpoint(&device, 2), 0x85);
        ck_assert_uint_eq(usb_inputs(&device, 2, bytes), 2);
        ck_assert_uint_eq(bytes[0], high[i] | 0x01);
        usb_pack(&device, 2, (const uint8_t *)"x", 1, transfer, sizeof transfer, &used);
        ck_assert_mem_eq(transfer, bytes, 2);

        make("ch340");
        device.ports[0].inputs = lines[i];
        ck_assert_int_eq(in(0xc0, 0x95, 0x0706, 0, 2), 2);
        ck_assert_uint_eq(data[0] & 0x0f, ~lines[i] & 0x0f);
        ck_assert_uint_eq(usb_inputs_endpoint(&device, 0), 0x81);
        ck_assert_uint_eq(usb_inputs(&device, 0, bytes), 4);
        ck_assert_uint_eq(bytes[2] & 0x0f, ~lines[i] & 0x0f);
    }
}
END_TEST

START_TEST(ftdi_packets_begin_with_status)
{
    make("ft232r");
    uint8_t bytes[100];
    uint8_t transfer[256];
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)i;
    size_t used;
    ck_assert_uint_eq(usb_pack(&device, 0, bytes, 100, transfer, sizeof transfer, &used), 104);
    ck_assert_uint_eq(used, 100);
    ck_assert_uint_eq(transfer[0], 0x01);
    ck_assert_uint_eq(transfer[2], 0);
    ck_assert_uint_eq(transfer[64], 0x01);
    ck_assert_uint_eq(transfer[66], 62);
    ck_assert_uint_eq(usb_pack(&device, 0, bytes, 100, transfer, 64, &used), 64);
    ck_assert_uint_eq(used, 62);
    ck_assert_uint_eq(usb_pack(&device, 0, bytes, 100, transfer, 2, &used), 0);
    ck_assert_uint_eq(used, 0);
    make("ch340");
    ck_assert_uint_eq(usb_pack(&device, 0, bytes, 100, transfer, 32, &used), 32);
    ck_assert_uint_eq(used, 32);
    ck_assert_mem_eq(transfer, bytes, 32);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("usb_device");
    TCase *tcase = tcase_create("usb_device");
    tcase_add_test(tcase, descriptors_are_whole);
    tcase_add_test(tcase, cp210x_lines_have_a_mask);
    tcase_add_test(tcase, cp210x_baud_is_24_mhz_by_an_integer);
    tcase_add_test(tcase, cp210x_tells_its_part);
    tcase_add_test(tcase, ch340_lines_are_inverted_and_absolute);
    tcase_add_test(tcase, ch340_baud_is_by_registers);
    tcase_add_test(tcase, ftdi_lines_have_a_mask);
    tcase_add_test(tcase, ftdi_baud_has_eighths);
    tcase_add_test(tcase, ft4232h_has_four_of_each);
    tcase_add_test(tcase, each_breaks_in_its_way);
    tcase_add_test(tcase, ftdi_latency);
    tcase_add_test(tcase, lines_that_come_in_are_told);
    tcase_add_test(tcase, ftdi_packets_begin_with_status);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
