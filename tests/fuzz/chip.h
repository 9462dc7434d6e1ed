/* SPDX-License-Identifier: MIT */
/* A chip and an adapter that reply with the fuzzer's bytes. Each chunk is a length byte, a flag byte, and that many
 * bytes. Bit 0 of the flag makes the chunk a well-formed reply to the latest request (value, then data), so that the
 * fuzzer reaches the later states of a recipe. Bit 1 makes a requested change of baud rate or modem lines fail. */
#ifndef TESTS_FUZZ_CHIP_H
#define TESTS_FUZZ_CHIP_H

#include "proto/link/session.h"

#include <errno.h>
#include <string.h>

struct fuzz_chip {
    const uint8_t *bytes; /* the unused rest */
    size_t len;
    uint64_t now;
};

enum { FUZZ_WELL_FORMED = 1, FUZZ_FAIL = 2 };

static inline void fuzz_chip_answer(struct fuzz_chip *chip, struct session *session)
{
    size_t n = chip->bytes[0] < chip->len - 2 ? chip->bytes[0] : chip->len - 2;
    bool well_formed = chip->bytes[1] & FUZZ_WELL_FORMED;
    const uint8_t *chunk = chip->bytes + 2;
    chip->bytes += 2 + n;
    chip->len -= 2 + n;
    if (!well_formed) {
        session_received(session, chunk, n, chip->now);
        return;
    }
    uint8_t reply[300] = {WIRE_REPLY, session->request.op};
    if (n < 4)
        return;
    memcpy(reply + 4, chunk, 4);
    memcpy(reply + 8, chunk + 4, n - 4);
    reply[2] = (uint8_t)(n - 4 + 2);
    uint8_t wire[SLIP_ENCODED_MAX(sizeof(reply))] = {SLIP_END};
    size_t wire_len = 1 + slip_escape(wire + 1, reply, 8 + n - 4 + 2);
    wire[wire_len++] = SLIP_END;
    session_received(session, wire, wire_len, chip->now);
}

/* Carries out the session's request, or passes it the next chunk, or lets time pass if none is left. */
static inline void fuzz_chip_step(struct fuzz_chip *chip, struct session *session)
{
    const struct session_want *want = session_want(session);
    chip->now += 1000;
    if (want->kind == SESSION_WANTS_SEND) {
        session_sent(session, want->len, chip->now);
    } else if (want->kind != SESSION_WANTS_NOTHING) {
        bool fail = chip->len >= 2 && (chip->bytes[1] & FUZZ_FAIL);
        session_done(session, fail ? -EIO : 0, chip->now);
    } else if (chip->len >= 2 && session->activity != SESSION_PAUSING) {
        fuzz_chip_answer(chip, session);
    } else {
        chip->now = session_deadline(session);
        session_expired(session, chip->now);
    }
}

#endif
