/* SPDX-License-Identifier: MIT */
/* Deframer, reply parser and the recipe `program` against a chip that answers with the fuzzer's bytes. Whatever it
 * says, the recipe ends in bounded steps, and passes only if a reply of 16 bytes was the golden MD5. */
#include "proto/recipe/program_progress.h"
#include "tests/fuzz/chip.h"

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
    if (!golden || golden_add(golden, "golden", 0, (const uint8_t *)"golden image", 12, error, sizeof(error)) != 0 ||
        golden_seal(golden, error, sizeof(error)) != 0)
        abort();
}

static const struct update *find_update(void *data, const struct sector_set *kept)
{
    struct update **update = data;
    update_free(*update);
    return *update = update_make(golden, kept);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static struct session session;
    static struct program program;
    struct update *update = NULL;
    if (!golden)
        make_golden();
    struct program_job job = {.golden = golden,
                              .stub = &stub,
                              .bauds = {921600, 115200},
                              .n_bauds = 2,
                              .tries = 2,
                              .compare_first = len > 0 && bytes[0] & 1,
                              .skip_blank_erase = true,
                              .find_update = find_update,
                              .update_data = &update,
                              .run = true};
    struct fuzz_chip chip = {.bytes = bytes, .len = len, .now = 1};
    memset(&session, 0, sizeof(session));
    program_start(&program, &session, &job, chip.now);

    for (unsigned steps = 0; !program_ended(&program); steps++) {
        assert(steps < 5000);
        fuzz_chip_step(&chip, &session);
        if (program.identified && !(bytes[0] & 2))
            program_trust_flash(&program);
        assert(program_percent(&program, chip.now) <= 100);
    }
    update_free(update);
    return 0;
}
