/* SPDX-License-Identifier: MIT */
#include "tools/boardsim/bench.h"

#include "tools/boardsim/board/line/rng.h"
#include "tools/boardsim/sim_board.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define SECOND 1000000000u
/* How long a person's finger stays on reset, and on the flash button after that. */
#define TAP_NS    (SECOND / 10)
#define LINGER_NS (SECOND / 2)
/* An adapter that lost its contact for a moment: the hub finds it again. */
#define BOUNCE_NS (SECOND / 2)
/* What makes a person believe that the host has finished: the port is closed for so long; nothing moves on an idle
 * board; nothing moves at all. The last two are longer than what a board computes in silence. */
#define CLOSED_NS (3 * SECOND / 2)
#define IDLE_NS   (15 * (uint64_t)SECOND)
#define STILL_NS  (60 * (uint64_t)SECOND)

/* Serial numbers of adapters that come without a board are counted down from here: boards never reach it. */
#define EMPTY_FIXTURE 0x1000000u

struct slot {
    struct spec spec;
    struct adapter *adapter;
    int plug;              /* of backend_type.plug() */
    struct sim_board *sim; /* on the adapter, or in the hand */
    bool seated;
    int lid; /* the line of the fixture's lid, as spec.lid */
    bool lid_closed;
    uint64_t bounce_at; /* when the board in the hand comes back by itself; 0: it does not */
    int bounce_tty;     /* the number that it had */
    /* When fingers leave the buttons; 0: they are not on them, or stay there. */
    uint64_t release_reset, release_flash;
};

struct bench {
    const struct bench_options *options;
    struct backend *backend;
    int event_fd;
    uint64_t started;
    struct rng rng;
    struct slot slots[BACKEND_SLOTS_MAX + 1];
    struct sim_board *first, **last; /* every board that was ever in, in the order of their coming */
    struct sim_board *latest;        /* NULL: none yet */
    unsigned boards;
};

