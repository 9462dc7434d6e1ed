/* SPDX-License-Identifier: MIT */
/*
 * A thousand units with seeded random faults, in virtual time, through conversation, board and book. After each unit:
 * no false pass, no lost row. GANGD_UNITS and GANGD_SEED in the environment set another number and seed. */
#include "daemon/base/clock.h"
#include "daemon/book/book.h"
#include "daemon/station/attempt_record.h"
#include "tests/runner.h"
#include "tests/simulation/rig.h"
#include "tools/boardsim/board/flash/nor.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define UNITS      1000
#define GOLDENS    4
#define IMAGE_SIZE (32 * 1024)

static uint32_t random_state;

static uint32_t draw(uint32_t below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state % below;
}

static unsigned from_environment(const char *name, unsigned otherwise)
{
    const char *value = getenv(name);
    return value ? (unsigned)strtoul(value, NULL, 10) : otherwise;
}

/* Half of the boards have no fault. */
static void draw_faults(struct board_config *config, struct rig *rig, const char **name)
{
    struct board_faults *faults = &config->faults;
    static const char *const names[] = {"silent", "tx open",    "rx open",   "gpio0 open", "oui",    "flash id",
                                        "stuck",  "hang",       "brown-out", "loss",       "flips",  "strays",
                                        "slow",   "tiny flash", "unplugged", "weak line",  "40 MHz", "slow adapter"};
    if (draw(2) == 0) {
        *name = "none";
        return;
    }
    uint32_t kind = draw(sizeof(names) / sizeof(names[0]));
    *name = names[kind];
    double rate = 1.0 / (1000.0 + draw(60000));
    switch (kind) {
    case 0: faults->silent = true; break;
    case 1: faults->tx_open = true; break;
    case 2: faults->rx_open = true; break;
    case 3: faults->gpio0_open = true; break;
    case 4: faults->clone_oui = true; break;
    case 5: faults->flash = (struct nor_faults){.wrong_id = true, .id = 0xFFFFFF}; break;
    case 6: faults->flash.stuck_bits = 1 + draw(3000); break;
    case 7: faults->hang_after = 1 + draw(40000); break;
    case 8: faults->reset_after = 1 + draw(40000); break;
    case 9: faults->in.lose = faults->out.lose = rate; break;
    case 10: faults->in.corrupt = faults->out.corrupt = rate; break;
    case 11: faults->in.insert = faults->out.insert = rate; break;
    case 12: faults->flash.slow = 1 + draw(8); break;
    case 13: config->part = nor_find("W25Q40"); break;
    case 14: rig->unplug_at = draw(1500000); break;
    case 15: faults->in = faults->out = (struct board_noise){rate / 3, rate / 3, rate / 3}; break;
    case 16: config->crystal_mhz = 40; break;
    case 17: rig->baud_max = 100000 + draw(900000); break;
    }
}

/* The board's previous content: other firmware, the image, or the image with one bit changed. */
static void fill_flash(struct board *board, const struct golden *golden)
{
    size_t size;
    uint8_t *flash = board_flash(board, &size);
    memset(flash, (int)draw(256), 65536);
    uint32_t kind = draw(4);
    if (kind < 2)
        return;
    const struct golden_part *part = &golden->parts[0];
    memcpy(flash, part->bytes, part->padded_size);
    if (kind == 2)
        flash[draw(part->padded_size)] ^= (uint8_t)(1u << draw(8));
}

/* Boards with these faults must still pass. */
static bool must_pass(const char *fault)
{
    static const char *const harmless[] = {"none", "slow", "tiny flash", "40 MHz"};
    for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
        if (strcmp(fault, harmless[i]) == 0)
            return true;
    return false;
}

static void on_begun(void *data, int64_t id)
{
    *(int64_t *)data = id;
}

static void on_ended(void *data)
{
    *(bool *)data = true;
}

static int64_t ask_book(sqlite3 *db, const char *question, int64_t parameter)
{
    sqlite3_stmt *statement;
    ck_assert_int_eq(sqlite3_prepare_v2(db, question, -1, &statement, NULL), SQLITE_OK);
    if (sqlite3_bind_parameter_count(statement) > 0)
        sqlite3_bind_int64(statement, 1, parameter);
    ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
    int64_t answer = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return answer;
}

/* Exactly one row has this id; it is closed and has the verdict; no other row is open. */
static void check_book(sqlite3 *db, const struct attempt *attempt, int64_t units_so_far)
{
    ck_assert_int_eq(ask_book(db, "SELECT count(*) FROM attempts", 0), units_so_far);
    ck_assert_int_eq(ask_book(db, "SELECT count(*) FROM attempts WHERE verdict = 'open'", 0), 0);
    sqlite3_stmt *statement;
    sqlite3_prepare_v2(db, "SELECT verdict, cause, mac, written FROM attempts WHERE id = ? AND ended IS NOT NULL", -1,
                       &statement, NULL);
    sqlite3_bind_int64(statement, 1, attempt->id);
    ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
    ck_assert_str_eq((const char *)sqlite3_column_text(statement, 0), verdict_name(attempt->verdict));
    ck_assert_str_eq((const char *)sqlite3_column_text(statement, 1), cause_code(attempt->cause));
    ck_assert_str_eq((const char *)sqlite3_column_text(statement, 2), attempt->mac);
    ck_assert_int_eq(sqlite3_column_int(statement, 3), attempt->written == WRITTEN_YES);
    ck_assert_int_eq(sqlite3_step(statement), SQLITE_DONE);
    sqlite3_finalize(statement);
}

