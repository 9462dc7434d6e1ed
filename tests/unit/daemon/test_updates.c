/* SPDX-License-Identifier: MIT */
/* Updates that slots share: each is made once, off the loop, and a few are kept. */
#include "daemon/station/updates.h"
#include "tests/runner.h"

#include <string.h>

static uv_loop_t loop;
static struct updates *updates;
static struct product product;

static void setup(void)
{
    static uint8_t image[64 * 4096] = {0xE9, 1};
    char error[200] = "";
    for (size_t i = 2; i < sizeof(image); i++)
        image[i] = (uint8_t)(i >> 12);
    product = (struct product){.golden = golden_new(), .references = 1};
    ck_assert_int_eq(golden_add(product.golden, "image", 0, image, sizeof(image), error, sizeof(error)), 0);
    ck_assert_int_eq(golden_seal(product.golden, error, sizeof(error)), 0);
    ck_assert_int_eq(uv_loop_init(&loop), 0);
    updates = updates_new(&loop);
    updates_take_product(updates, &product);
}

/* All references to the product are gone. */
static void teardown(void)
{
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_uint_eq(product.references, 1);
    golden_free(product.golden);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
}

static struct sector_set set_of(uint32_t sector)
{
    struct sector_set set = {0};
    sector_set_add(&set, sector);
    return set;
}

/* Makes it, unless it is there. */
static struct shared_update *get(uint32_t sector)
{
    struct sector_set kept = set_of(sector);
    struct shared_update *shared = updates_find(updates, &product, &kept);
    if (shared)
        return shared;
    uv_run(&loop, UV_RUN_DEFAULT);
    shared = updates_find(updates, &product, &kept);
    ck_assert_ptr_nonnull(shared);
    ck_assert_mem_eq(&shared->update->kept, &kept, sizeof(kept));
    return shared;
}

static bool is_there(uint32_t sector)
{
    struct sector_set kept = set_of(sector);
    struct shared_update *shared = updates_find(updates, &product, &kept);
    shared_update_unref(shared);
    return shared;
}

START_TEST(boards_that_hold_the_same_share_one)
{
    struct shared_update *one = get(1), *same = get(1), *other = get(2);
    ck_assert_ptr_eq(one, same);
    ck_assert_ptr_ne(one, other);
    ck_assert_uint_lt(one->update->parts[0].erased_sectors + 16 * one->update->parts[0].erased_blocks, 64);
    shared_update_unref(one);
    shared_update_unref(same);
    shared_update_unref(other);
    updates_free(updates);
}
END_TEST

/* The one that was used longest ago goes, and stays with who has it. */
START_TEST(a_few_are_kept)
{
    struct shared_update *first = get(0);
    for (uint32_t i = 1; i <= UPDATES_KEPT; i++) {
        shared_update_unref(get(i));
        if (i < UPDATES_KEPT)
            ck_assert_msg(is_there(1), "1 at %u", i);
    }
    ck_assert(is_there(1));
    ck_assert_uint_eq(first->references, 1);
    ck_assert(sector_set_has(&first->update->kept, 0));
    ck_assert(!is_there(0));
    shared_update_unref(first);
    updates_free(updates);
}
END_TEST

START_TEST(no_more_than_a_few_are_made_at_once)
{
    for (unsigned asked = 0; asked < 3; asked++)
        for (uint32_t i = 0; i < 2 * UPDATES_AT_ONCE; i++)
            ck_assert(!is_there(i));
    ck_assert_uint_eq(product.references, 1 + UPDATES_AT_ONCE);
    uv_run(&loop, UV_RUN_DEFAULT);
    updates_free(updates);
}
END_TEST

START_TEST(the_end_may_come_while_one_is_made)
{
    ck_assert(!is_there(3));
    updates_free(updates);
}
END_TEST

START_TEST(what_another_product_has_left_is_forgotten)
{
    struct shared_update *in_use = get(1);
    shared_update_unref(get(2));
    updates_take_product(updates, NULL);
    ck_assert_uint_eq(product.references, 2);
    shared_update_unref(in_use);
    ck_assert_uint_eq(product.references, 1);
    updates_free(updates);
}
END_TEST

/* An attempt may go on with it. */
START_TEST(nothing_is_kept_for_a_product_that_is_no_longer_in_force)
{
    ck_assert(!is_there(1));
    updates_take_product(updates, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_uint_eq(product.references, 1);
    ck_assert(!is_there(1));
    ck_assert_uint_eq(product.references, 1);
    updates_free(updates);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("updates");
    TCase *tcase = tcase_create("updates");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, boards_that_hold_the_same_share_one);
    tcase_add_test(tcase, a_few_are_kept);
    tcase_add_test(tcase, nothing_is_kept_for_a_product_that_is_no_longer_in_force);
    tcase_add_test(tcase, no_more_than_a_few_are_made_at_once);
    tcase_add_test(tcase, the_end_may_come_while_one_is_made);
    tcase_add_test(tcase, what_another_product_has_left_is_forgotten);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
