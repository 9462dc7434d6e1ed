/* SPDX-License-Identifier: MIT */
/* A slot whose fixture has a lid, on ports that boardsim does not have. */
#include "daemon/station/slot.h"
#include "tests/preload.h"
#include "tests/runner.h"
#include "tests/unit/daemon/tty_harness.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

static struct tty_harness_port port;
static struct config config;
static struct slot *slot;
static unsigned changes;

static void on_changed(void *data, struct slot *changed)
{
    (void)data;
    ck_assert_ptr_eq(changed, slot);
    changes++;
}

/* No golden image: nothing comes to the point where the book is needed. */
static struct slot_shared shared = {.loop = &tty_harness_loop, .config = &config, .changed = on_changed};

static void plug(enum presence_mode presence)
{
    struct config_slot is = {.name = "A1", .path = "usb-1", .presence = presence};
    struct adapter adapter = {.driver = "ftdi_sio"};
    snprintf(adapter.devnode, sizeof(adapter.devnode), "%s", port.devnode);
    slot = slot_new(&shared, &is, false);
    slot_plug(slot, &adapter);
}

static struct slot_snapshot shown;

static const char *shown_sentence(void)
{
    slot_snapshot(slot, &shown);
    return shown.sentence;
}

static void end(void)
{
    slot_free(slot);
    uv_run(&tty_harness_loop, UV_RUN_DEFAULT);
    while (tty_workers() > 0)
        ;
    ck_assert_int_eq(uv_loop_close(&tty_harness_loop), 0);
}

START_TEST(an_adapter_without_modem_lines_tells_of_no_lid)
{
    tty_harness_plug(&port, 0, false);
    plug(BY_CTS);
    RUN_UNTIL(slot_tile(slot) == TILE_BLOCKED);
    char sentence[128];
    snprintf(sentence, sizeof(sentence), "The adapter reports an error: %s has no modem lines (presence = cts)",
             port.devnode);
    ck_assert_str_eq(shown_sentence(), sentence);
    ck_assert_int_eq(shown.presence, BY_CTS);
    slot_unplug(slot);
    ck_assert_int_eq(slot_tile(slot), TILE_EMPTY);
    end();
}
END_TEST

/* That nothing would be flashed is told before a board is put in; and no start is taken. */
START_TEST(a_fixture_tells_that_nothing_would_be_flashed)
{
    for (int i = 0; i < 2; i++) {
        tty_harness_plug(&port, i, true);
        plug(i == 0 ? BY_DSR : BY_START);
        RUN_UNTIL(slot_tile(slot) == TILE_BLOCKED);
        ck_assert_str_eq(shown_sentence(), "There is no golden image");
        ck_assert_str_eq(slot_start(slot), "There is no golden image");
        shared.blocked = "The book cannot be written: full";
        ck_assert_str_eq(shown_sentence(), shared.blocked);
        changes = 0;
        slot_recheck(slot);
        ck_assert_uint_eq(changes, 1);
        shared.blocked = NULL;
        end();
        tty_harness_set_up();
    }
    ck_assert_int_eq(uv_loop_close(&tty_harness_loop), 0);
}
END_TEST

int main(int argc, char **argv)
{
    (void)argc;
    preload_umockdev(argv);
    TCase *tests = tcase_create("slot");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, tty_harness_set_up, NULL);
    tcase_add_test(tests, an_adapter_without_modem_lines_tells_of_no_lid);
    tcase_add_test(tests, a_fixture_tells_that_nothing_would_be_flashed);
    Suite *suite = suite_create("slot");
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
