/* SPDX-License-Identifier: MIT */
/*
 * run_recipe presence|program PORT [IMAGE]: runs one recipe on one port and prints what came of it. It has neither
 * station nor book: it shows that port/pump.h and proto/ need none. Exits with 0 when the recipe has found a board, or
 * has passed; with 1 when not; with 2 when the port failed or the words are wrong.
 */
#include "daemon/base/clock.h"
#include "daemon/config/product.h"
#include "daemon/port/pump.h"
#include "proto/recipe/presence.h"
#include "proto/recipe/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct recipe_run {
    struct pump *pump;
    void (*start)(struct recipe_run *run);
    int (*report)(const struct recipe_run *run);
    int exit_code;
    struct session session;
    struct presence presence;
    struct program program;
    struct program_job job;
    struct product *product;
};

static void start_presence(struct recipe_run *run)
{
    presence_start(&run->presence, &run->session, &(struct presence_job){0}, steady_clock_us());
}

static void start_program(struct recipe_run *run)
{
    program_start(&run->program, &run->session, &run->job, steady_clock_us());
}

static void print_mac(const struct chip_identity *chip)
{
    for (size_t i = 0; i < sizeof(chip->mac); i++)
        printf("%c%02x", i == 0 ? ' ' : ':', chip->mac[i]);
}

static int report_presence(const struct recipe_run *run)
{
    const struct presence *presence = &run->presence;
    printf("%s", presence_result_word(presence->result));
    if (presence->identified)
        print_mac(&presence->chip);
    printf("\n");
    return presence->result == PRESENCE_BOARD ? 0 : 1;
}

static int report_program(const struct recipe_run *run)
{
    const struct program *program = &run->program;
    bool passed = program->state == PROGRAM_PASSED;
    printf("%s", passed ? "passed" : cause_code(program->cause));
    if (program->identified)
        print_mac(&program->chip);
    printf("%s%s\n", passed ? "" : " ", passed ? "" : program->detail);
    return passed ? 0 : 1;
}

static void on_opened(void *data)
{
    struct recipe_run *run = data;
    run->start(run);
    pump_run(run->pump, &run->session);
}

static void on_ended(void *data)
{
    struct recipe_run *run = data;
    run->exit_code = run->report(run);
    pump_hang_up(run->pump);
}

static void on_failed(void *data, enum cause cause, const char *detail)
{
    (void)data;
    printf("%s: %s\n", cause_code(cause), detail);
}

static void on_stuck(void *data)
{
    struct recipe_run *run = data;
    printf("%s\n", cause_code(CAUSE_ADAPTER_STUCK));
    pump_hang_up(run->pump);
}

static void on_gone(void *data, int error)
{
    (void)data;
    printf("%s: %s\n", cause_code(CAUSE_UNPLUGGED), uv_strerror(error));
}

static void on_closed(void *data)
{
    struct recipe_run *run = data;
    pump_free(run->pump);
}

static const struct pump_events events = {
    .opened = on_opened,
    .failed = on_failed,
    .ended = on_ended,
    .stuck = on_stuck,
    .gone = on_gone,
    .closed = on_closed,
};

/* The job as gangd's defaults make it. */
static int load_job(struct recipe_run *run, const char *image)
{
    static struct config config;
    char text[600], error[512];
    int n = snprintf(text, sizeof(text), "[product]\nfile = %s\n", image);
    if (config_parse(&config, "run_recipe", text, (size_t)n, error, sizeof(error)) == 0)
        run->product = product_load(&config, error, sizeof(error));
    if (!run->product) {
        fprintf(stderr, "run_recipe: %s\n", error);
        return -1;
    }
    run->job = (struct program_job){
        .golden = run->product->golden, .stub = run->product->stub, .n_bauds = config.n_bauds, .tries = config.tries};
    memcpy(run->job.bauds, config.bauds, sizeof(run->job.bauds));
    return 0;
}

static int choose_recipe(struct recipe_run *run, int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "presence") == 0) {
        run->start = start_presence;
        run->report = report_presence;
        return 0;
    }
    if (argc == 4 && strcmp(argv[1], "program") == 0) {
        run->start = start_program;
        run->report = report_program;
        return load_job(run, argv[3]);
    }
    fputs("usage: run_recipe presence PORT | run_recipe program PORT IMAGE\n", stderr);
    return -1;
}

int main(int argc, char **argv)
{
    static struct recipe_run run = {.exit_code = 2};
    uv_loop_t loop;
    if (choose_recipe(&run, argc, argv) != 0 || uv_loop_init(&loop) != 0)
        return 2;
    run.pump = pump_new(&loop, &events, &run);
    pump_open(run.pump, argv[2], NULL, 0);
    uv_run(&loop, UV_RUN_DEFAULT);
    product_unref(run.product);
    return uv_loop_close(&loop) == 0 ? run.exit_code : 2;
}
