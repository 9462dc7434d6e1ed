/* SPDX-License-Identifier: MIT */
/* The stub's entry point, to which the ROM loader jumps, and its main loop. */
#include "stub/command.h"
#include "stub/crc32.h"
#include "stub/flash_write.h"
#include "stub/rom.h"
#include "stub/spi.h"
#include "stub/stream.h"
#include "stub/uart.h"

/* From stub.ld. */
extern uint32_t bss_start[], bss_end[];

void start(void);

/* The size by the part's id limits all writes until the host sets another size. */
static uint32_t flash_size(void)
{
    uint32_t capacity = spi_flash_id() >> 16; /* a power of two */
    return capacity >= 0x12 && capacity <= 0x18 ? 1u << capacity : SPI_SIZE_MAX;
}

/* The memory of a frame is free for the next one. */
static bool takes_frame(void)
{
    return stream_is_open() ? stream_takes_frame() : flash_write_takes_data();
}

/* Does a small piece of what needs no flash. Returns false if there is nothing to do. */
static bool compute(void)
{
    stream_work();
    if (!takes_frame() || !frame_pending())
        return flash_write_compute();
    const struct frame *frame = frame_receive();
    if (frame)
        command_handle(frame);
    return true;
}

/* Stays on the ROM's stack, which is large enough and no longer used by the ROM. */
__attribute__((section(".text.start"), noreturn)) void start(void)
{
    for (uint32_t *word = bss_start; word != bss_end; word++)
        *word = 0;
    ets_set_user_start(0);
    crc32_init();
    frame_limit(FRAME_MAX);
    uart_start();
    spi_attach();
    flash_set_size(flash_size());
    frame_send(WIRE_GREETING, sizeof(WIRE_GREETING) - 1);

    for (;;) {
        bool began = flash_write_operate();
        /* Without more data nothing asks whether the operation has ended. */
        if (!flash_write_finished() && spi_ends_soon())
            continue;
        if (compute() || began)
            continue;
        if (flash_write_finished() || !spi_running())
            uart_wait();
        else
            spi_pause();
    }
}
