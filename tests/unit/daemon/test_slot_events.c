/* SPDX-License-Identifier: MIT */
/*
 * A slot in virtual time: each state, reached by real events, and each event that can come in it. A row says what the
 * slot is at then, what the tile shows, and what was asked of pump and book, in order: so also that no byte goes out
 * before the row is committed, and that no verdict is shown before its commit.
 */
#include "daemon/base/log.h"
#include "tests/runner.h"
#include "tests/unit/daemon/slot_events.h"

#include <stdio.h>
#include <string.h>

/* The rows */

struct event_row {
    const char *event;
    enum slot_state state;
    enum tile_state tile;
    const char *asked;
};

#define ROWS_MAX 24

/* A state and how it is reached. `stays`: events that change nothing and ask for nothing; `rows`: those that do. Any
 * other event cannot come there. */
struct slot_place {
    enum presence_mode presence;
    const char *what, *road;
    enum slot_state state;
    enum tile_state tile;
    const char *stays;
    struct event_row rows[ROWS_MAX];
};

#include "tests/unit/daemon/slot_rows_lid.h"
#include "tests/unit/daemon/slot_rows_plug.h"
#include "tests/unit/daemon/slot_rows_probe.h"
#include "tests/unit/daemon/slot_rows_start.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
    const struct slot_place *places;
    size_t n;
} tables[] = {{plug_places, COUNT(plug_places)},
              {start_places, COUNT(start_places)},
              {probe_places, COUNT(probe_places)},
              {lid_places, COUNT(lid_places)}};

static const struct slot_place *place_at(size_t index)
{
    size_t i = 0;
    for (; index >= tables[i].n; i++)
        index -= tables[i].n;
    return &tables[i].places[index];
}

static size_t place_count(void)
{
    size_t n = 0;
    for (size_t i = 0; i < COUNT(tables); i++)
        n += tables[i].n;
    return n;
}

