/* SPDX-License-Identifier: MIT */
/* Who is in a fixture: rows of observations, each with what it means after those before it. */
#include "daemon/station/slot_presence.h"
#include "tests/runner.h"

#include <string.h>

/* What a probe finds: S the board with the verdict undisturbed, A and B boards with a MAC, X a board whose MAC cannot
 * be read, U something that does not answer, - nothing. Of a lid: C closed, O open. */
static struct presence probe_result(char found)
{
    struct presence probe = {.state = PRESENCE_ENDED};
    switch (found) {
    case 'S': probe.result = PRESENCE_SAME; break;
    case 'A':
    case 'B':
        probe.result = PRESENCE_BOARD;
        probe.identified = true;
        memset(probe.chip.mac, found, sizeof(probe.chip.mac));
        break;
    case 'X': probe.result = PRESENCE_BOARD; break;
    case 'U': probe.result = PRESENCE_UNIDENTIFIED; break;
    default: probe.result = PRESENCE_NOTHING; break;
    }
    return probe;
}

/* The meanings: . NONE, a ARRIVED, c CONFIRMED, l LEFT, r REPLACED. */
static char letter(enum slot_presence_change change)
{
    return ".aclr"[change];
}

/* As a slot does it: where an observation leads. */
static enum fixture_phase next_phase(enum fixture_phase phase, enum slot_presence_change change)
{
    switch (change) {
    case SLOT_PRESENCE_NONE: return phase;
    case SLOT_PRESENCE_ARRIVED:
    case SLOT_PRESENCE_REPLACED: return FIXTURE_CONTACT;
    case SLOT_PRESENCE_CONFIRMED: return FIXTURE_WORKING;
    case SLOT_PRESENCE_LEFT: break;
    }
    return FIXTURE_VACANT;
}

/* `shown`: the board of the verdict that is shown at the start; P passed in its stub, F failed with its MAC known, N
 * failed without one, L failed and waits in the loader; 0: a fixture that waits for a board. */
static const struct probe_row {
    const char *what;
    char shown;
    const char *found, *means;
} probe_rows[] = {
    {"two probes that agree are a board", 0, "AA", "ac"},
    {"nothing stays nothing", 0, "----", "...."},
    {"another MAC at the second probe settles anew", 0, "ABB", "aac"},
    {"a board that went before the second probe", 0, "A-", "al"},
    {"and the same one again is seen anew", 0, "A-AA", "alac"},
    {"three without a name are a board", 0, "UUU", "..c"},
    {"a MAC that cannot be read is no name", 0, "XUX", "..c"},
    {"nothing in between begins the count anew", 0, "UU-UU", "....."},
    {"and ends it with the third", 0, "UU-UUU", ".....c"},
    {"a name lost at the second probe", 0, "AU", "al"},
    {"names lost again and again count", 0, "AUAUAU", "alalac"},
    {"a board found after some that had no name", 0, "UUAA", "..ac"},
    {"the board with the verdict stays", 'P', "SSS", "..."},
    {"one silent probe is none", 'P', "S-S", "..."},
    {"two in a row: it has gone", 'P', "--", ".l"},
    {"silences that are not in a row", 'P', "-S-S", "...."},
    {"something without a name ends a row of silences", 'P', "-U-U", "...."},
    {"another MAC is another board", 'P', "B", "r"},
    {"which is confirmed by the next", 'P', "BB", "rc"},
    {"the same MAC after a reset: contacts bounced", 'P', "A", "."},
    {"after a pass three without a name are another board", 'P', "UUU", "..c"},
    {"unless that board answers in between", 'P', "UUSUU", "....."},
    {"after a failure they are the board that failed", 'F', "UUUUUU", "......"},
    {"and silence is still its removal", 'F', "UU--", "...l"},
    {"the failed board answers with its MAC", 'F', "AAA", "..."},
    {"a failed one without a name shows one now", 'N', "A", "r"},
    {"a removed board comes again", 'P', "--AA", ".lac"},
};

static void show_verdict(struct slot_presence *presence, char shown)
{
    static const uint8_t mac[6] = {'A', 'A', 'A', 'A', 'A', 'A'};
    if (shown == 0)
        slot_presence_vacate(presence);
    else
        slot_presence_take_verdict(presence, &(struct slot_presence_verdict){.passed = shown == 'P',
                                                                             .mac = shown == 'N' ? NULL : mac,
                                                                             .waiting_in_loader = shown == 'L',
                                                                             .waiting_baud = shown == 'P'   ? 921600
                                                                                             : shown == 'L' ? 460800
                                                                                                            : 0});
}

START_TEST(probes)
{
    const struct probe_row *row = &probe_rows[_i];
    struct slot_presence presence;
    slot_presence_reset(&presence);
    show_verdict(&presence, row->shown);
    enum fixture_phase phase = row->shown ? FIXTURE_SHOWN : FIXTURE_VACANT;
    for (size_t i = 0; row->found[i]; i++) {
        struct presence probe = probe_result(row->found[i]);
        enum slot_presence_change change = slot_presence_probed(&presence, phase, &probe);
        ck_assert_msg(letter(change) == row->means[i], "%s: observation %zu means %c", row->what, i, letter(change));
        phase = next_phase(phase, change);
        if (phase == FIXTURE_VACANT)
            slot_presence_vacate(&presence);
    }
}
END_TEST

/* `start` is the phase: v vacant, w an attempt at work, s verdict shown. The lid is closed at the start but in V, W and
 * S. */
