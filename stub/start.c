/* SPDX-License-Identifier: MIT */
/* Where the ROM loader jumps to, and the loop that everything runs in. */
#include "stub/command.h"
#include "stub/flash_write.h"
#include "stub/rom.h"
#include "stub/spi.h"
#include "stub/uart.h"

#define ERASE_POLL_US 50

/* Of stub.ld. */
extern uint32_t bss_start[], bss_end[];

void start(void);

/* What the part says of itself bounds all writes, until the host says more. */
static uint32_t flash_size(void)
{
    uint32_t capacity = spi_flash_id() >> 16; /* a power of two */
    return capacity >= 0x12 && capacity <= 0x18 ? 1u << capacity : SPI_SIZE_MAX;
}

/* Stays on the ROM's stack: it has room, and nobody else needs it. */
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
