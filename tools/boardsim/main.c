/* SPDX-License-Identifier: MIT */
/* boardsim: runs a program for which /dev/ttyUSB0… are adapters with virtual ESP8266 boards on them. */
#include "tools/boardsim/backend.h"
#include "tools/boardsim/board/flash/nor.h"
#include "tools/boardsim/run.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define USAGE_ERROR 2

/* What is said to have fallen behind. A program that waits for an answer notices no less: a USB-serial driver takes 1
 * to 16 ms, and a process waits longer than this for its turn now and then on any machine that is in use. */
#define LAG_MS 20

struct boardsim_options {
    struct rack_options rack;
    struct auto_operator_options worker;
    bool has_boards, is_auto;
    unsigned boards;
    const char *script, *control, *report;
    /* --fault, to be applied to the slots once there is a rack */
    struct order {
        unsigned slot;
        char words[SPEC_WORDS];
    } *orders;
    size_t order_count;
    char **command;
};

static void usage(FILE *file)
{
    fputs(
        "usage: boardsim [OPTION…] [--] COMMAND [ARGUMENT…]\n"
        "\n"
        "Runs COMMAND, for which /dev/ttyUSB0, … are USB-serial adapters with virtual ESP8266 boards on them.\n"
        "Slot N is USB path 1-1.N; with ft4232h four slots are the interfaces of 1-1.1, the next four those of 1-1.2.\n"
        "Exits with COMMAND's exit code.\n"
        "\n"
        "Boards run at the pace of the wall clock. A line on stderr says so at the end if the machine could not keep "
        "up, by\n"
        "more than 20 ms.\n"
        "\n"
        "  --boards N        slots with a board at the start (1; 0 with --script or --control); the slots that\n"
        "                    --operator auto works on\n"
        "  --backend NAME    umockdev: no root, and only COMMAND sees the adapters; vhci: USB devices of this "
        "machine's\n"
        "                    kernel, with its drivers, for which boardsim must be root; wire: as umockdev, with up to "
        "128\n"
        "                    wire-level boards, which have no CPU and no faults: to load COMMAND (umockdev)\n"
        "  --adapter KIND    ",
        file);
    for (unsigned i = 0; adapter_kind_at(i); i++)
        fprintf(file, "%s, ", adapter_kind_at(i)->name);
    fputs("or\n"
          "                    mixed: one after the other, but no ft4232h (cp2102n)\n"
          "  --part NAME       flash part: ",
          file);
    for (const struct nor_part *part = nor_parts; part->name; part++)
        fprintf(file, "%s%s",
                part == nor_parts        ? ""
                : (part - nor_parts) % 8 ? ", "
                                         : ",\n                    ",
                part->name);
    fputs("\n"
          "  --image FILE      what is in every board's flash from the start\n"
          "  --lid LINE        a fixture's lid is on each adapter's cts, dsr or dcd: asserted while it is closed on a "
          "board\n"
          "  --fault N:WORD[,WORD…]  what boards in slot N are like; see below\n"
          "  --faulty PERCENT  that many boards get one of the faults that are marked below (0)\n"
          "  --seed S          of everything random (1)\n"
          "  --operator auto   boards are brought, and taken out when COMMAND has finished with them\n"
          "  --swap A[-B]      with --operator auto: seconds to take a board out, and to bring the next one (0.5-2)\n"
          "  --units N         with --operator auto: bring N boards in all, then end COMMAND with SIGTERM\n"
          "  --script FILE     commands, one a line; see below\n"
          "  --control PATH    a Unix socket that takes commands and answers each with a line\n"
          "  --report FILE     at the end, the truth about every board, as JSON\n"
          "  --dump-dir DIR    each board's flash, as DIR/MAC.bin, when it is taken out\n"
          "  --verbose         a line for all that is done to the boards\n"
          "  --help, --version\n"
          "\n"
          "WORDs that make a board (*: --faulty draws from these):\n",
          file);
    fputs(spec_help(), file);
    fputs("  chip=NAME, part=NAME, image=FILE, mac=18:fe:34:00:00:01, crystal=40, lid=cts|dsr|dcd\n"
          "\n"
          "Commands of a script (`at SECONDS` may stand before each, # begins a comment) and of the control socket:\n",
          file);
    fputs(operator_help(), file);
}

static int complain(const char *option, const char *value, const char *why)
{
    fprintf(stderr, "boardsim: --%s %s: %s\n", option, value, why);
    return -1;
}