static void health(void *data, const char *error)
{
    (void)data;
    ck_assert_msg(error == NULL, "%s", error);
}

START_TEST(a_thousand_units)
{
    char directory[] = "/tmp/gangd-thousand-XXXXXX", path[64], error[256];
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(path, sizeof(path), "%s/book.db", directory);
    uv_loop_t loop;
    uv_loop_init(&loop);
    struct book *book = book_open(&loop, path, health, NULL, error, sizeof(error));
    ck_assert_msg(book != NULL, "%s", error);
    sqlite3 *db;
    ck_assert_int_eq(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);

    struct golden *goldens[GOLDENS];
    for (unsigned i = 0; i < GOLDENS; i++)
        goldens[i] = rig_golden(IMAGE_SIZE + i * 12345, i);
    struct stub_image *stub = stub_image_builtin();
    unsigned duration = from_environment("GANGD_UNITS", UNITS), seed = from_environment("GANGD_SEED", 20260302);
    unsigned passed = 0, unwritten = 0, failed = 0, interrupted = 0;
    struct rig *rig = calloc(1, sizeof(*rig));

    for (unsigned i = 0; i < duration; i++) {
        random_state = seed + i * 2654435761u;
        random_state = random_state ? random_state : 1;
        const char *fault;
        struct board_config config = {.seed = draw(UINT32_MAX),
                                      .mac = {0x18, 0xFE, 0x34, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i},
                                      .part = nor_find("W25Q80")};
        *rig = (struct rig){.unplug_at = RIG_NEVER};
        draw_faults(&config, rig, &fault);
        const struct golden *golden = goldens[draw(GOLDENS)];

        struct attempt attempt = {.slot = "A1", .path = "usb-0:1.1:1.0"};
        attempt_record_prepare(&attempt, golden, wall_clock_us());
        book_begin(book, &attempt, on_begun, &attempt.id);
        while (attempt.id == 0)
            uv_run(&loop, UV_RUN_ONCE);

        rig->board = board_new(&config);
        fill_flash(rig->board, golden);
        board_power(rig->board, true);
        struct program_job job = rig_job(golden, stub);
        job.compare_first = draw(2);
        job.skip_blank_erase = draw(2);
        job.find_update = draw(4) ? rig_find_update : NULL;
        job.update_data = rig;
        rig->flash_trusted = draw(8);
        rig_program(rig, &job, 1200);

        attempt_record_close(&attempt, &rig->program, wall_clock_us());
        bool ended = false;
        book_end(book, &attempt, on_ended, &ended);
        while (!ended)
            uv_run(&loop, UV_RUN_ONCE);

        if (attempt.verdict == VERDICT_PASS)
            ck_assert_msg(rig_holds(rig->board, golden), "unit %u of seed %u (%s): FALSE PASS", i, seed, fault);
        else
            ck_assert_msg(!must_pass(fault), "unit %u of seed %u (%s): %s: %s", i, seed, fault,
                          cause_code(attempt.cause), attempt.detail);
        const struct board_stats *stats = board_stats(rig->board);
        if (attempt.written == WRITTEN_NO)
            ck_assert_msg(stats->erases + stats->programs == 0, "unit %u of seed %u (%s): written unsaid", i, seed,
                          fault);
        check_book(db, &attempt, i + 1);
        unwritten += attempt.verdict == VERDICT_PASS && attempt.written == WRITTEN_NO;
        passed += attempt.verdict == VERDICT_PASS;
        failed += attempt.verdict == VERDICT_FAIL;
        interrupted += attempt.verdict == VERDICT_INTERRUPTED;
        board_free(rig->board);
        update_free(rig->update);
    }
    printf("%u units: %u passed (%u were right already), %u failed and %u interrupted as they should\n", duration,
           passed, unwritten, failed, interrupted);
    /* Without failures the test would prove nothing. */
    ck_assert_uint_gt(failed, duration / 10);
    ck_assert_uint_gt(passed, duration / 2);
    ck_assert_uint_gt(unwritten, duration / 20);
    ck_assert_uint_gt(interrupted, duration / 200);

    sqlite3_close(db);
    ck_assert(book_close(book, 10));
    while (uv_run(&loop, UV_RUN_ONCE))
        ;
    uv_loop_close(&loop);
    for (unsigned i = 0; i < GOLDENS; i++)
        golden_free(goldens[i]);
    stub_image_free(stub);
    free(rig);
    char command[128];
    snprintf(command, sizeof(command), "rm -r %s", directory);
    ck_assert_int_eq(system(command), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("thousand");
    TCase *tcase = tcase_create("thousand");
    tcase_set_timeout(tcase, 1200);
    tcase_add_test(tcase, a_thousand_units);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
