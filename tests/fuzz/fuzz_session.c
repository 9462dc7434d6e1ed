/* SPDX-License-Identifier: MIT */
/* Deframer, reply parser and flash recipe against a chip that answers with the fuzzer's bytes. Whatever it says, the
 * recipe ends in bounded steps, and passes only if a reply of 16 bytes was the golden MD5. */
#include "proto/flash.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static struct golden *golden;
static struct stub_image stub = {
    .segments = {{.address = 0x4010C000, .size = 4, .bytes = (const uint8_t *)"\0\0\0", .block = 4}},
    .n_segments = 1,
    .entry = 0x4010C000,
    .name = "fuzz",
};

static void make_golden(void)
{
    char error[100];
    golden = golden_new();
    golden_add(golden, "golden", 0, (const uint8_t *)"golden image", 12, error, sizeof(error));
    golden_seal(golden, false, error, sizeof(error));
}

/* Input: each chunk is a length byte, a flag byte, and that many bytes; a flag turns the chunk into a well-formed reply
 * to what was asked last, so that the fuzzer gets deep into the recipe. */
static void answer(struct session *session, const uint8_t *chunk, size_t n, bool well_formed, uint64_t now)
{
    if (!well_formed) {
        session_received(session, chunk, n, now);
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
    session_received(session, wire, wire_len, now);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static struct session session;
    static struct flash flash;
    if (!golden)
        make_golden();
    struct flash_job job = {.golden = golden,
                            .stub = &stub,
                            .bauds = {921600, 115200},
                            .n_bauds = 2,
                            .tries = 2,
                            .compare_first = len > 0 && bytes[0] & 1,
                            .run = true};
    uint64_t now = 1;
    memset(&session, 0, sizeof(session));
    flash_start(&flash, &session, &job, now);

    for (unsigned steps = 0; !flash_ended(&flash); steps++) {
        assert(steps < 5000);
        const struct session_want *want = session_want(&session);
        now += 1000;
        if (want->kind == SESSION_WANTS_SEND) {
            session_sent(&session, want->len, now);
        } else if (want->kind != SESSION_WANTS_NOTHING) {
            session_done(&session, 0, now);
        } else if (len >= 2 && session.activity != SESSION_PAUSING) {
            size_t n = bytes[0] < len - 2 ? bytes[0] : len - 2;
            answer(&session, bytes + 2, n, bytes[1] & 1, now);
            bytes += 2 + n;
            len -= 2 + n;
        } else {
            now = session_deadline(&session);
            session_expired(&session, now);
        }
        assert(flash_percent(&flash, now) <= 100);
    }
    return 0;
}