/* "3:silent,noise=0.01" */
static int add_order(struct boardsim_options *options, const char *value)
{
    char error[256];
    struct order order = {0};
    const char *colon = strchr(value, ':');
    char slot[8] = "";
    uint64_t number;
    if (colon && (size_t)(colon - value) < sizeof slot)
        memcpy(slot, value, (size_t)(colon - value));
    if (!colon || !spec_number(slot, 1, BACKEND_SLOTS_MAX, &number) || strlen(colon + 1) >= sizeof order.words)
        return complain("fault", value, "must be SLOT:WORD[,WORD…], like 3:noise=0.001");
    order.slot = (unsigned)number;
    memcpy(order.words, colon + 1, strlen(colon + 1) + 1);

    struct spec spec = {0};
    char copy[sizeof order.words];
    memcpy(copy, order.words, sizeof copy);
    char *rest;
    for (char *word = strtok_r(copy, ",", &rest); word; word = strtok_r(NULL, ",", &rest))
        if (spec_add(&spec, word, error, sizeof error) != 0)
            return complain("fault", value, error);
    struct order *orders = realloc(options->orders, (options->order_count + 1) * sizeof *orders);
    if (!orders)
        return complain("fault", value, "out of memory");
    options->orders = orders;
    orders[options->order_count++] = order;
    return 0;
}

static int set_swap(struct boardsim_options *options, const char *value)
{
    char first[32] = "";
    size_t length = strcspn(value, "-");
    if (length < sizeof first)
        memcpy(first, value, length);
    const char *second = value[length] == '-' ? value + length + 1 : first;
    if (!spec_real(first, 0, 86400, &options->worker.swap_min) ||
        !spec_real(second, options->worker.swap_min, 86400, &options->worker.swap_max))
        return complain("swap", value, "must be seconds, like 1 or 0.5-2");
    return 0;
}

static int set_adapter(struct boardsim_options *options, const char *value)
{
    options->rack.kind = adapter_kind(value);
    if (!options->rack.kind && strcmp(value, "mixed") != 0)
        return complain("adapter", value, "no such adapter");
    return 0;
}

static int set_backend(struct boardsim_options *options, const char *value)
{
    static const struct backend_type *const backends[] = {&backend_umockdev, &backend_wire, &backend_vhci};
    for (size_t i = 0; i < sizeof backends / sizeof *backends; i++) {
        if (strcmp(backends[i]->word, value) == 0) {
            options->rack.backend = backends[i];
            return 0;
        }
    }
    return complain("backend", value, "must be umockdev, wire or vhci");
}

static int set_number(const char *option, const char *value, uint64_t min, uint64_t max, unsigned *number)
{
    uint64_t parsed;
    if (spec_number(value, min, max, &parsed)) {
        *number = (unsigned)parsed;
        return 0;
    }
    char why[64];
    snprintf(why, sizeof why, "must be a number from %u to %u", (unsigned)min, (unsigned)max);
    return complain(option, value, why);
}

static int set_word(struct boardsim_options *options, const char *option, const char *value)
{
    char word[300];
    char error[400];
    snprintf(word, sizeof word, "%s=%s", option, value);
    if (strcmp(option, "image") == 0 && access(value, R_OK) != 0)
        return complain(option, value, strerror(errno));
    if (spec_add(&options->rack.board, word, error, sizeof error) != 0)
        return complain(option, value, strrchr(error, ':') + 2);
    return 0;
}

static const struct option long_options[] = {
    {"boards", required_argument, NULL, 'b'},   {"adapter", required_argument, NULL, 'a'},
    {"part", required_argument, NULL, 'p'},     {"image", required_argument, NULL, 'i'},
    {"lid", required_argument, NULL, 'l'},      {"fault", required_argument, NULL, 'f'},
    {"faulty", required_argument, NULL, 'F'},   {"seed", required_argument, NULL, 's'},
    {"operator", required_argument, NULL, 'o'}, {"swap", required_argument, NULL, 'w'},
    {"units", required_argument, NULL, 'u'},    {"script", required_argument, NULL, 'S'},
    {"control", required_argument, NULL, 'c'},  {"report", required_argument, NULL, 'r'},
    {"dump-dir", required_argument, NULL, 'd'}, {"verbose", no_argument, NULL, 'v'},
    {"help", no_argument, NULL, 'h'},           {"backend", required_argument, NULL, 'B'},
    {"version", no_argument, NULL, 'V'},        {NULL, 0, NULL, 0},
};

static int set_option(struct boardsim_options *options, int option, const char *name, const char *value)
{
    double percent;
    switch (option) {
    case 'b': options->has_boards = true; return set_number(name, value, 0, BACKEND_SLOTS_MAX, &options->boards);
    case 'B': return set_backend(options, value);
    case 'a': return set_adapter(options, value);
    case 'p':
    case 'l':
    case 'i': return set_word(options, name, value);
    case 'f': return add_order(options, value);
    case 'F':
        if (!spec_real(value, 0, 100, &percent))
            return complain(name, value, "must be a percentage from 0 to 100");
        options->rack.faulty = percent / 100;
        return 0;
    case 's':
        if (!spec_number(value, 0, UINT64_MAX, &options->rack.seed))
            return complain(name, value, "must be a number");
        options->worker.seed = options->rack.seed;
        return 0;
    case 'o':
        options->is_auto = strcmp(value, "auto") == 0;
        return options->is_auto ? 0 : complain(name, value, "the only operator is `auto`");
    case 'w': return set_swap(options, value);
    case 'u': return set_number(name, value, 1, 1000000, &options->worker.units);
    case 'S': options->script = value; return 0;
    case 'c': options->control = value; return 0;
    case 'r': options->report = value; return 0;
    case 'd': options->rack.dump_dir = value; return 0;
    default: options->rack.verbose = true; return 0;
    }
}

