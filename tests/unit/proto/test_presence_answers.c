/* SPDX-License-Identifier: MIT */
/* The result of a probe for each answer of a board. */
#include "proto/link/bytes.h"
#include "proto/recipe/presence.h"
#include "tests/runner.h"

#include <string.h>

#define ANSWER_US    2000
#define WAITING_BAUD 921600
#define BANNER       " ets Jan  8 2013,rst cause:2, boot mode:(3,6)\n"

/* A chip that answers the SYNCs of a probe one by one: R as the ROM, S as a stub, E with an error, n with a byte that
 * is no answer, any other and all behind the last: not. */
static struct {
    const char *script;
    uint32_t registers[5]; /* magic word, efuses */
    unsigned odd_read;     /* from this one on, 1 the first, a register reads otherwise; 0: none does */
    bool silent_reads;
    bool refuses_reads;
    const char *says_first; /* when the first line changes */
    /* What was asked for. */
    unsigned syncs, reads, lines, n_rates;
    uint32_t rates[8];
} peer;

static struct presence_job job;
static struct session session;
static struct presence presence;
static uint64_t now;

static void setup(void)
{
    memset(&peer, 0, sizeof(peer));
    memcpy(peer.registers, (const uint32_t[]){CHIP_MAGIC, 0x33000000, 0x0000A1B2, 0, 0}, sizeof(peer.registers));
    peer.script = "";
    job = (struct presence_job){0};
    now = 1;
}

static void hear(const void *bytes, size_t n)
{
    session_received(&session, bytes, n, now += ANSWER_US);
}

static void reply(uint8_t op, uint32_t value, uint8_t error)
{
    uint8_t frame[WIRE_HEADER_SIZE + 2] = {WIRE_REPLY, op, 2, [WIRE_HEADER_SIZE] = error};
    put_le32(frame + 4, value);
    uint8_t wire[SLIP_ENCODED_MAX(sizeof(frame))] = {SLIP_END};
    size_t n = 1 + slip_escape(wire + 1, frame, sizeof(frame));
    wire[n++] = SLIP_END;
    hear(wire, n);
}

static void answer_sync(void)
{
    unsigned at = peer.syncs++;
    switch (at < strlen(peer.script) ? peer.script[at] : '.') {
    case 'R': reply(WIRE_SYNC, WIRE_SYNC_VALUE, WIRE_OK); return;
    case 'S': reply(WIRE_SYNC, 0, WIRE_OK); return;
    case 'E': reply(WIRE_SYNC, 0, WIRE_ROM_ERR_FORMAT); return;
    case 'n': hear("n", 1); return;
    default: return;
    }
}

static void answer_read(void)
{
    uint32_t value = peer.registers[peer.reads % 5];
    peer.reads++;
    if (peer.silent_reads)
        return;
    if (peer.odd_read > 0 && peer.reads >= peer.odd_read)
        value ^= 1;
    reply(WIRE_READ_REG, value, peer.refuses_reads ? WIRE_ERR_INVALID : WIRE_OK);
}

static void answer(void)
{
    uint8_t op = session.request.op;
    session_sent(&session, session_want(&session)->len, now);
    if (op == WIRE_SYNC)
        answer_sync();
    else if (op == WIRE_READ_REG)
        answer_read();
    else
        ck_abort_msg("request 0x%02x", op);
}

static void probe(void)
{
    presence_start(&presence, &session, &job, now);
    while (!presence_ended(&presence)) {
        const struct session_want want = *session_want(&session);
        switch (want.kind) {
        case SESSION_WANTS_SEND: answer(); break;
        case SESSION_WANTS_LINES:
            if (peer.lines++ == 0 && peer.says_first)
                hear(peer.says_first, strlen(peer.says_first));
            session_done(&session, 0, now += ANSWER_US);
            break;
        case SESSION_WANTS_BAUD:
            ck_assert_uint_lt(peer.n_rates, sizeof(peer.rates) / sizeof(peer.rates[0]));
            peer.rates[peer.n_rates++] = want.baud;
            session_done(&session, 0, now += ANSWER_US);
            break;
        case SESSION_WANTS_NOTHING: session_expired(&session, now = session_deadline(&session)); break;
        }
    }
}

static void expect(enum presence_result result, unsigned syncs, uint32_t last_rate)
{
    probe();
    ck_assert_msg(presence.result == result, "%s (%s) instead of %s", presence_result_word(presence.result),
                  presence.detail, presence_result_word(result));
    ck_assert_uint_eq(peer.syncs, syncs);
    ck_assert_uint_eq(peer.rates[peer.n_rates - 1], last_rate);
}