static const struct lid_row {
    const char *what;
    char start;
    const char *read, *means;
} lid_rows[] = {
    {"closed: a board", 'V', "C", "a"},
    {"open: none", 'V', "OOO", "..."},
    {"it stays closed while contacts settle", 'V', "CCC", "a.."},
    {"one open reading in that time is enough", 'V', "CO", "al"},
    {"a closed lid is told of at each reading", 'v', "C", "a"},
    {"one that opens in front of a waiting slot", 'v', "OO", "a."},
    {"one open reading at work is none", 'w', "OCOC", "...."},
    {"two in a row: the board has left", 'w', "OO", ".l"},
    {"told once", 'w', "OOOO", ".l.."},
    {"started with an open lid it may close", 'W', "OOC", "..."},
    {"and then open", 'W', "COO", "..l"},
    {"verdict shown, it opens", 's', "COO", "..l"},
    {"verdict shown, it stays closed", 's', "CCC", "..."},
    {"verdict shown with an open lid, which closes", 'S', "OC", ".r"},
    {"verdict shown with an open lid, which stays open", 'S', "OOO", "..."},
};

static enum fixture_phase start_phase(char start)
{
    switch (start | 0x20) {
    case 'v': return FIXTURE_VACANT;
    case 'w': return FIXTURE_WORKING;
    default: return FIXTURE_SHOWN;
    }
}

START_TEST(lids)
{
    const struct lid_row *row = &lid_rows[_i];
    struct slot_presence presence;
    slot_presence_reset(&presence);
    enum fixture_phase phase = start_phase(row->start);
    if (row->start & 0x20)
        ck_assert_int_ne(slot_presence_lid_read(&presence, phase, true), SLOT_PRESENCE_LEFT);
    for (size_t i = 0; row->read[i]; i++) {
        enum slot_presence_change change = slot_presence_lid_read(&presence, phase, row->read[i] == 'C');
        ck_assert_msg(letter(change) == row->means[i], "%s: reading %zu means %c", row->what, i, letter(change));
        if (phase != FIXTURE_WORKING && row->start != 'v')
            phase = next_phase(phase, change);
    }
}
END_TEST

/* Where the next probe asks for the board with the verdict, before it resets it. */
START_TEST(a_probe_asks_where_the_board_was_left)
{
    static const struct {
        const char *found;
        uint32_t waiting_baud;
        char shown;
        bool in_loader;
    } rows[] = {
        {"", 0, 0, false},
        {"", 921600, 'P', false},
        {"SS", 921600, 'P', false},
        {"-", 0, 'P', false},
        {"A", LOADER_BAUD, 'P', true},
        {"U", 0, 'P', false},
        {"AS", LOADER_BAUD, 'P', true},
        {"", 0, 'F', false},
        {"", 460800, 'L', true},
        {"S", 460800, 'L', true},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct slot_presence presence;
        slot_presence_reset(&presence);
        show_verdict(&presence, rows[i].shown);
        for (const char *found = rows[i].found; *found; found++) {
            struct presence probe = probe_result(*found);
            ck_assert_int_eq(slot_presence_probed(&presence, FIXTURE_SHOWN, &probe), SLOT_PRESENCE_NONE);
        }
        struct presence_job job = slot_presence_next_probe(&presence, false);
        ck_assert_msg(job.waiting_baud == rows[i].waiting_baud, "row %zu: %u", i, job.waiting_baud);
        if (job.waiting_baud != 0)
            ck_assert_msg(job.waiting_in_loader == rows[i].in_loader, "row %zu", i);
    }
}
END_TEST

START_TEST(resets_alternate_from_probe_to_probe)
{
    struct slot_presence presence;
    slot_presence_reset(&presence);
    for (int i = 0; i < 4; i++) {
        struct presence_job job = slot_presence_next_probe(&presence, i & 2);
        ck_assert_int_eq(job.tight, i % 2 == 0);
        ck_assert_int_eq(job.manual_reset, (i & 2) != 0);
    }
}
END_TEST

/* A person's start is for whoever is here: a MAC from before says nothing of that board. */
START_TEST(a_start_by_a_person_forgets_the_mac)
{
    struct slot_presence presence;
    slot_presence_reset(&presence);
    show_verdict(&presence, 'P');
    slot_presence_flash_asked(&presence);
    show_verdict(&presence, 'N');
    struct presence probe = probe_result('A');
    ck_assert_int_eq(slot_presence_probed(&presence, FIXTURE_SHOWN, &probe), SLOT_PRESENCE_REPLACED);
}
END_TEST

/* An attempt that a probe began is for the board with that MAC, also if it failed before it said so itself. */
START_TEST(a_confirmed_board_keeps_its_mac)
{
    struct slot_presence presence;
    slot_presence_reset(&presence);
    struct presence probe = probe_result('A');
    ck_assert_int_eq(slot_presence_probed(&presence, FIXTURE_VACANT, &probe), SLOT_PRESENCE_ARRIVED);
    slot_presence_flash_confirmed(&presence);
    show_verdict(&presence, 'N');
    ck_assert_int_eq(slot_presence_probed(&presence, FIXTURE_SHOWN, &probe), SLOT_PRESENCE_NONE);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("slot_presence");
    tcase_add_loop_test(tests, probes, 0, sizeof(probe_rows) / sizeof(probe_rows[0]));
    tcase_add_loop_test(tests, lids, 0, sizeof(lid_rows) / sizeof(lid_rows[0]));
    tcase_add_test(tests, a_probe_asks_where_the_board_was_left);
    tcase_add_test(tests, resets_alternate_from_probe_to_probe);
    tcase_add_test(tests, a_start_by_a_person_forgets_the_mac);
    tcase_add_test(tests, a_confirmed_board_keeps_its_mac);
    Suite *suite = suite_create("slot_presence");
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