static int fail(char *error, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
static int fail(char *error, size_t size, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(error, size, format, args);
    va_end(args);
    return -1;
}

/* In one piece: the program writes to the same terminal. */
static void tell(const struct bench *bench, unsigned slot, const char *what, const struct sim_board *sim)
{
    if (!bench->options->verbose)
        return;
    char board[SPEC_WORDS + 40] = "";
    if (sim)
        snprintf(board, sizeof board, ", board " SIM_BOARD_MAC "%s%s", SIM_BOARD_MAC_ARGS(sim),
                 *sim->spec.faults ? ", " : "", sim->spec.faults);
    char line[sizeof board + 100];
    snprintf(line, sizeof line, "boardsim: %8.3f slot %u: %s%s\n", bench_time(bench), slot, what, board);
    fputs(line, stderr);
}

struct bench *bench_new(const struct bench_options *options, char *error, size_t size)
{
    struct bench *bench = calloc(1, sizeof *bench);
    int event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (!bench || event_fd < 0)
        fail(error, size, "%s", strerror(errno));
    else
        bench->backend = options->backend->open(error, size);
    if (!bench || !bench->backend) {
        if (event_fd >= 0)
            close(event_fd);
        free(bench);
        return NULL;
    }
    bench->event_fd = event_fd;
    bench->options = options;
    bench->started = adapter_clock();
    bench->rng.state = options->seed;
    bench->last = &bench->first;
    for (unsigned i = 1; i <= BACKEND_SLOTS_MAX; i++)
        bench->slots[i].spec = options->board;
    return bench;
}

void bench_free(struct bench *bench)
{
    bench_unplug_all(bench);
    bench->backend->type->close(bench->backend);
    struct sim_board *next;
    for (struct sim_board *sim = bench->first; sim; sim = next) {
        next = sim->next;
        sim_board_free(sim);
    }
    close(bench->event_fd);
    free(bench);
}

int bench_event_fd(const struct bench *bench)
{
    return bench->event_fd;
}

double bench_time(const struct bench *bench)
{
    return (double)(adapter_clock() - bench->started) / SECOND;
}

struct spec *bench_slot_spec(struct bench *bench, unsigned slot)
{
    return &bench->slots[slot].spec;
}

const struct spec *bench_plain_spec(const struct bench *bench)
{
    return &bench->options->board;
}

/* A board as ordered. What the dice say depends on the seed and on how many boards came before, not on the time. */
static struct sim_board *make_board(struct bench *bench, unsigned slot, const struct spec *spec, char *error,
                                    size_t size)
{
    static const uint8_t ouis[][3] = {{0x18, 0xfe, 0x34}, {0xac, 0xd0, 0x74}, {0x5c, 0xcf, 0x7f}};
    struct sim_board *sim = sim_board_new(spec ? spec : &bench->slots[slot].spec);
    if (!sim) {
        fail(error, size, "out of memory");
        return NULL;
    }
    uint64_t dice = rng_next(&bench->rng);
    sim->number = bench->boards + 1;
    sim->slot = slot;
    sim->spec.config.seed = dice;
    if (rng_unit(&bench->rng) < bench->options->faulty && !*sim->spec.faults)
        spec_add_random_fault(&sim->spec, dice);
    if (!sim->spec.has_mac) {
        uint8_t *mac = sim->spec.config.mac;
        memcpy(mac, ouis[dice % 3], 3);
        mac[3] = (uint8_t)(bench->options->seed * 37 + 1);
        mac[4] = (uint8_t)(sim->number >> 8);
        mac[5] = (uint8_t)sim->number;
    }
    if (sim->spec.clone_mac && bench->latest)
        memcpy(sim->spec.config.mac, bench->latest->spec.config.mac, sizeof sim->spec.config.mac);
    if (sim_board_make_board(sim, error, size) != 0) {
        sim_board_free(sim);
        return NULL;
    }
    *bench->last = sim;
    bench->last = &sim->next;
    bench->latest = sim;
    bench->boards++;
    return sim;
}

static int tty_of(const struct bench *bench, const struct slot *slot)
{
    return slot->adapter ? bench->backend->type->tty(bench->backend, slot->plug) : -1;
}

static void move_lid(struct slot *slot, bool closed)
{
    slot->lid_closed = closed;
    adapter_set_inputs(slot->adapter, slot->seated && closed ? slot->lid : 0);
}

static void seat(struct bench *bench, unsigned index, struct sim_board *sim)
{
    struct slot *slot = &bench->slots[index];
    slot->sim = sim;
    slot->seated = true;
    sim->in = bench_time(bench);
    sim->out = -1;
    sim->plugs++;
    sim->slot = index;
    sim->kind = adapter_kind_of(slot->adapter);
    adapter_seat(slot->adapter, sim->board, sim->time, &sim->spec.adapter);
    slot->lid = sim->spec.lid;
    move_lid(slot, true);
}

static void note_path(const struct bench *bench, const struct slot *slot)
{
    struct sim_board *sim = slot->sim;
    bench->backend->type->name(bench->backend, slot->plug, sim->path, sizeof sim->path);
    size_t used = strlen(sim->path);
    if (sim->kind->ports)
        snprintf(sim->path + used, sizeof sim->path - used, ":1.%u",
                 adapter_kind_place(sim->kind, sim->slot).interface);
}

/* Takes the board into the hand and writes down what became of it. */
static void lift(struct bench *bench, unsigned index)
{
    struct slot *slot = &bench->slots[index];
    struct sim_board *sim = slot->sim;
    if (!slot->seated)
        return;
    move_lid(slot, false);
    slot->seated = false;
    sim->tty = tty_of(bench, slot);
    note_path(bench, slot);
    slot->release_reset = slot->release_flash = 0;
    adapter_state(slot->adapter, &sim->wire);
    adapter_lift(slot->adapter, &sim->time);
    sim->out = bench_time(bench);
}

/* May take a while: the board is out of the host's sight by then. */
static void examine(struct bench *bench, struct sim_board *sim)
{
    char error[256];
    if (sim_board_examine(sim, bench->options->dump_dir, error, sizeof error) != 0)
        fprintf(stderr, "boardsim: %s\n", error);
}

static const struct adapter_kind *kind_for(const struct bench *bench, unsigned slot)
{
    return bench->options->kind ? bench->options->kind : adapter_kind_mixed(slot - 1);
}

static bool check(struct bench *bench, unsigned slot, bool has_adapter, char *error, size_t size)
{
    bool is = bench->slots[slot].adapter;
    if (is != has_adapter)
        fail(error, size, "slot %u: %s", slot, is ? "there is an adapter already" : "there is no adapter");
    return is == has_adapter;
}

static bool check_seated(struct bench *bench, unsigned slot, bool has_board, char *error, size_t size)
{
    if (!check(bench, slot, true, error, size))
        return false;
    bool is = bench->slots[slot].seated;
    if (is != has_board)
        fail(error, size, "slot %u: %s", slot, is ? "there is a board already" : "there is no board");
    return is == has_board;
}

/* A board sits on its adapter before the host hears of the adapter. `sim` may be NULL. */
static int plug(struct bench *bench, unsigned index, struct sim_board *sim, int not_tty, char *error, size_t size)
{
    struct slot *slot = &bench->slots[index];
    slot->adapter = bench->backend->type->adapter(bench->backend, kind_for(bench, index), bench->event_fd);
    if (!slot->adapter)
        return fail(error, size, "slot %u: no adapter: %s", index, strerror(errno));
    const struct spec *spec = sim ? &sim->spec : &slot->spec;
    if (sim)
        seat(bench, index, sim);
    else
        slot->lid = spec->lid;
    const struct backend_plug how = {.slot = index,
                                     .number = sim ? sim->number : EMPTY_FIXTURE - index,
                                     .hang = spec->hang_ioctl,
                                     .not_tty = not_tty};
    slot->plug = bench->backend->type->plug(bench->backend, slot->adapter, &how);
    if (slot->plug < 0) {
        if (sim) {
            adapter_lift(slot->adapter, &sim->time);
            sim->plugs--;
        }
        adapter_free(slot->adapter);
        slot->adapter = NULL;
        slot->seated = false;
        return fail(error, size, "slot %u: there is no room for another adapter", index);
    }
    tell(bench, index, sim ? "plugged" : "fixture plugged", sim);
    return 0;
}

/* The board in the hand is put away for good. */
static void forget_hand(struct slot *slot)
{
    if (slot->sim && !slot->seated)
        sim_board_drop_board(slot->sim);
    slot->sim = NULL;
}

int bench_plug(struct bench *bench, unsigned slot, const struct spec *spec, char *error, size_t size)
{
    if (!check(bench, slot, false, error, size))
        return -1;
    struct sim_board *sim = make_board(bench, slot, spec, error, size);
    if (!sim)
        return -1;
    forget_hand(&bench->slots[slot]);
    bench->slots[slot].bounce_at = 0;
    return plug(bench, slot, sim, -1, error, size);
}

int bench_fixture(struct bench *bench, unsigned slot, char *error, size_t size)
{
    if (!check(bench, slot, false, error, size))
        return -1;
    forget_hand(&bench->slots[slot]);
    bench->slots[slot].bounce_at = 0;
    bench->slots[slot].lid_closed = false;
    return plug(bench, slot, NULL, -1, error, size);
}

/* The board in the hand comes back, as another tty than `not_tty`. */
static int replug(struct bench *bench, unsigned slot, int not_tty, char *error, size_t size)
{
    struct sim_board *sim = bench->slots[slot].sim;
    sim->spec.adapter.cut_after = 0; /* it happened, or did not */
    bench->slots[slot].bounce_at = 0;
    return plug(bench, slot, sim, not_tty, error, size);
}

int bench_replug(struct bench *bench, unsigned slot, char *error, size_t size)
{
    if (!check(bench, slot, false, error, size))
        return -1;
    if (!bench->slots[slot].sim)
        return fail(error, size, "slot %u: no board has been here that could come back", slot);
    return replug(bench, slot, -1, error, size);
}

int bench_unplug(struct bench *bench, unsigned slot, bool detach, char *error, size_t size)
{
    if (!check(bench, slot, true, error, size))
        return -1;
    struct slot *s = &bench->slots[slot];
    bool seated = s->seated;
    lift(bench, slot);
    bench->backend->type->unplug(bench->backend, s->plug, detach);
    s->adapter = NULL;
    tell(bench, slot, "unplugged", s->sim);
    if (seated)
        examine(bench, s->sim);
    return 0;
}

int bench_seat(struct bench *bench, unsigned slot, const struct spec *spec, char *error, size_t size)
{
    if (!check_seated(bench, slot, false, error, size))
        return -1;
    struct sim_board *sim = make_board(bench, slot, spec, error, size);
    if (!sim)
        return -1;
    forget_hand(&bench->slots[slot]);
    seat(bench, slot, sim);
    bool hang = sim->spec.hang_ioctl;
    bench->backend->type->hang(bench->backend, bench->slots[slot].plug, hang, hang);
    tell(bench, slot, "board seated", sim);
    return 0;
}

int bench_lift(struct bench *bench, unsigned slot, char *error, size_t size)
{
    if (!check_seated(bench, slot, true, error, size))
        return -1;
    lift(bench, slot);
    tell(bench, slot, "board lifted", bench->slots[slot].sim);
    examine(bench, bench->slots[slot].sim);
    return 0;
}

int bench_lid(struct bench *bench, unsigned slot, bool closed, char *error, size_t size)
{
    if (!check(bench, slot, true, error, size))
        return -1;
    struct slot *s = &bench->slots[slot];
    if (!s->lid)
        return fail(error, size, "slot %u: its fixture has no lid", slot);
    move_lid(s, closed);
    tell(bench, slot, closed ? "lid closed" : "lid opened", s->seated ? s->sim : NULL);
    return 0;
}

int bench_hold(struct bench *bench, unsigned slot, bool reset, bool flash, char *error, size_t size)
{
    if (!check_seated(bench, slot, true, error, size))
        return -1;
    struct slot *s = &bench->slots[slot];
    s->release_reset = s->release_flash = 0;
    adapter_buttons(s->adapter, reset, flash);
    tell(bench, slot, reset || flash ? "buttons held" : "buttons released", s->sim);
    return 0;
}

int bench_press(struct bench *bench, unsigned slot, bool flash, char *error, size_t size)
{
    if (!check_seated(bench, slot, true, error, size))
        return -1;
    struct slot *s = &bench->slots[slot];
    adapter_buttons(s->adapter, true, flash);
    s->release_reset = adapter_clock() + TAP_NS;
    s->release_flash = flash ? s->release_reset + LINGER_NS : 0;
    tell(bench, slot, flash ? "reset pressed while flash is held" : "reset pressed", s->sim);
    return 0;
}

int bench_hang(struct bench *bench, unsigned slot, bool control, bool bytes, char *error, size_t size)
{
    if (!check(bench, slot, true, error, size))
        return -1;
    bench->backend->type->hang(bench->backend, bench->slots[slot].plug, control, bytes);
    tell(bench, slot, control || bytes ? "adapter hangs" : "adapter lives again", bench->slots[slot].sim);
    return 0;
}

/* Lets go of the buttons whose time has come, and returns when the next one's comes. */
static uint64_t move_fingers(struct slot *slot, uint64_t now)
{
    if (slot->release_reset && slot->release_reset <= now) {
        slot->release_reset = 0;
        adapter_buttons(slot->adapter, false, slot->release_flash != 0);
    }
    if (slot->release_reset)
        return slot->release_reset;
    if (slot->release_flash && slot->release_flash <= now) {
        slot->release_flash = 0;
        adapter_buttons(slot->adapter, false, false);
    }
    return slot->release_flash ? slot->release_flash : UINT64_MAX;
}

static bool is_cut(const struct slot *slot)
{
    struct adapter_state state;
    adapter_state(slot->adapter, &state);
    return state.cut;
}

static void cut(struct bench *bench, unsigned index, uint64_t now)
{
    struct slot *slot = &bench->slots[index];
    char error[128];
    slot->bounce_tty = tty_of(bench, slot);
    bench_unplug(bench, index, false, error, sizeof error);
    slot->bounce_at = slot->sim->spec.bounces ? now + BOUNCE_NS : 0;
}

/* Brings a board back whose time has come, and returns when that will be. */
static uint64_t bounce(struct bench *bench, unsigned index, uint64_t now)
{
    struct slot *slot = &bench->slots[index];
    char error[128];
    if (slot->bounce_at == 0 || slot->bounce_at > now)
        return slot->bounce_at ? slot->bounce_at : UINT64_MAX;
    if (replug(bench, index, slot->bounce_tty, error, sizeof error) == 0)
        return UINT64_MAX;
    /* There may be no room until some program closes the port that it had. */
    slot->bounce_at = now + BOUNCE_NS;
    return slot->bounce_at;
}

uint64_t bench_tick(struct bench *bench)
{
    eventfd_t count;
    eventfd_read(bench->event_fd, &count);
    uint64_t next = UINT64_MAX;
    uint64_t now = adapter_clock();
    for (unsigned i = 1; i <= BACKEND_SLOTS_MAX; i++) {
        struct slot *slot = &bench->slots[i];
        uint64_t due = slot->seated ? move_fingers(slot, now) : bounce(bench, i, now);
        if (slot->seated && is_cut(slot)) {
            cut(bench, i, now);
            due = bounce(bench, i, now);
        }
        if (due < next)
            next = due;
    }
    if (next == UINT64_MAX)
        return next;
    return next > now ? next - now : 0;
}

void bench_view(struct bench *bench, unsigned index, struct bench_view *view)
{
    const struct slot *slot = &bench->slots[index];
    memset(view, 0, sizeof *view);
    view->plugged = slot->adapter;
    view->seated = slot->seated;
    view->bounces = slot->bounce_at != 0;
    view->tty = tty_of(bench, slot);
    view->kind = kind_for(bench, index)->name;
    view->lid = !slot->lid ? "none" : slot->lid_closed ? "closed" : "open";
    view->faults = slot->seated ? slot->sim->spec.faults : "";
    if (slot->seated)
        memcpy(view->mac, slot->sim->spec.config.mac, sizeof view->mac);
    if (slot->adapter)
        adapter_state(slot->adapter, &view->wire);
}

bool bench_finished(struct bench *bench, unsigned slot)
{
    struct bench_view view;
    bench_view(bench, slot, &view);
    if (!view.seated || !view.wire.touched)
        return false;
    uint64_t still = adapter_clock() - view.wire.active_at;
    if (!view.wire.open)
        return still > CLOSED_NS;
    return still > STILL_NS || (view.wire.board_idle && still > IDLE_NS);
}

int bench_md5(struct bench *bench, unsigned slot, char md5[33], char *error, size_t size)
{
    if (!check_seated(bench, slot, true, error, size))
        return -1;
    adapter_look(bench->slots[slot].adapter, sim_board_md5, md5);
    return 0;
}

int bench_log(struct bench *bench, unsigned slot, char *text, size_t size)
{
    if (!check_seated(bench, slot, true, text, size))
        return -1;
    char log[SIM_BOARD_LOG];
    adapter_look(bench->slots[slot].adapter, sim_board_log, log);
    snprintf(text, size, "%s", log);
    return 0;
}

static void copy_flash(struct board *board, void *data)
{
    struct sim_board_flash *copy = data;
    const uint8_t *bytes = board_flash(board, &copy->size);
    copy->bytes = malloc(copy->size);
    if (copy->bytes)
        memcpy(copy->bytes, bytes, copy->size);
}

int bench_dump(struct bench *bench, unsigned slot, const char *path, char *error, size_t size)
{
    if (!check_seated(bench, slot, true, error, size))
        return -1;
    struct sim_board_flash copy;
    adapter_look(bench->slots[slot].adapter, copy_flash, &copy);
    if (!copy.bytes)
        return fail(error, size, "out of memory");
    int result = sim_board_write_flash(&copy, path, error, size);
    free(copy.bytes);
    return result;
}

void bench_unplug_all(struct bench *bench)
{
    char error[128];
    for (unsigned i = 1; i <= BACKEND_SLOTS_MAX; i++)
        if (bench->slots[i].adapter)
            (void)bench_unplug(bench, i, false, error, sizeof error);
}

void bench_enter(const struct bench *bench)
{
    bench->backend->type->enter();
}

double bench_lag(const struct bench *bench)
{
    uint64_t worst = 0;
    for (const struct sim_board *sim = bench->first; sim; sim = sim->next)
        if (sim->wire.max_lag > worst)
            worst = sim->wire.max_lag;
    return (double)worst / 1e6;
}

void bench_report(const struct bench *bench, FILE *file)
{
    fprintf(file, "{\n  \"seed\": %llu,\n  \"seconds\": %.3f,\n  \"max_lag_ms\": %.1f,\n  \"boards\": [",
            (unsigned long long)bench->options->seed, bench_time(bench), bench_lag(bench));
    for (const struct sim_board *sim = bench->first; sim; sim = sim->next) {
        fputs(sim == bench->first ? "\n" : ",\n", file);
        sim_board_report(sim, file);
    }
    fputs("\n  ]\n}\n", file);
}