static int read_options(struct boardsim_options *options, int argc, char **argv)
{
    int option;
    int index;
    while ((option = getopt_long(argc, argv, "+", long_options, &index)) != -1) {
        if (option == 'h') {
            usage(stdout);
            exit(0);
        }
        if (option == 'V') {
            puts("boardsim " GANGD_VERSION);
            exit(0);
        }
        if (option == '?' || set_option(options, option, long_options[index].name, optarg) != 0)
            return -1; /* has been said */
    }
    options->command = argv + optind;
    if (!*options->command) {
        fputs("boardsim: which program shall be run? See boardsim --help\n", stderr);
        return -1;
    }
    if (options->worker.units && !options->is_auto) {
        fputs("boardsim: --units is for --operator auto\n", stderr);
        return -1;
    }
    if (options->is_auto && (options->script || options->control)) {
        fputs("boardsim: --operator auto, --script and --control: only one of them at a time\n", stderr);
        return -1;
    }
    if (!options->has_boards)
        options->boards = options->script || options->control ? 0 : 1;
    options->worker.slots = options->boards;
    if (options->is_auto && !options->boards) {
        fputs("boardsim: --operator auto wants at least one of --boards\n", stderr);
        return -1;
    }
    return 0;
}

/* What was ordered for single slots, and the boards that are in from the start. */
static int set_up(struct rack *rack, struct boardsim_options *options)
{
    char error[256];
    for (size_t i = 0; i < options->order_count; i++) {
        struct order *order = &options->orders[i];
        char *rest;
        for (char *word = strtok_r(order->words, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
            if (spec_add(rack_slot_spec(rack, order->slot), word, error, sizeof error) != 0) {
                fprintf(stderr, "boardsim: --fault for slot %u: %s\n", order->slot, error);
                return -1;
            }
        }
    }
    for (unsigned i = 1; !options->is_auto && i <= options->boards; i++) {
        if (rack_plug(rack, i, NULL, error, sizeof error) != 0) {
            fprintf(stderr, "boardsim: %s\n", error);
            return -1;
        }
    }
    return 0;
}

static int write_report(struct rack *rack, FILE *file, const char *path)
{
    rack_report(rack, file);
    if (fflush(file) == 0 && !ferror(file))
        return 0;
    fprintf(stderr, "boardsim: %s: %s\n", path, strerror(errno));
    return -1;
}

static int work(struct boardsim_options *options, struct script *script, FILE *report)
{
    char error[256];
    struct rack *rack = rack_new(&options->rack, error, sizeof error);
    if (!rack) {
        fprintf(stderr, "boardsim: %s\n", error);
        return RUN_TROUBLE;
    }
    int code = RUN_TROUBLE;
    struct run_setup setup = {.rack = rack, .command = options->command, .script = script};
    bool ready = set_up(rack, options) == 0;
    if (ready && options->is_auto) {
        setup.worker = auto_operator_new(&options->worker);
        ready = setup.worker;
    }
    if (ready && options->control) {
        setup.control = control_new(options->control, error, sizeof error);
        ready = setup.control;
        if (!ready)
            fprintf(stderr, "boardsim: --control: %s\n", error);
    }
    if (ready)
        code = run(&setup);
    rack_unplug_all(rack);
    if (rack_lag(rack) > LAG_MS)
        fprintf(stderr, "boardsim: fell behind the wall clock, by %.0f ms at worst: times of this run mean little\n",
                rack_lag(rack));
    if (ready && report && write_report(rack, report, options->report) != 0)
        code = RUN_TROUBLE;
    control_free(setup.control);
    auto_operator_free(setup.worker);
    rack_free(rack);
    return code;
}

int main(int argc, char **argv)
{
    struct boardsim_options options = {
        .rack = {.backend = &backend_umockdev, .kind = adapter_kind_at(0), .seed = 1},
        .worker = {.swap_min = 0.5, .swap_max = 2, .seed = 1},
    };
    if (read_options(&options, argc, argv) != 0) {
        free(options.orders);
        return USAGE_ERROR;
    }
    char error[512];
    struct script *script = NULL;
    FILE *report = NULL;
    int code = USAGE_ERROR;
    if (options.script && !(script = script_load(options.script, error, sizeof error))) {
        fprintf(stderr, "boardsim: %s\n", error);
    } else if (options.report && !(report = fopen(options.report, "we"))) {
        fprintf(stderr, "boardsim: --report %s: %s\n", options.report, strerror(errno));
    } else if (options.rack.dump_dir && access(options.rack.dump_dir, W_OK | X_OK) != 0) {
        fprintf(stderr, "boardsim: --dump-dir %s: %s\n", options.rack.dump_dir, strerror(errno));
    } else {
        run_block_signals();
        code = work(&options, script, report);
    }
    if (report && fclose(report) != 0)
        code = RUN_TROUBLE;
    script_free(script);
    free(options.orders);
    return code;
}
