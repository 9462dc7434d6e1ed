/* SPDX-License-Identifier: MIT */
/* A probe of the fixture against a chip that answers with the fuzzer's bytes. Whatever it says, the probe ends in
 * bounded steps with a result, and asks for nothing that could change a board. */
#include "proto/recipe/presence.h"
#include "tests/fuzz/chip.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* The first byte says what to probe for, the rest is the chip's. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static struct session session;
    static struct presence presence;
    if (len == 0)
        return 0;
    static const uint32_t waiting[] = {0, LOADER_BAUD, 921600, 74880};
    struct presence_job job = {.manual_reset = bytes[0] & 1,
                               .tight = bytes[0] & 2,
                               .waiting_baud = waiting[bytes[0] >> 2 & 3],
                               .waiting_in_loader = bytes[0] & 16};
    struct fuzz_chip chip = {.bytes = bytes + 1, .len = len - 1, .now = 1};
    memset(&session, 0, sizeof(session));
    presence_start(&presence, &session, &job, chip.now);

    bool touched = false;
    for (unsigned steps = 0; !presence_ended(&presence); steps++) {
        assert(steps < 5000);
        assert(session_want(&session)->kind != SESSION_WANTS_SEND || session.request.op == WIRE_SYNC ||
               session.request.op == WIRE_READ_REG);
        touched |= session_want(&session)->kind == SESSION_WANTS_LINES;
        fuzz_chip_step(&chip, &session);
    }
    assert(presence.result != PRESENCE_UNKNOWN);
    assert(presence.result != PRESENCE_SAME || session.baud == job.waiting_baud);
    assert(presence.result != PRESENCE_SAME || !touched || job.manual_reset);
    assert(presence.result == PRESENCE_BOARD || !presence.identified);
    return 0;
}
