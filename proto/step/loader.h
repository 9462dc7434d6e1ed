/* SPDX-License-Identifier: MIT */
/* The way to the ROM loader and back, for all recipes: modem lines, SYNC, what the boot banner tells, who the chip is.
 * Source: docs/esp8266.md sections 2 and 3. */
#ifndef PROTO_STEP_LOADER_H
#define PROTO_STEP_LOADER_H

#include "proto/chip/identity.h"
#include "proto/link/session.h"
#include "proto/step/connect.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The boot banner's with a 26 MHz crystal; with one of 40 MHz it comes at 115200. */
#define LOADER_BANNER_BAUD 74880

/* A register that has not answered within this time is asked for again, so many times. */
#define LOADER_REGISTER_TIMEOUT 500000 /* µs */
#define LOADER_REGISTER_TRIES   3

/* What to do with the modem lines. After each of them both are released. */
enum loader_lines {
    LOADER_RESET_CLASSIC, /* into download mode */
    LOADER_RESET_TIGHT,   /* the same for circuits with a large capacitor at EN, and for adapters that change the two
                             lines one after the other */
    LOADER_RUN,           /* into the firmware */
    LOADER_RELEASE,       /* no reset */
};

/* Where in a sequence of line changes a recipe is. All zero before the first. */
struct loader_walk {
    enum loader_lines lines;
    bool slow;
    size_t at;
    uint64_t heard; /* bytes until the board last came out of a reset: they count no more, and the session has forgotten
                       them */
};

/* Asks the session for the first change. `slow` holds GPIO0 for 500 ms more, for boards whose reset rises slowly. */
void loader_walk_start(struct loader_walk *walk, struct session *session, enum loader_lines lines, bool slow);
/* Takes the session's answer, which must be no error, and asks for what is next. True when it is through. */
bool loader_walk_step(struct loader_walk *walk, struct session *session, const struct session_event *event);

/* Whatever speaks the protocol answers, at whatever rate it is in. The first SYNC after a reset goes into finding out
 * the rate, and is not answered. */
void loader_sync(struct session *session, uint64_t timeout, unsigned tries);
/* The ROM's answer to it. A stub that still runs answers with another value: then the board was not reset. */
bool loader_is_rom_sync(const struct session_event *event);

/* M of "boot mode:(M,N)" in what was heard since the reset: 1 download mode, 3 flash, others neither. -1: no banner. */
int loader_boot_mode(const struct session *session);

void loader_read_register(struct session *session, uint32_t address);

/* Reading magic word and efuses. Replies carry no checksum, so all are read twice. */
struct loader_chip {
    unsigned pass;
    size_t at;
    uint32_t words[1 + CHIP_EFUSE_WORDS]; /* magic word, efuses */
};

enum loader_chip_state {
    LOADER_CHIP_READING,
    LOADER_CHIP_READ,
    LOADER_CHIP_DIFFERS, /* from words[at], which is the register at loader_chip_address() */
};

void loader_chip_start(struct loader_chip *chip, struct session *session);
/* Takes a register's value. Asks for the next one if the state is READING. */
enum loader_chip_state loader_chip_take(struct loader_chip *chip, struct session *session, uint32_t value);
uint32_t loader_chip_address(const struct loader_chip *chip);

#endif