static bool is_word_of(const char *words, const char *word)
{
    size_t len = strlen(word);
    for (const char *at = words; (at = strstr(at, word)); at += len)
        if ((at == words || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\0'))
            return true;
    return false;
}

/* What shall be after `event`; an empty event in the answer: it cannot come. */
static struct event_row expected(const struct slot_place *place, const char *event)
{
    for (size_t i = 0; i < ROWS_MAX && place->rows[i].event; i++)
        if (strcmp(place->rows[i].event, event) == 0)
            return place->rows[i];
    bool stays = is_word_of(place->stays, event);
    return (struct event_row){stays ? event : "", place->state, place->tile, ""};
}

static void check_event(const struct slot_place *place, size_t event)
{
    const char *name = events[event].name;
    struct event_row row = expected(place, name);
    set_up(place->presence);
    go(place->road);
    ck_assert_msg(slot->state == place->state && slot_tile(slot) == place->tile, "%s: not reached", place->what);
    bool comes = happen(event);
    ck_assert_msg(comes == (row.event[0] != '\0'), "%s, %s: comes %d", place->what, name, comes);
    ck_assert_msg(slot->state == row.state, "%s, %s: state %d", place->what, name, slot->state);
    ck_assert_msg(slot_tile(slot) == row.tile, "%s, %s: %s", place->what, name, tile_state_word(slot_tile(slot)));
    ck_assert_msg(!comes || strcmp(asked, row.asked) == 0, "%s, %s: asked for %s", place->what, name, asked);
    tear_down();
}

/* Each state, and every event in it: 870 cases, and for the rest of the events it is checked that they cannot come. */
START_TEST(each_event_in_a_state)
{
    for (size_t event = 0; event < EVENT_COUNT; event++)
        check_event(place_at((size_t)_i), event);
}
END_TEST

/* gangd ends: whatever is at work is booked, and what was not committed is withdrawn. */
START_TEST(the_end_in_a_state)
{
    const struct slot_place *place = place_at((size_t)_i);
    set_up(place->presence);
    go(place->road);
    asked[0] = '\0';
    last_row.cause = CAUSE_NONE;
    bool had_port = pump.state != PUMP_CLOSED;
    char wanted[64];
    snprintf(wanted, sizeof(wanted), "%s%s%s", place->state == SLOT_BOOKING ? "cancel " : "", had_port ? "close" : "",
             place->state == SLOT_FLASHING ? " end" : "");
    tear_down();
    ck_assert_msg(strcmp(asked, wanted) == 0, "%s: asked for %s", place->what, asked);
    if (place->state == SLOT_FLASHING || place->state == SLOT_BOOKING)
        ck_assert_int_eq(last_row.cause, CAUSE_STOPPED);
}
END_TEST

/* What rows cannot say */

START_TEST(the_same_trouble_again_is_no_news)
{
    set_up(BY_PLUG);
    go("plug deadline busy");
    ck_assert_uint_eq(changes, 1);
    int64_t since = slot_since(slot);
    struct slot_snapshot shown;
    for (int i = 0; i < 3; i++) {
        go("deadline");
        ck_assert_uint_eq(changes, 0);
        go("busy");
        ck_assert_uint_eq(changes, 0);
        ck_assert_int_eq(slot_since(slot), since);
        slot_snapshot(slot, &shown);
        ck_assert_str_eq(shown.sentence, "Another program holds the port: /dev/ttyUSB0");
    }
    go("deadline no_open");
    ck_assert_uint_eq(changes, 1);
    ck_assert_int_gt(slot_since(slot), since);
    tear_down();
}
END_TEST

/* What explains a lost link otherwise is no fault of the board; a refusal of the board is. */
START_TEST(an_intruder_on_the_port_is_the_cause_of_a_lost_link)
{
    set_up(BY_PLUG);
    intruder = "/dev/ttyUSB0 was opened by screen (pid 812)";
    go("plug deadline opened begun_row failed");
    intruder = "";
    ck_assert_int_eq(last_row.cause, CAUSE_PORT_SHARED);
    ck_assert_int_eq(last_row.verdict, VERDICT_INTERRUPTED);
    ck_assert_str_eq(last_row.detail, "/dev/ttyUSB0 was opened by screen (pid 812)");
    go("booked_row start opened begun_row failed");
    ck_assert_int_eq(last_row.cause, CAUSE_LINK_LOST);
    go("booked_row start opened begun_row");
    ck_assert(end_program(PROGRAM_FAILED, CAUSE_WRONG_CHIP));
    ck_assert(!pump.searching);
    ck_assert_int_eq(last_row.cause, CAUSE_WRONG_CHIP);
    tear_down();
}
END_TEST

/* `road` leads to a recipe that runs: `tries` tries without an answer, and not a byte came in the last. */
static const struct {
    enum presence_mode presence;
    const char *road;
    unsigned tries;
    enum cause cause;
} silent_rows[] = {
    {BY_PLUG, "plug deadline opened begun_row", 1, CAUSE_BOARD_SILENT},
    {BY_START, "plug deadline opened start begun_row", 1, CAUSE_NO_BOARD},
    {BY_START, "plug deadline opened start begun_row", 2, CAUSE_BOARD_SILENT},
    {BY_START, "plug deadline opened start begun_row identify", 1, CAUSE_BOARD_SILENT},
    {BY_CTS, "plug deadline opened lid_closed deadline begun_row", 1, CAUSE_NO_BOARD},
    {BY_PROBE, "plug deadline opened nothing start begun_row", 1, CAUSE_NO_BOARD},
    {BY_PROBE, "plug deadline opened board_a deadline board_a begun_row", 1, CAUSE_BOARD_SILENT},
    /* A board that was programmed, or found, and is still here. */
    {BY_PROBE, "plug deadline opened board_a deadline board_a begun_row failed booked_row start begun_row", 1,
     CAUSE_BOARD_SILENT},
    {BY_PROBE,
     "plug deadline opened board_a deadline board_a begun_row failed booked_row watch nothing watch nothing start "
     "begun_row",
     1, CAUSE_NO_BOARD},
};

/* A start without a board is no failure of a unit. */
START_TEST(a_fixture_in_which_nothing_answers_has_no_board)
{
    bool no_board = silent_rows[_i].cause == CAUSE_NO_BOARD;
    set_up(silent_rows[_i].presence);
    go(silent_rows[_i].road);
    program()->tries = silent_rows[_i].tries;
    program()->state = PROGRAM_FAILED;
    program()->cause = CAUSE_BOARD_SILENT;
    strcpy(program()->detail, "5 resets, no byte");
    ck_assert(end_recipe());
    ck_assert_str_eq(cause_code(last_row.cause), cause_code(silent_rows[_i].cause));
    ck_assert_int_eq(last_row.verdict, no_board ? VERDICT_INTERRUPTED : VERDICT_FAIL);
    ck_assert_str_eq(last_row.detail, "5 resets, no byte");
    go("booked_row");
    struct slot_snapshot shown;
    slot_snapshot(slot, &shown);
    ck_assert_int_eq(shown.tile, no_board ? TILE_INTERRUPTED : TILE_FAIL);
    ck_assert_str_eq(shown.sentence, cause_sentence(silent_rows[_i].cause));
    tear_down();
}
END_TEST

START_TEST(an_intruder_explains_an_empty_fixture_too)
{
    set_up(BY_START);
    intruder = "/dev/ttyUSB0 was opened by screen (pid 812)";
    go("plug deadline opened start begun_row");
    ck_assert(end_program(PROGRAM_FAILED, CAUSE_BOARD_SILENT));
    intruder = "";
    ck_assert_int_eq(last_row.cause, CAUSE_PORT_SHARED);
    tear_down();
}
END_TEST

/* The search takes its time: whatever comes meanwhile ends the attempt as it failed. */
START_TEST(an_intruder_is_looked_for_until_the_port_is_lost)
{
    set_up(BY_PLUG);
    go("plug deadline opened begun_row");
    struct program *self = program();
    self->state = PROGRAM_FAILED;
    self->cause = CAUSE_LINK_LOST;
    pump.session = NULL;
    pump.events->ended(pump.data);
    ck_assert(pump.searching);
    ck_assert_int_eq(slot->state, SLOT_FLASHING);
    if (_i == 0)
        slot_unplug(slot);
    else
        ck_assert(gone());
    ck_assert_int_eq(last_row.cause, CAUSE_LINK_LOST);
    go("booked_row");
    tear_down();
}
END_TEST

/* udev gives the node of an adapter that has just come its group: nobody is told of the moment before. */
START_TEST(a_port_that_is_forbidden_in_the_first_second_is_tried_again)
{
    set_up(BY_PLUG);
    go("plug deadline");
    unsigned refused = 0;
    for (; slot->state == SLOT_OPENING && refused < 100; refused++) {
        ck_assert(fail_to_open(CAUSE_PORT_FORBIDDEN));
        ck_assert(slot->state == SLOT_SETTLING || slot->state == SLOT_TROUBLED);
        if (slot->state == SLOT_SETTLING)
            go("deadline");
    }
    ck_assert_uint_ge(refused, 2);
    ck_assert_int_eq(slot->state, SLOT_TROUBLED); /* it is no matter of a moment */
    go("deadline opened begun_row passed booked_row");
    ck_assert_int_eq(slot->state, SLOT_SHOWN);
    go("plug deadline busy"); /* another trouble is told at once */
    ck_assert_int_eq(slot->state, SLOT_TROUBLED);
    tear_down();
}
END_TEST

START_TEST(a_stuck_adapter_gets_three_attempts_in_a_row)
{
    set_up(BY_PLUG);
    go("plug deadline");
    for (unsigned i = 1; i <= 3; i++) {
        go("opened begun_row stuck");
        ck_assert_int_eq(last_row.cause, CAUSE_ADAPTER_STUCK);
        go("booked_row");
        ck_assert_uint_eq(closes, i);
        ck_assert_int_eq(slot->state, i < 3 ? SLOT_STUCK : SLOT_SHOWN);
    }
    go("start opened begun_row stuck booked_row"); /* a person's start begins the count anew */
    ck_assert_int_eq(slot->state, SLOT_STUCK);
    go("opened begun_row passed booked_row");
    ck_assert_int_eq(slot->state, SLOT_SHOWN);
    tear_down();
}
END_TEST

START_TEST(a_clock_that_is_set_changes_no_duration)
{
    set_up(BY_PLUG);
    go("plug deadline opened begun_row");
    now_us += 6300000;
    clock_set_by = INT64_C(-86400000000);
    go("passed booked_row");
    clock_set_by = 0;
    ck_assert_int_eq(last_row.ended - last_row.started, 6300000);
    tear_down();
}
END_TEST

START_TEST(while_a_recipe_runs_its_progress_is_told)
{
    set_up(BY_PLUG);
    go("plug deadline opened begun_row");
    go("identify");
    ck_assert_str_eq(asked, "note trust");
    ck_assert_str_eq(last_row.mac, "41:41:41:41:41:41");
    ck_assert_uint_eq(changes, 1);
    go("deadline deadline deadline"); /* for as long as it runs */
    go("passed");
    ck_assert_msg(!happen(event_index("deadline", strlen("deadline"))), "it goes on after the recipe's end");
    tear_down();
}
END_TEST

/* Not only with the verdict: the next try may be cut off. */
START_TEST(a_failed_try_is_noted_at_once)
{
    set_up(BY_PLUG);
    go("plug deadline opened begun_row");
    struct program *self = program();
    self->failed_tries[0] =
        (struct try_result){.baud = 921600, .cause = CAUSE_LINK_LOST, .detail = "no answer", .seconds = 1.5};
    self->tries = 2;
    self->state = PROGRAM_SYNC;
    asked[0] = '\0';
    pump.events->progressed(pump.data);
    ck_assert_str_eq(asked, "note");
    ck_assert_uint_eq(last_row.n_try_results, 1);
    ck_assert_int_eq(last_row.try_results[0].cause, CAUSE_LINK_LOST);
    struct slot_snapshot shown;
    slot_snapshot(slot, &shown);
    ck_assert_uint_eq(shown.attempt.n_try_results, 1);
    go("passed");
    slot_snapshot(slot, &shown);
    ck_assert_uint_eq(shown.attempt.n_try_results, 1); /* the last one's result is the verdict */
    ck_assert_uint_eq(last_row.n_try_results, 2);
    ck_assert_str_eq(last_row.try_results[0].detail, "no answer");
    ck_assert_int_eq(last_row.try_results[1].cause, CAUSE_NONE);
    ck_assert_uint_eq(last_row.try_results[1].baud, 115200);
    go("booked_row");
    slot_snapshot(slot, &shown);
    ck_assert_uint_eq(shown.attempt.n_try_results, 2);
    tear_down();
}
END_TEST

static void answer_trust(bool yes)
{
    book_trusted_cb done = trusted;
    trusted = NULL;
    ck_assert_ptr_nonnull(done);
    done(book_data, yes);
}

/* The recipe goes on meanwhile, and whatever the answer is. */
START_TEST(the_recipe_is_told_that_its_boards_flash_is_trusted)
{
    set_up(BY_PLUG);
    go("plug deadline opened begun_row identify");
    ck_assert(!program()->flash_trusted);
    answer_trust(_i);
    ck_assert_int_eq(program()->flash_trusted, _i);
    go("passed booked_row");
    tear_down();
}
END_TEST

/* An answer that does not come in time concerns nobody: what follows may be another board. */
START_TEST(a_question_ends_with_its_attempt)
{
    static const char *const ends[] = {"passed", "failed", "unplug", "gone", "stuck"};
    set_up(BY_PLUG);
    go("plug deadline opened begun_row identify");
    ck_assert_ptr_nonnull(trusted);
    go(ends[_i]);
    ck_assert_ptr_null(trusted);
    tear_down();
}
END_TEST

/* Boards were changed within the attempt. */
START_TEST(another_board_is_asked_for_anew)
{
    set_up(BY_PLUG);
    go("plug deadline opened begun_row identify");
    struct program *self = program();
    self->state = PROGRAM_FLASH_ID;
    self->chip.mac[5] = 'B';
    asked[0] = '\0';
    pump.events->progressed(pump.data);
    ck_assert_str_eq(asked, "note trust");
    ck_assert_str_eq(last_row.mac, "41:41:41:41:41:42");
    answer_trust(true);
    ck_assert(self->flash_trusted);
    tear_down();
}
END_TEST

/* The configuration changed while the row was being committed, and then the port went: the next port's first
 * observation is the old configuration's, and no attempt may come of it. */
START_TEST(a_changed_presence_ends_the_first_observation)
{
    set_up(BY_PROBE);
    go("plug deadline opened board_a deadline board_a to_start gone deadline opened board_a");
    ck_assert_int_eq(slot->state, SLOT_SETTLING);
    ck_assert_int_eq(pump.state, PUMP_CLOSING);
    go("deadline opened");
    ck_assert_int_eq(slot->state, SLOT_READY);
    ck_assert_int_eq(slot->presence, BY_START);
    tear_down();
}
END_TEST

START_TEST(a_refused_start_says_why)
{
    static const struct {
        enum presence_mode presence;
        const char *road, *refusal;
    } rows[] = {
        {BY_PLUG, "start", "there is no adapter in this slot"},
        {BY_PLUG, "plug deadline opened begun_row unplug start", "there is no adapter in this slot"},
        {BY_PLUG, "mute plug start", "this slot is muted: its path is not in the configuration"},
        {BY_PLUG, "plug pause_station start", "gangd is paused: no attempt begins"},
        {BY_PLUG, "plug start", "an attempt is at work in this slot"},
        {BY_PLUG, "plug deadline opened begun_row start", "an attempt is at work in this slot"},
        {BY_PLUG, "plug deadline stuck start", "the adapter does not answer: unplug it"},
        {BY_START, "plug start", "this slot is not ready yet"},
        {BY_START, "plug deadline start", "this slot is not ready yet"},
        {BY_START, "plug deadline busy start start", "an attempt is at work in this slot"},
        {BY_START, "plug deadline opened block start", "The book cannot be written: full"},
        {BY_PROBE, "plug deadline opened board_a start", "this slot is not ready yet"},
    };
    set_up(rows[_i].presence);
    go(rows[_i].road);
    ck_assert_str_eq(refusal, rows[_i].refusal);
    tear_down();
}
END_TEST

#define REFUSALS 12

int main(void)
{
    log_set_level(LOG_LEVEL_ERROR);
    TCase *tests = tcase_create("slot_events");
    tcase_add_loop_test(tests, each_event_in_a_state, 0, (int)place_count());
    tcase_add_loop_test(tests, the_end_in_a_state, 0, (int)place_count());
    tcase_add_test(tests, the_same_trouble_again_is_no_news);
    tcase_add_test(tests, an_intruder_on_the_port_is_the_cause_of_a_lost_link);
    tcase_add_loop_test(tests, a_fixture_in_which_nothing_answers_has_no_board, 0, COUNT(silent_rows));
    tcase_add_test(tests, an_intruder_explains_an_empty_fixture_too);
    tcase_add_loop_test(tests, an_intruder_is_looked_for_until_the_port_is_lost, 0, 2);
    tcase_add_test(tests, a_port_that_is_forbidden_in_the_first_second_is_tried_again);
    tcase_add_test(tests, a_stuck_adapter_gets_three_attempts_in_a_row);
    tcase_add_test(tests, a_clock_that_is_set_changes_no_duration);
    tcase_add_test(tests, while_a_recipe_runs_its_progress_is_told);
    tcase_add_test(tests, a_failed_try_is_noted_at_once);
    tcase_add_loop_test(tests, the_recipe_is_told_that_its_boards_flash_is_trusted, 0, 2);
    tcase_add_loop_test(tests, a_question_ends_with_its_attempt, 0, 5);
    tcase_add_test(tests, another_board_is_asked_for_anew);
    tcase_add_test(tests, a_changed_presence_ends_the_first_observation);
    tcase_add_loop_test(tests, a_refused_start_says_why, 0, REFUSALS);
    Suite *suite = suite_create("slot_events");
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
