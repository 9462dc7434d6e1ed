/* SPDX-License-Identifier: MIT */
/*
 * The demo firmware: a boot part, which the chip's ROM copies to RAM and starts (firmware_boot.c), and an application,
 * which runs from flash (firmware_app.c), in one of two slots. firmware.ld has the addresses.
 *
 * Flash can only be read by aligned words; firmware_say() does this for the texts there. */
#ifndef DEMO_FIRMWARE_H
#define DEMO_FIRMWARE_H

#include <stdint.h>

/* In the boot part; firmware_start() is its entry point. */
void firmware_start(void);

void firmware_say(const char *text);
void firmware_put(uint8_t byte);
/* A byte of a text in RAM or flash. */
uint8_t firmware_byte(const char *at);

/* Functions in the ROM. */
void uart_div_modify(unsigned uart, uint32_t divider);
int uart_tx_one_char(uint8_t byte);
void ets_delay_us(uint32_t us);
void SelectSpiFunction(void);
void Cache_Read_Enable(unsigned odd, unsigned pair, unsigned whole);
void Cache_Read_Disable(void);
void software_reset(void);

static inline volatile uint32_t *reg(uint32_t address)
{
    return (volatile uint32_t *)address;
}

#define UART_FIFO   0x60000000u
#define UART_STATUS 0x6000001cu

#endif
