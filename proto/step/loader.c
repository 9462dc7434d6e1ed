/* SPDX-License-Identifier: MIT */
#include "proto/step/loader.h"

#include "proto/link/bytes.h"
#include "proto/link/duration.h"

#include <string.h>

/* RTS asserted pulls EN low, DTR asserted pulls GPIO0 low, both asserted pull nothing (docs/esp8266.md section 2). */
struct line_step {
    bool dtr, rts;
    unsigned pause_ms;
};

static const struct line_step reset_classic[] = {{false, true, 100}, {true, false, 50}, {false, false, 0}};
static const struct line_step reset_tight[] = {
    {false, false, 0}, {true, true, 0}, {false, true, 100}, {true, false, 50}, {false, false, 0}};
static const struct line_step run[] = {{false, true, 100}, {false, false, 0}};
static const struct line_step release[] = {{false, false, 0}};

#define SEQUENCE(steps)                                                                                                \
    {                                                                                                                  \
        (steps), sizeof(steps) / sizeof((steps)[0])                                                                    \
    }

static const struct {
    const struct line_step *steps;
    size_t n;
} sequences[] = {
    [LOADER_RESET_CLASSIC] = SEQUENCE(reset_classic),
    [LOADER_RESET_TIGHT] = SEQUENCE(reset_tight),
    [LOADER_RUN] = SEQUENCE(run),
    [LOADER_RELEASE] = SEQUENCE(release),
};

static void set_lines(struct loader_walk *walk, struct session *session)
{
    const struct line_step *step = &sequences[walk->lines].steps[walk->at];
    if (step->dtr && !step->rts) {
        walk->heard += session->heard_total;
        session_forget(session);
    }
    session_lines(session, step->dtr, step->rts);
}

void loader_walk_start(struct loader_walk *walk, struct session *session, enum loader_lines lines, bool slow)
{
    walk->lines = lines;
    walk->slow = slow;
    walk->at = 0;
    set_lines(walk, session);
}

bool loader_walk_step(struct loader_walk *walk, struct session *session, const struct session_event *event)
{
    const struct line_step *step = &sequences[walk->lines].steps[walk->at];
    if (event->kind == SESSION_DONE && step->pause_ms > 0) {
        session_pause(session, (step->pause_ms + (walk->slow && step->dtr ? 500 : 0)) * MS);
        return false;
    }
    if (++walk->at == sequences[walk->lines].n)
        return true;
    set_lines(walk, session);
    return false;
}

void loader_sync(struct session *session, uint64_t timeout, unsigned tries)
{
    uint8_t pattern[36] = {0x07, 0x07, 0x12, 0x20};
    memset(pattern + 4, 0x55, sizeof(pattern) - 4);
    session_request(session, WIRE_SYNC, pattern, sizeof(pattern), timeout, tries);
}

bool loader_is_rom_sync(const struct session_event *event)
{
    return event->kind == SESSION_REPLY && event->wire_error == WIRE_OK && event->value == WIRE_SYNC_VALUE;
}

int loader_boot_mode(const struct session *session)
{
    static const char key[] = "boot mode:(";
    size_t n = session->heard_total < SESSION_HEARD ? (size_t)session->heard_total : SESSION_HEARD;
    const uint8_t *at = memmem(session->heard, n, key, sizeof(key) - 1);
    if (!at || at + sizeof(key) - 1 >= session->heard + n)
        return -1;
    uint8_t digit = at[sizeof(key) - 1];
    return digit >= '0' && digit <= '7' ? digit - '0' : -1;
}

void loader_read_register(struct session *session, uint32_t address)
{
    uint8_t data[4];
    put_le32(data, address);
    session_request(session, WIRE_READ_REG, data, sizeof(data), LOADER_REGISTER_TIMEOUT, LOADER_REGISTER_TRIES);
}

static const uint32_t chip_registers[] = {CHIP_MAGIC_ADDRESS, CHIP_EFUSE_ADDRESS, CHIP_EFUSE_ADDRESS + 4,
                                          CHIP_EFUSE_ADDRESS + 8, CHIP_EFUSE_ADDRESS + 12};
#define CHIP_REGISTERS (sizeof(chip_registers) / sizeof(chip_registers[0]))

uint32_t loader_chip_address(const struct loader_chip *chip)
{
    return chip_registers[chip->at];
}

void loader_chip_start(struct loader_chip *chip, struct session *session)
{
    chip->pass = 0;
    chip->at = 0;
    loader_read_register(session, chip_registers[0]);
}

enum loader_chip_state loader_chip_take(struct loader_chip *chip, struct session *session, uint32_t value)
{
    if (chip->pass == 0)
        chip->words[chip->at] = value;
    else if (chip->words[chip->at] != value)
        return LOADER_CHIP_DIFFERS;
    if (++chip->at == CHIP_REGISTERS) {
        chip->at = 0;
        if (++chip->pass == 2)
            return LOADER_CHIP_READ;
    }
    loader_read_register(session, chip_registers[chip->at]);
    return LOADER_CHIP_READING;
}
