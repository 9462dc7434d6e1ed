/* SPDX-License-Identifier: MIT */
#include "tools/demo/app_header.h"
#include "tools/demo/firmware.h"

#define WINDOW 0x40200000u
#define BAUD   115200u

#define SPI_CMD      0x60000200u
#define SPI_CMD_RDID (1u << 28)
#define SPI_W0       0x60000240u

uint8_t firmware_byte(const char *at)
{
    uint32_t address = (uint32_t)at;

    return (uint8_t)(*reg(address & ~3u) >> (address & 3) * 8);
}

void firmware_put(uint8_t byte)
{
    uart_tx_one_char(byte);
}

void firmware_say(const char *text)
{
    for (uint8_t byte; (byte = firmware_byte(text)) != 0; text++)
        firmware_put(byte);
}

/* Uses the SPI controller's registers, so the cache must be off: it uses the same controller. */
static uint32_t read_flash_id(void)
{
    uint32_t id;

    SelectSpiFunction();
    *reg(SPI_W0) = 0;
    *reg(SPI_CMD) = SPI_CMD_RDID;
    while (*reg(SPI_CMD))
        ;
    id = *reg(SPI_W0);
    return (id & 0xff) << 16 | (id & 0xff00) | (id >> 16 & 0xff);
}

/* First waits until the last characters of the ROM's log have been sent at the old rate. */
static void set_baud(uint32_t crystal_mhz)
{
    while (*reg(UART_STATUS) >> 16 & 0xff)
        ;
    ets_delay_us(200);
    uart_div_modify(0, 2000000 * crystal_mhz / BAUD);
}

/* Returns the slot in the first megabyte of the flash or, if it is empty, that in the second, mapped to the same
 * address. */
static const struct app_header *find_app(void)
{
    const struct app_header *app = (const struct app_header *)(WINDOW + APP_OFFSET);

    for (unsigned megabyte = 0; megabyte < 2; megabyte++) {
        Cache_Read_Disable();
        Cache_Read_Enable(megabyte, 0, 1);
        if (app->magic == APP_MAGIC)
            return app;
    }
    return 0;
}

void firmware_start(void)
{
    uint32_t flash_id = read_flash_id();
    const struct app_header *app = find_app();

    if (app) {
        set_baud(app->crystal_mhz);
        ((void (*)(uint32_t))app->entry)(flash_id);
    }
    firmware_say("\r\nno application\r\n");
    for (;;)
        ;
}
