/* SPDX-License-Identifier: MIT */
/*
 * The functions of the chip's ROM that the stub calls; stub.ld has the addresses. All of them follow the call0 ABI. The
 * ROM reads and writes its own variables above 0x3FFFC000 and none of the stub's. */
#ifndef STUB_ROM_H
#define STUB_ROM_H

#include <stdint.h>

/* Interrupt `number` (0 to 14) calls handler(argument), on the stack of the interrupted code. */
void ets_isr_attach(int number, void (*handler)(void *), void *argument);
void ets_isr_mask(uint32_t numbers);
void ets_isr_unmask(uint32_t numbers);

/* Busy wait; interrupts stay enabled. */
void ets_delay_us(uint32_t us);

/* Connects the SPI controller to the flash pins and sets it up for plain commands at a safe clock. */
void SelectSpiFunction(void);
void spi_flash_attach(void);
int SPIParamCfg(uint32_t id, uint32_t total, uint32_t block, uint32_t sector, uint32_t page, uint32_t status_mask);

struct rom_md5 {
    uint32_t state[4], bits[2];
    uint8_t buffer[64];
};
void MD5Init(struct rom_md5 *md5);
void MD5Update(struct rom_md5 *md5, const uint8_t *bytes, uint32_t n);
void MD5Final(uint8_t digest[16], struct rom_md5 *md5);

/* Sets the function that the boot code runs if the loader has no entry point to jump to. */
void ets_set_user_start(void (*start)(void));
void software_reset(void) __attribute__((noreturn));

#endif
