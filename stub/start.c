/* SPDX-License-Identifier: MIT */
/* The stub's entry point, to which the ROM loader jumps, and its main loop. */
#include "stub/command.h"
#include "stub/flash_write.h"
#include "stub/rom.h"
#include "stub/spi.h"
#include "stub/uart.h"

#define ERASE_POLL_US 50

/* From stub.ld. */
extern uint32_t bss_start[], bss_end[];

void start(void);

/* The size by the part's id limits all writes until the host sets another size. */
static uint32_t flash_size(void)
{
    uint32_t capacity = spi_flash_id() >> 16; /* a power of two */
    return capacity >= 0x12 && capacity <= 0x18 ? 1u << capacity : SPI_SIZE_MAX;
}

/* Stays on the ROM's stack, which is large enough and no longer used by the ROM. */
__attribute__((section(".text.start"), noreturn)) void start(void)
{
    for (uint32_t *word = bss_start; word != bss_end; word++)
        *word = 0;
    ets_set_user_start(0);
    uart_start();
    spi_attach();
    flash_set_size(flash_size());
    frame_send(WIRE_GREETING, sizeof(WIRE_GREETING) - 1);

    for (;;) {
        const struct frame *frame = frame_receive();
        if (frame)
            command_handle(frame);
        else if (flash_write_ahead())
            ets_delay_us(ERASE_POLL_US);
        else
            uart_wait();
    }
}
