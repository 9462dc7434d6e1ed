/* SPDX-License-Identifier: MIT */
#include "tools/boardsim/usb/adapter_kind.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* Silicon Labs' AN205: the rates of a CP2102 or CP2103, and which requests each is for. */
static const struct adapter_rate an205[] = {
    {300, 300},       {600, 600},       {1200, 1200},     {1800, 1800},     {2400, 2400},     {4000, 4000},
    {4800, 4803},     {7200, 7207},     {9600, 9612},     {14400, 14428},   {16000, 16062},   {19200, 19250},
    {28800, 28912},   {38400, 38601},   {51200, 51558},   {56000, 56280},   {57600, 58053},   {64000, 64111},
    {76800, 77608},   {115200, 117028}, {128000, 129347}, {153600, 156868}, {230400, 237832}, {250000, 254234},
    {256000, 273066}, {460800, 491520}, {500000, 567138}, {576000, 670254}, {921600, 999999}, {0, 0},
};

/* Kernel names and limits, and the chips' clocks as the drivers use them: cp210x 24 MHz / n, ch341 12 MHz / n, ftdi_sio
 * 3 MHz / (n/8), and for the high-speed chips 12 MHz / (n/8). FIFO sizes are those of the data sheets; the CH340's is
 * not told, and its driver keeps little more than one 32-byte packet on the way. ftdi_sio's packets lose two bytes to
 * the status. */
static const struct adapter_kind kinds[] = {
    {.name = "cp2102n",
     .driver = "cp210x",
     .vendor_id = "10c4",
     .model_id = "ea60",
     .vendor = "Silicon_Labs",
     .model = "CP2102N_USB_to_UART_Bridge_Controller",
     .revision = "0100",
     .serial_prefix = "b8e2a4c6d0f4eb118a3c06a9",
     .min_baud = 300,
     .max_baud = 3000000,
     .clock = 24000000,
     .shows_rounded_baud = true,
     .tx_fifo = 512,
     .rx_fifo = 512,
     .packet = 64,
     .latency_us = 1000},
    {.name = "ch340",
     .driver = "ch341",
     .port_driver = "ch341-uart",
     .vendor_id = "1a86",
     .model_id = "7523",
     .vendor = "1a86",
     .model = "USB_Serial",
     .revision = "0264",
     .min_baud = 50,
     .max_baud = 2000000,
     .clock = 12000000,
     .tx_fifo = 128,
     .rx_fifo = 128,
     .packet = 32,
     .latency_us = 1000},
    {.name = "ft232r",
     .driver = "ftdi_sio",
     .vendor_id = "0403",
     .model_id = "6001",
     .vendor = "FTDI",
     .model = "FT232R_USB_UART",
     .revision = "0600",
     .serial_prefix = "A5",
     .min_baud = 300,
     .max_baud = 3000000,
     .clock = 24000000,
     .tx_fifo = 256,
     .rx_fifo = 256,
     .packet = 62,
     .latency_us = 16000},
    {.name = "cp2102",
     .driver = "cp210x",
     .vendor_id = "10c4",
     .model_id = "ea60",
     .vendor = "Silicon_Labs",
     .model = "CP2102_USB_to_UART_Bridge_Controller",
     .revision = "0100",
     .serial_prefix = "0001",
     .min_baud = 300,
     .max_baud = 1000000,
     .clock = 24000000,
     .rates = an205,
     .shows_rounded_baud = true,
     .tx_fifo = 640,
     .rx_fifo = 576,
     .packet = 64,
     .latency_us = 1000},
    {.name = "cp2104",
     .driver = "cp210x",
     .vendor_id = "10c4",
     .model_id = "ea60",
     .vendor = "Silicon_Labs",
     .model = "CP2104_USB_to_UART_Bridge_Controller",
     .revision = "0100",
     .serial_prefix = "01",
     .min_baud = 300,
     .max_baud = 2000000,
     .clock = 24000000,
     .shows_rounded_baud = true,
     .tx_fifo = 576,
     .rx_fifo = 576,
     .packet = 64,
     .latency_us = 1000},
    {.name = "ft4232h",
     .driver = "ftdi_sio",
     .vendor_id = "0403",
     .model_id = "6011",
     .vendor = "FTDI",
     .model = "Quad_RS232-HS",
     .revision = "0800",
     .serial_prefix = "FT4",
     .ports = 4,
     .high_speed = true,
     .min_baud = 1200,
     .max_baud = 12000000,
     .clock = 96000000,
     .tx_fifo = 2048,
     .rx_fifo = 2048,
     .packet = 510,
     .latency_us = 16000},
};

const struct adapter_kind *adapter_kind_at(unsigned i)
{
    return i < sizeof kinds / sizeof *kinds ? &kinds[i] : NULL;
}

const struct adapter_kind *adapter_kind_mixed(unsigned i)
{
    const struct adapter_kind *kind = kinds;
    for (;; kind = kind == &kinds[sizeof kinds / sizeof *kinds - 1] ? kinds : kind + 1)
        if (!kind->ports && i-- == 0)
            return kind;
}

const struct adapter_kind *adapter_kind(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

struct adapter_place adapter_kind_place(const struct adapter_kind *kind, unsigned slot)
{
    unsigned ports = kind->ports ? kind->ports : 1;
    return (struct adapter_place){(slot - 1) / ports + 1, (slot - 1) % ports};
}

void adapter_kind_serial(const struct adapter_kind *kind, unsigned slot, unsigned unit, char serial[ADAPTER_SERIAL])
{
    *serial = '\0';
    if (kind->ports)
        unit = adapter_kind_place(kind, slot).hub_port;
    if (kind->serial_prefix)
        snprintf(serial, ADAPTER_SERIAL, "%s%06X", kind->serial_prefix, unit & 0xffffffu);
}

static uint32_t whole_divisor(const struct adapter_kind *kind, uint32_t baud)
{
    return kind->clock / ((kind->clock + baud / 2) / baud);
}

uint32_t adapter_kind_shown_baud(const struct adapter_kind *kind, uint32_t requested, uint32_t max)
{
    uint32_t baud = requested < kind->min_baud ? kind->min_baud : requested;
    if (max == 0 || max > kind->max_baud)
        max = kind->max_baud;
    if (baud > max)
        baud = max;
    for (const struct adapter_rate *rate = kind->rates; rate && rate->baud; rate++)
        if (baud <= rate->up_to)
            return rate->baud;
    return whole_divisor(kind, baud);
}

uint32_t adapter_kind_baud(const struct adapter_kind *kind, uint32_t requested, uint32_t max)
{
    uint32_t baud = adapter_kind_shown_baud(kind, requested, max);
    uint32_t last = 0;
    for (const struct adapter_rate *rate = kind->rates; rate && rate->baud; rate++)
        last = rate->baud;
    return whole_divisor(kind, last && baud > last ? last : baud);
}
