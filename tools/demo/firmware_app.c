/* SPDX-License-Identifier: MIT */
/* Prints an identification, then reads commands: "id" prints it again, "reset" resets the chip. */
#include "tools/demo/app_header.h"
#include "tools/demo/firmware.h"

#include <stdbool.h>

#define VERSION "1.0"

#define EFUSE 0x3ff00050u

#define LINE_SIZE 32u

static void app_main(uint32_t flash_id);

__attribute__((section(".header"), used)) static const struct app_header header = {
    .magic = APP_MAGIC, .entry = (uint32_t)app_main, .crystal_mhz = 26};

static void say_hex(uint32_t value, unsigned digits)
{
    while (digits-- > 0) {
        uint32_t digit = value >> (4 * digits) & 15;

        firmware_put((uint8_t)(digit < 10 ? '0' + digit : 'a' + digit - 10));
    }
}

/* The MAC from the efuses. Its first half is in a word of its own or, if that is 0, given by a code. */
static void say_mac(void)
{
    uint32_t low = *reg(EFUSE), middle = *reg(EFUSE + 4), first = *reg(EFUSE + 12) & 0xffffff;

    if (first == 0)
        first = (middle >> 16 & 0xff) == 0 ? 0x18fe34 : 0xacd074;
    for (unsigned i = 0; i < 3; i++) {
        say_hex(first >> (16 - 8 * i), 2);
        firmware_put(':');
    }
    say_hex(middle >> 8, 2);
    firmware_put(':');
    say_hex(middle, 2);
    firmware_put(':');
    say_hex(low >> 24, 2);
}

static void greet(uint32_t flash_id)
{
    firmware_say("\r\nDemo firmware " VERSION ", MAC ");
    say_mac();
    firmware_say(", flash ");
    say_hex(flash_id, 6);
    firmware_say(", ready\r\n");
}

/* Waits for a line and echoes it. The excess of a line that is too long is discarded. */
static void read_line(char line[LINE_SIZE])
{
    unsigned n = 0;

    for (;;) {
        uint8_t byte;

        while (!(*reg(UART_STATUS) & 0xff))
            ;
        byte = (uint8_t)*reg(UART_FIFO);
        if (byte == '\r' || byte == '\n')
            break;
        firmware_put(byte);
        if (n < LINE_SIZE - 1)
            line[n++] = (char)byte;
    }
    line[n] = 0;
    firmware_say("\r\n");
}

static bool is(const char *line, const char *word)
{
    for (;; line++, word++) {
        uint8_t byte = firmware_byte(word);

        if ((uint8_t)*line != byte)
            return false;
        if (byte == 0)
            return true;
    }
}

static void app_main(uint32_t flash_id)
{
    char line[LINE_SIZE];

    greet(flash_id);
    for (;;) {
        read_line(line);
        if (is(line, "id"))
            greet(flash_id);
        else if (is(line, "reset"))
            software_reset();
        else if (line[0])
            firmware_say("? id, reset\r\n");
    }
}