static const struct {
    bool manual, in_loader;
    uint32_t waiting_baud;
    const char *script;
    enum presence_result result;
    unsigned syncs;
    uint32_t last_rate;
} scripts[] = {
    /* SYNC at the waiting rate: answered the first or the second time, or not. */
    {false, false, WAITING_BAUD, "S", PRESENCE_SAME, 1, WAITING_BAUD},
    {false, false, WAITING_BAUD, ".S", PRESENCE_SAME, 2, WAITING_BAUD},
    {false, false, WAITING_BAUD, "nS", PRESENCE_SAME, 2, WAITING_BAUD},
    {false, false, WAITING_BAUD, "ES", PRESENCE_SAME, 2, WAITING_BAUD},
    {false, false, WAITING_BAUD, "", PRESENCE_NOTHING, 6, LOADER_BAUD},
    {false, true, LOADER_BAUD, "R", PRESENCE_SAME, 1, LOADER_BAUD},
    {false, true, LOADER_BAUD, ".S", PRESENCE_SAME, 2, LOADER_BAUD},
    {false, true, WAITING_BAUD, "R", PRESENCE_SAME, 1, WAITING_BAUD},
    {false, true, WAITING_BAUD, ".S", PRESENCE_SAME, 2, WAITING_BAUD},
    /* A loader that has just found out the rate, or answers for a stub, is another board's. */
    {false, true, WAITING_BAUD, ".R", PRESENCE_BOARD, 2, WAITING_BAUD},
    {false, false, LOADER_BAUD, "R", PRESENCE_BOARD, 1, LOADER_BAUD},
    {false, false, LOADER_BAUD, "S", PRESENCE_SAME, 1, LOADER_BAUD},
    {false, true, LOADER_BAUD, ".R", PRESENCE_BOARD, 2, LOADER_BAUD},
    {false, false, WAITING_BAUD, "R", PRESENCE_BOARD, 1, WAITING_BAUD},
    {false, false, WAITING_BAUD, ".R", PRESENCE_BOARD, 2, WAITING_BAUD},
    /* After a reset no board waits. */
    {false, true, LOADER_BAUD, "..R", PRESENCE_BOARD, 3, LOADER_BAUD},
    {false, true, LOADER_BAUD, "..S", PRESENCE_BOARD, 3, LOADER_BAUD},
    {false, false, 0, "R", PRESENCE_BOARD, 1, LOADER_BAUD},
    {false, false, 0, "...R", PRESENCE_BOARD, 4, LOADER_BAUD},
    /* Silence ends the probe early, noise later. */
    {false, false, 0, "", PRESENCE_NOTHING, 4, LOADER_BAUD},
    {false, false, 0, "n", PRESENCE_NOTHING, 7, BOOT_LOG_BAUD},
    {false, false, 0, "n.....R", PRESENCE_BOARD, 7, LOADER_BAUD},
    {false, false, 0, "EEEEEEE", PRESENCE_NOTHING, 7, BOOT_LOG_BAUD},
    /* By hand: first at the rate that a waiting board may take for good. */
    {true, false, 0, "", PRESENCE_NOTHING, 4, LOADER_BAUD},
    {true, false, 0, "n", PRESENCE_NOTHING, 7, LOADER_BAUD},
    {true, false, 0, ".R", PRESENCE_BOARD, 2, LOADER_BAUD},
    {true, false, 0, "S", PRESENCE_BOARD, 1, LOADER_BAUD},
    {true, false, WAITING_BAUD, ".R", PRESENCE_BOARD, 2, LOADER_BAUD},
    {true, false, WAITING_BAUD, "R", PRESENCE_BOARD, 1, LOADER_BAUD},
    {true, false, WAITING_BAUD, "....S", PRESENCE_SAME, 5, WAITING_BAUD},
    {true, false, WAITING_BAUD, ".....S", PRESENCE_SAME, 6, WAITING_BAUD},
    {true, false, WAITING_BAUD, "....R", PRESENCE_BOARD, 5, WAITING_BAUD},
    {true, false, WAITING_BAUD, "", PRESENCE_NOTHING, 6, WAITING_BAUD},
    {true, true, LOADER_BAUD, "R", PRESENCE_SAME, 1, LOADER_BAUD},
    {true, true, LOADER_BAUD, ".S", PRESENCE_SAME, 2, LOADER_BAUD},
    {true, true, LOADER_BAUD, ".R", PRESENCE_BOARD, 2, LOADER_BAUD},
    {true, true, LOADER_BAUD, "", PRESENCE_NOTHING, 4, LOADER_BAUD},
};

START_TEST(each_answer_has_its_meaning)
{
    job.manual_reset = scripts[_i].manual;
    job.waiting_baud = scripts[_i].waiting_baud;
    job.waiting_in_loader = scripts[_i].in_loader;
    peer.script = scripts[_i].script;
    expect(scripts[_i].result, scripts[_i].syncs, scripts[_i].last_rate);
    ck_assert_uint_eq(presence.identified, presence.result == PRESENCE_BOARD);
    if (job.manual_reset)
        ck_assert_uint_eq(peer.lines, 1);
    else if (presence.session->baud == WAITING_BAUD)
        ck_assert_uint_eq(peer.lines, 0);
}
END_TEST

START_TEST(bytes_before_the_reset_do_not_count)
{
    peer.says_first = BANNER;
    expect(PRESENCE_NOTHING, 4, LOADER_BAUD);
}
END_TEST

START_TEST(noise_is_counted_in_bytes)
{
    peer.script = "nnn";
    expect(PRESENCE_NOTHING, 7, BOOT_LOG_BAUD);
    ck_assert_str_eq(presence.detail, "3 bytes that make no sense");
}
END_TEST

START_TEST(registers_that_make_no_sense_name_no_board)
{
    switch (_i) {
    case 0: peer.registers[0] = 0x00F01D83; break;
    case 1: peer.registers[2] = 0x00020000; break;
    case 2: peer.odd_read = 10; break;
    case 3: peer.odd_read = 6; break;
    case 4: peer.silent_reads = true; break;
    case 5: peer.refuses_reads = true; break;
    }
    peer.script = "R";
    expect(PRESENCE_BOARD, 1, LOADER_BAUD);
    ck_assert(!presence.identified);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("presence_answers");
    TCase *tcase = tcase_create("presence_answers");
    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_loop_test(tcase, each_answer_has_its_meaning, 0, sizeof(scripts) / sizeof(scripts[0]));
    tcase_add_test(tcase, bytes_before_the_reset_do_not_count);
    tcase_add_test(tcase, noise_is_counted_in_bytes);
    tcase_add_loop_test(tcase, registers_that_make_no_sense_name_no_board, 0, 6);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
